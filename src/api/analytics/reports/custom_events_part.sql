-- The custom events of a range, or those of a name, that a filter on visits and events lets pass.
-- offset 0 has the filter decided first, as in goal_events_part.
-- slots: copied_events, event_filter
select *
from /*copied_events*/ events /*end*/ (:site, :lower, :upper) e
where /*event_filter*/ true /*end*/ and e.name not in ('pageview', 'engagement')
    and (:name::text is null or e.name = :name)
offset 0
