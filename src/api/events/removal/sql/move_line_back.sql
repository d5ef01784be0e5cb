-- Moves the line of a site back, and the boundary of its changes past all: copies of the raw data
-- lack what is there again. Returns where the line was.
update site set raw_data_since = :line,
    changes_pruned = /*include ../../../rollups/sql/next_change_part*/
from site before
where site.id = :site and before.id = site.id and before.raw_data_since > :line
returning before.raw_data_since as before
