-- The headline numbers per bucket of a series, of the visits that a filter chooses; empty buckets
-- included.
-- slots: visit_filter, metrics
/*include chosen_visits_part*/
select time, coalesce(custom_events, 0)::bigint as events, /*metrics*/ visits, visitors /*end*/
from unnest(:starts::timestamptz[]) with ordinality bucket (time, n)
left join visited using (n)
left join happened using (n)
order by time
