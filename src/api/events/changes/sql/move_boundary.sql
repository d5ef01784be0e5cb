-- Moves the boundary of each site over the changes from before a time.
update site set changes_pruned = greatest(changes_pruned, old.number)
from (
    select site_id, max(number) as number from raw_change where at < :before group by site_id
) old
where site.id = old.site_id
