"""Annotations: notes at days of a site, which charts show."""
