"""Bringing in what was measured elsewhere."""
