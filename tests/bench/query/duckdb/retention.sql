-- Of the visitors first seen in a week, how many visited in the n-th week after; a week that is not
-- over has no cell.
select date_trunc('week', first_seen)::date::varchar as cohort,
    date_diff('day', date_trunc('week', first_seen), date_trunc('week', started)) // 7 as n,
    count(distinct visitor_id)
from visit
where site_id = 1 and first_seen >= '$lower' and first_seen < '$upper' and started >= '$lower'
  and (date_trunc('week', started) < date_trunc('week', timestamp '$upper')
    or date_trunc('week', started) = date_trunc('week', first_seen))
group by cohort, n
order by cohort, n
