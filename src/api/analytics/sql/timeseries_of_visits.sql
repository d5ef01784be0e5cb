-- The headline numbers per bucket of a series, of the visits that a filter chooses; empty buckets
-- included.
/*include chosen_visits_part*/
select time, coalesce(custom_events, 0)::bigint as events, /*metrics*/ visits, visitors /*end*/
from unnest(:starts::timestamptz[]) with ordinality bucket (time, place)
left join visited using (place)
left join happened using (place)
order by time
