"""Plausible's Stats API v2, so that clients written for it work here."""
