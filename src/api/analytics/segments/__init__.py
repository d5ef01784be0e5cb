"""Segments: filters that are saved under a name, for one account or for a whole site."""
