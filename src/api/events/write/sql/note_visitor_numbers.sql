-- Stores how many visitor numbers a site has given out, before the visitors who have the last of
-- them are deleted.
update site set visitors_numbered = greatest(visitors_numbered, (
    select max(number) + 1 from visitor where site_id = site.id
))
where id = :site
