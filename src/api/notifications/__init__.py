"""Notifications: what an account is told of by the bell of the dashboard, until it has read it."""
