"""Small web sites, and stories of what a visitor does on each, which say what should be counted."""
