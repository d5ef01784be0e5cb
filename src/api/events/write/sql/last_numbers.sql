-- The highest visitor number that is taken, by site. The sites are JSON: with an array the server
-- would make a new plan each time, which takes longer than all else that a batch reads.
select
    asked.site_id,
    greatest(
        (select number from visitor where site_id = asked.site_id order by number desc limit 1),
        (select visitors_numbered - 1 from site where id = asked.site_id),
        -1
    ) as last_number
from (select value::int from json_array_elements_text(:sites::json)) asked (site_id)
