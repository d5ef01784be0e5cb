-- How many ordinals were given out on a site, before visitors who have the last of them are deleted.
update site set ordinals = greatest(ordinals, (
    select max(ordinal) + 1 from visitor where site_id = site.id
))
where id = :site
