-- The last ordinal given out on each site. Safe to count on: the caller holds the site's lock.
select site.id as site_id, coalesce((
    select ordinal from visitor where site_id = site.id order by ordinal desc limit 1
), -1) as ordinal
from unnest(cast(:sites as int[])) site (id)
