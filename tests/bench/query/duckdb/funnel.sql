-- How many visitors got how far through three steps within seven days. Of all chains that reach a
-- step, the one that started last is the one to beat.
with stepped as (
    select visitor_id, time, case when page = '/pricing' then 2 when page = '/' then 1 end as step
    from event
    where site_id = 1 and time >= '$lower' and time < '$upper'
      and name = 'pageview' and page in ('/', '/pricing')
    union all
    select visitor_id, time, 3
    from event
    where site_id = 1 and time >= '$lower' and time < '$upper' and name = 'signup'
), started as (
    select *, max(time) filter (step = 1) over past as first
    from stepped
    window past as (partition by visitor_id order by time)
), continued as (
    select *, max(first) filter (step = 2 and time <= first + interval 7 days) over past as second
    from started
    window past as (partition by visitor_id order by time)
)
select unnest([1, 2, 3]), unnest([
    count(distinct visitor_id) filter (step = 1),
    count(distinct visitor_id) filter (step = 2 and time <= first + interval 7 days),
    count(distinct visitor_id) filter (step = 3 and time <= second + interval 7 days)
])
from continued
