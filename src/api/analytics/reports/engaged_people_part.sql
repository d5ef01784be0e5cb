-- The people with a visit in the range: on how many days they came, how often and how long.
-- slots: visit_in_range_filter
with people as (
    select v.visitor_id, min(v.first_seen) as first_seen, sum(v.visits) as visits,
        count(distinct (v.started at time zone :timezone)::date) as days,
        sum(v.visit_duration_us) / 1e6 as seconds
    from visits(:site, :lower, :upper) v
    where (:by::text = 'visitor' or v.visitor_id in (
            select u.id from visitor u where u.site_id = :site and u.user_id is not null
        ))
        and /*visit_in_range_filter*/ true /*end*/
    group by v.visitor_id
)
