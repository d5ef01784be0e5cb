-- Any metrics by any dimensions of visits and of time, from rollups (see query_visits.sql). What no
-- metric asked for needs is not read.
-- slots: visit_dimensions, visit_sums, visits, visit_in_range_filter, grouped, event_dimensions,
--     event_sums, events, reads_events, dimensions_text, visitors, reads_visitors, new_visitors,
--     reads_new_visitors, reads_all_visitors, metrics, order
with visited as (
    select /*visit_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        /*visit_sums*/ sum(v.visits) as visits /*end*/
    from /*visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/
    -- What came late may have taken the last visit away from a group.
    /*grouped*/ group by 1 having sum(v.visits) > 0 /*end*/
), happened as (
    select /*event_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        /*event_sums*/ sum(e.pageviews) as pageviews /*end*/
    from /*events*/ events /*end*/ (:site, :lower, :upper) e
    where /*reads_events*/ true /*end*/
    /*grouped*/ group by 1 /*end*/
    -- Rollups have rows of hours in which there was nothing but engagement.
    having sum(e.pageviews + e.custom_events) > 0
), counted as (
    /*include ../reports/distinct_visitors dimension=dimensions_text value_in=reads_visitors*/
), new_counted as (
    /*include ../reports/distinct_visitors dimension=dimensions_text
        visitors=new_visitors value_in=reads_new_visitors*/
), all_counted as (
    /*include ../reports/distinct_visitors value_in=reads_all_visitors*/
)
select dimensions, count(*) over () as total_rows, /*metrics*/ visits, visitors /*end*/
from visited
full join happened using (dimensions)
left join counted on counted.value = dimensions::text
left join (select value, visitors as new_visitors from new_counted) new_counted
    on new_counted.value = dimensions::text
left join (select visitors as all_visitors from all_counted) all_groups on true
order by /*order*/ visitors desc, dimensions /*end*/
limit :limit offset :offset
