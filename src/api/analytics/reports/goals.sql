-- How often each goal was reached, and by how many.
-- slots: copied_events, event_filter, visitors, visit_in_range_filter, chosen, order
select g.name, count(e.id) as conversions, count(distinct e.visitor_id) as visitors,
    count(distinct e.visit_id) as visits,
    count(distinct e.visitor_id)::float8 / nullif(everybody.visitors, 0) as conversion_rate,
    count(*) over () as total_rows
from goal g
left join (
    select e.*
    from /*copied_events*/ events /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/ and e.name <> 'engagement'
) e on matches_step(e.name, e.page, e.props, g.event, g.page, g.pattern, g.props)
cross join (
    select sum(visitors) as visitors
    from (
        /*include distinct_visitors*/
    ) p
) everybody
where g.site_id = :site and /*chosen*/ true /*end*/
group by g.id, g.name, everybody.visitors
order by /*order*/ conversions desc, name /*end*/
limit :limit offset :offset
