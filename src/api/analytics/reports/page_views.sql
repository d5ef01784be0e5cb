-- Page views with the seconds spent on them: engaged seconds where the visit reported any for this
-- view, else the time to the visit's next page view, else unknown. And with the scroll depth: the
-- largest that engagement with this view reported, from 0 to 1; what is no depth is left out.
-- slots: copied_events
select e.*, coalesce(nullif(e.engaged_here, 0), e.gap) as seconds
from (
    select e.*, sum(e.engaged_seconds) over view as engaged_here,
        max(e.per_cent) filter (where e.name = 'engagement' and e.per_cent between 0 and 100)
            over view / 100 as scroll_depth,
        extract(epoch from e.next_view - e.time) as gap
    from (
        select e.*, count(*) filter (where e.name = 'pageview') over visit as view,
            min(e.time) filter (where e.name = 'pageview') over (
                partition by e.visitor_id, e.visit_id order by e.time desc, e.id desc
                rows between unbounded preceding and 1 preceding) as next_view,
            case jsonb_typeof(e.props -> 'scroll')
                when 'number' then (e.props -> 'scroll')::numeric
            end as per_cent
        -- A visit may go on after the range.
        from /*copied_events*/ events /*end*/ (
            :site, :lower, :upper::timestamptz + longest_visit()
        ) e
        where e.name in ('pageview', 'engagement')
        window visit as (partition by e.visitor_id, e.visit_id order by e.time, e.id)
    ) e
    window view as (partition by e.visitor_id, e.visit_id, e.view, e.page)
) e
where e.name = 'pageview' and e.time < :upper
