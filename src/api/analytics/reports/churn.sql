-- On how many days each identified user was active, and how long ago, as of the last day of the
-- range and of the two earlier days that the back-test needs: one row of arrays, whose order is
-- that of the users, those who were active last first. Days are counted back from the last one;
-- -1 is never.
-- slots: visit_in_range_filter
with active as (
    select v.visitor_id,
        greatest(:as_of::date - (v.started at time zone :timezone)::date, 0) as ago
    from visits(:site, :lower, :upper) v
    where v.visitor_id in (
            select u.id from visitor u where u.site_id = :site and u.user_id is not null
        )
        and /*visit_in_range_filter*/ true /*end*/
    group by 1, 2
), histories as (
    select visitor_id, max(ago) as first, min(ago) as last, count(*)::int as days,
        coalesce(min(ago) filter (where ago >= :horizon), -1) as last_then,
        (count(*) filter (where ago >= :horizon))::int as days_then,
        coalesce(min(ago) filter (where ago >= 2 * :horizon::int), -1) as last_before
    from active
    group by visitor_id
), latest as (
    select *, count(*) over () as users from histories order by last, visitor_id limit :most
)
select coalesce(max(users), 0) as users,
    coalesce(array_agg(visitor_id::text order by last, visitor_id), '{}') as visitor_ids,
    coalesce(array_agg(user_id order by last, visitor_id), '{}') as user_ids,
    coalesce(array_agg(first order by last, visitor_id), '{}') as first,
    coalesce(array_agg(last order by last, visitor_id), '{}') as last,
    coalesce(array_agg(days order by last, visitor_id), '{}') as days,
    coalesce(array_agg(last_then order by last, visitor_id), '{}') as last_then,
    coalesce(array_agg(days_then order by last, visitor_id), '{}') as days_then,
    coalesce(array_agg(last_before order by last, visitor_id), '{}') as last_before
from (
    select l.*, u.user_id
    from latest l
    join visitor u on u.site_id = :site and u.id = l.visitor_id
) named
