-- Moves the line of a site.
update site set raw_data_since = :line, line_moved_at = clock_timestamp() where id = :site
