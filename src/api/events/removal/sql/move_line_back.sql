-- Moves the line of a site back. Returns where it was.
update site set kept_since = :line from site before
where site.id = :site and before.id = site.id and before.kept_since > :line
returning before.kept_since as before
