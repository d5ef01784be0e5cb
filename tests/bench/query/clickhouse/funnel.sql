-- How many visitors got how far through three steps within seven days.
select step, countIf(reached >= step)
from (
    select windowFunnel(604800000)(
        toUInt64(toUnixTimestamp64Milli(time)),
        name = 'pageview' and page = '/', name = 'pageview' and page = '/pricing', name = 'signup'
    ) as reached
    from event
    where site_id = 1 and time >= '$lower' and time < '$upper'
      and (name = 'signup' or name = 'pageview' and page in ('/', '/pricing'))
    group by visitor_id
)
array join [1, 2, 3] as step
group by step
order by step
