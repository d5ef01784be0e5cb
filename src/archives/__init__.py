"""Archives: everything of a site in one file, out of an installation and into another.

An archive is a zip of JSON lines, the rows as they are stored, and of manifest.json, which says
what they are. docs/exporting.md tells what is in it and what is not.
"""
