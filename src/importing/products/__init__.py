"""Imports exports of other analytics products: a module for each, and a line in table.py."""
