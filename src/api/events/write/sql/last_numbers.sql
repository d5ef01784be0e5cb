-- The highest visitor number that is taken, by site; without sites that are deleted. The sites are
-- JSON: with an array the server would make a new plan each time, which takes longer than all else
-- that a batch reads.
select
    site.id as site_id,
    greatest(
        (select number from visitor where site_id = site.id order by number desc limit 1),
        site.visitors_numbered - 1,
        -1
    ) as last_number
from (select value::int from json_array_elements_text(:sites::json)) asked (site_id)
join site on site.id = asked.site_id
where site.deleted_at is null
