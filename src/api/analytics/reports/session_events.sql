-- Everything that happened in one visit, in order.
select e.id, e.time, e.name, e.page, e.title, e.duration::float8 as duration,
    e.revenue::float8 as revenue, e.currency, e.props,
    extract(epoch from lead(e.time) over (order by e.time, e.id) - e.time)::float8
        as seconds_to_next
from visits(:site, :lower, :upper) v
join event e on e.visitor_id = v.visitor_id and e.visit_id = v.id
    and e.time between v.started and v.last_event
where v.id = :visit
order by e.time, e.id
