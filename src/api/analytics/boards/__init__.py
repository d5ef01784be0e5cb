"""Boards: views of the dashboard and notes, which somebody collects, orders and shares."""
