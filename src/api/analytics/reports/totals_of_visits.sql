-- The headline numbers of a range, of the visits that a filter chooses. It is all one bucket.
-- slots: visit_filter, metrics
/*include chosen_visits_part*/
select /*metrics*/ visits, visitors /*end*/
from (select 1 as n) whole_range
left join visited using (n)
left join happened using (n)
