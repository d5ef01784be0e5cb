"""Ranges of queries, and the local buckets of series."""
