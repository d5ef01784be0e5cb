-- Pages with their page views, and how many visits entered and left on them.
-- slots: entries, visit_in_range_filter, value_in, exits
select e.page, e.pageviews, coalesce(entries, 0)::bigint as entries,
    coalesce(exits, 0)::bigint as exits, bounces::float8 / nullif(entries, 0) as bounce_rate,
    coalesce(exits, 0)::float8 / e.pageviews as exit_rate, e.engaged_seconds
from viewed e
left join (
    select e.page, sum(e.visits) as entries, sum(e.bounces) as bounces
    from (
        select entry_page as page, visits, bounces
        from /*entries*/ visits /*end*/ (:site, :lower, :upper) v
        where /*visit_in_range_filter*/ true /*end*/ and entry_page <> ''
    ) e
    where /*value_in*/ true /*end*/
    group by e.page
) entered using (page)
left join (
    select e.page, sum(e.visits) as exits
    from (
        select exit_page as page, visits
        from /*exits*/ visits /*end*/ (:site, :lower, :upper) v
        where /*visit_in_range_filter*/ true /*end*/ and exit_page <> ''
    ) e
    where /*value_in*/ true /*end*/
    group by e.page
) exited using (page)
where /*value_in*/ true /*end*/
