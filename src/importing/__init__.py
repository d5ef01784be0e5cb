"""Imports data of other systems: access logs of web servers."""
