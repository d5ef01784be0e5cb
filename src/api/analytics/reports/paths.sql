-- The ways that visits take from a page on, or towards one, as the links of a Sankey diagram. A
-- page that is viewed twice in a row is one step; at each step the pages with the fewest visits
-- are one node without a name.
-- slots: visit_in_range_filter, direction
with viewed as (
    select v.id as visit, e.page, row_number() over path as position,
        lag(e.page) over path as before
    from visits(:site, :lower, :upper) v
    -- A visit may go on after the range.
    join events(:site, :lower, :upper::timestamptz + longest_visit()) e
        on e.visitor_id = v.visitor_id and e.visit_id = v.id and e.name = 'pageview'
        and e.time between v.started and v.last_event
    where /*visit_in_range_filter*/ true /*end*/
    window path as (partition by v.visitor_id, v.id order by /*direction*/ e.time, e.id /*end*/)
), walked as (
    select visit, page, position, before,
        min(position) filter (where :pattern::text is null or page ~ :pattern)
            over (partition by visit) as beginning
    from viewed
), journeys as (
    select visit, page, row_number() over path as step, lead(page) over path as next_page
    from walked
    where position >= beginning and page is distinct from before
    window path as (partition by visit order by position)
), named as (
    select step, page
    from (
        select step, page, row_number() over (
            partition by step order by count(*) desc, page collate "C"
        ) as rank
        from journeys
        where step <= :steps
        group by step, page
    ) nodes
    where rank <= :limit
), links as (
    select step, page, next_page, next_page is null as ends, count(*) as visits
    from journeys
    where step < :steps
    group by step, page, next_page
), labelled as (
    -- "in" is looked up in a hash table, whatever the planner makes of the sizes of what windows
    -- leave: to join, it would compare every link with every node.
    select step, case when (step, page) in (select step, page from named) then page end as page,
        case when (step + 1, next_page) in (select step, page from named) then next_page end
            as next_page, ends, visits
    from links
)
select step, page, next_page, ends, sum(visits)::bigint as visits
from labelled
group by step, page, next_page, ends
order by step, visits desc, page collate "C" nulls last, ends, next_page collate "C" nulls last
