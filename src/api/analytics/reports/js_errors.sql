-- JavaScript errors by message and source, and by a dimension where one is asked for.
-- slots: dimension, order
select /*dimension*/ null::text /*end*/ as value, o.message, o.source,
    (array_agg(o.frame order by o.time desc, o.id desc))[1] as frame,
    count(*) as count, count(distinct o.visitor_id) as visitors,
    count(distinct o.page) as pages, count(distinct o.browser) as browsers,
    min(o.time) as first_seen, max(o.time) as last_seen, count(*) over () as total_rows
from js_error o
where o.site_id = :site and o.time >= :lower and o.time < :upper
    and (:pages::text[] is null or o.page = any(:pages))
group by 1, 2, 3
order by /*order*/ count desc, value, message, source /*end*/
limit :limit offset :offset
