-- Since when has this site had visitors? Null for never.
select min(first_seen) as since from visitor where site_id = :site
