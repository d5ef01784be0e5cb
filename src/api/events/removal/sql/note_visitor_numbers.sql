-- Stores how many visitors_numbered a site has given out, before visitors with the last of them are deleted.
update site set visitors_numbered = greatest(visitors_numbered, (
    select max(number) + 1 from visitor where site_id = site.id
))
where id = :site
