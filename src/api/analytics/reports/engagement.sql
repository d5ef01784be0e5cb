-- What share of the people with a visit in the range used each custom event, and how long it took
-- those who are new to come to it.
-- slots: visit_in_range_filter, event_filter, order
/*include engaged_people_part*/
, uses as (
    select e.name, e.visitor_id, count(*) as uses, min(e.time) as first_use
    from events(:site, :lower, :upper) e
    where e.name not in ('pageview', 'engagement') and /*event_filter*/ true /*end*/
    group by e.name, e.visitor_id
), joined as (
    select u.name, u.uses, p.first_seen >= :lower as is_new,
        extract(epoch from u.first_use - p.first_seen)::float8 as seconds, p.everybody
    from uses u
    join (select *, count(*) over () as everybody from people) p using (visitor_id)
)
select name, count(*) as people, count(*)::float8 / max(everybody) as adoption,
    sum(uses)::bigint as custom_events, avg(uses)::float8 as events_per_person,
    count(*) filter (where is_new) as new_people,
    percentile_cont(0.5) within group (order by seconds) filter (where is_new)
        as first_use_seconds,
    count(*) over () as total_rows
from joined
group by name
order by /*order*/ people desc, name /*end*/
limit :limit offset :offset
