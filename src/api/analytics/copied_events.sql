-- Copies what reports count of the events of the copied visits. A visit may go on after the range.
insert into pg_temp.copied_event (
    site_id, bucket, time, id, visitor_id, visitor_number, visit_id, name, page, props, revenue,
    currency, pageviews, custom_events, engaged_seconds
)
select e.site_id, e.bucket, e.time, e.id, e.visitor_id, e.visitor_number, e.visit_id, e.name,
    e.page, e.props, e.revenue, e.currency, e.pageviews, e.custom_events, e.engaged_seconds
from events(:site, :lower, :upper::timestamptz + longest_visit()) e
where e.visit_id in (select id from pg_temp.copied_visit)
