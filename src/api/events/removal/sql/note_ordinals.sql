-- Stores how many ordinals a site has given out, before visitors with the last of them are deleted.
update site set ordinals = greatest(ordinals, (
    select max(ordinal) + 1 from visitor where site_id = site.id
))
where id = :site
