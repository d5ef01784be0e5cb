-- The ways that visits take from a page on, or towards one, as the links of a Sankey diagram. A
-- page that is viewed twice in a row is one step; at each step the pages with the fewest visits
-- are one node without a name.
with viewed as (
    select v.id as visit, e.page, row_number() over path as place, lag(e.page) over path as before
    from visits(:site, :lower, :upper) v
    join event e on e.visitor_id = v.visitor_id and e.visit_id = v.id and e.name = 'pageview'
        and e.time between v.started and v.last_event
    where /*visit_filter*/ true /*end*/
    window path as (partition by v.visitor_id, v.id order by /*direction*/ e.time, e.id /*end*/)
), walked as (
    select visit, page, place, before,
        min(place) filter (where :pattern::text is null or page ~ :pattern)
            over (partition by visit) as beginning
    from viewed
), journeys as (
    select visit, page, row_number() over path as step, lead(page) over path as next_page
    from walked
    where place >= beginning and page is distinct from before
    window path as (partition by visit order by place)
), nodes as (
    select step, page, row_number() over (
        partition by step order by count(*) desc, page collate "C"
    ) <= :limit as named
    from journeys
    where step <= :steps
    group by step, page
), links as (
    select j.step, case when here.named then j.page end as page,
        case when there.named then j.next_page end as next_page, j.next_page is null as ends
    from journeys j
    join nodes here using (step, page)
    left join nodes there on there.step = j.step + 1 and there.page = j.next_page
    where j.step < :steps
)
select step, page, next_page, ends, count(*) as visits
from links
group by step, page, next_page, ends
order by step, visits desc, page collate "C" nulls last, ends, next_page collate "C" nulls last
