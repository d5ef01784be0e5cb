-- Of the visitors first seen in a week, how many visited in the n-th week after; a week that is not
-- over has no cell.
select toString(toMonday(first_seen)) as cohort,
    intDiv(toMonday(started) - toMonday(first_seen), 7) as n, $uniq(visitor_id)
from visit
where site_id = 1 and first_seen >= '$lower' and first_seen < '$upper' and started >= '$lower'
  and (toMonday(started) < toMonday(toDateTime64('$upper', 3))
    or toMonday(started) = toMonday(first_seen))
group by cohort, n
order by cohort, n
