-- Custom events by name, or by the values of one of their properties.
select e.name, e.props ->> :property::text as value, count(*) as count,
    count(distinct e.visitor_id) as visitors, count(distinct e.visit_id) as visits,
    count(distinct e.visitor_id)::float8 / nullif(everybody.visitors, 0) as conversion_rate
from events(:site, :lower, :upper) e
cross join (
    select count(distinct v.visitor_id) as visitors
    from visits(:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/
) everybody
where /*event_filter*/ true /*end*/ and e.name not in ('pageview', 'engagement')
    and (:name::text is null or e.name = :name)
    and (:property::text is null or jsonb_exists(e.props, :property))
group by e.name, value, everybody.visitors
order by /*order*/ count desc, name, value /*end*/
limit :limit offset :offset
