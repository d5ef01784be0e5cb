-- Moves the line of a site back. Returns where it was.
update site set raw_data_since = :line from site before
where site.id = :site and before.id = site.id and before.raw_data_since > :line
returning before.raw_data_since as before
