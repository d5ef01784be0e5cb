-- The oldest hour of a site that has rows before a time, cut off there.
select hour, least(hour + interval '1 hour', :line::timestamptz)
from (
    select date_trunc('hour', min(/*time*/ time /*end*/), 'UTC') as hour
    from /*table*/ event /*end*/
    where site_id = :site and /*time*/ time /*end*/ < :line
) oldest
where hour is not null
