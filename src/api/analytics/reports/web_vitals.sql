-- Web vitals, by a dimension where one is asked for: the values measured most often first.
-- slots: dimension
with measured as (
    select /*dimension*/ null::text /*end*/ as value, o.name, count(*) as count,
        percentile_cont(0.75) within group (order by o.value) as p75,
        count(*) filter (where o.value <= t.good)::float8 / count(*) as good,
        count(*) filter (where o.value > t.good and o.value <= t.poor)::float8 / count(*)
            as needs_improvement,
        count(*) filter (where o.value > t.poor)::float8 / count(*) as poor,
        t.good as up_to_good, t.poor as up_to_poor, t.place
    from web_vital o
    join unnest(:names::text[], :goods::float8[], :poors::float8[]) with ordinality
        t (name, good, poor, place) on t.name = o.name
    where o.site_id = :site and o.time >= :lower and o.time < :upper
        and (:pages::text[] is null or o.page = any(:pages))
        and (:name::text is null or o.name = :name)
    group by 1, 2, t.good, t.poor, t.place
)
select value, name, count, p75, good, needs_improvement, poor,
    case
        when p75 <= up_to_good then 'good'
        when p75 <= up_to_poor then 'needs_improvement'
        else 'poor'
    end as rating,
    count(*) over () as total_rows
from measured
order by sum(count) over (partition by value) desc, value, place
limit :limit offset :offset
