-- How far each visitor (or visit) got: of each step when it was first reached, the seconds since
-- the step before, and the visit. The events are in order of time, then id; of one that fits
-- several steps the latest step comes first, so that one event is not two steps in a row.
--
-- An example: the steps are /a, /b and /c, and ann views /a at :00, /b at :01 and /c at :03.
--
-- fitting    (:00, step 1), (:01, step 2), (:03, step 3); in strict funnels at positions 1, 2, 3
-- ordered    mode 'ordered'. At first (:00, step 1, reached 1), (:01, step 2, reached 2) and, as it
--            comes after a start, (:03, step 3, reached 2), which waits. The next round finds that
--            step 2 was reached before it, at :01: (:03, step 3, reached 3, since :01)
-- strict     mode 'strict'. Position - step is 0 for all three: one chain, whose first, second and
--            third row are steps 1, 2 and 3
-- unordered  mode 'any'. Steps done so far: (:00, 1), (:01, 2, since :00), (:03, 3, since :01)
-- hits       (step 1, :00), (step 2, :01, 60 seconds), (step 3, :03, 120 seconds), in each mode
--
-- Had she viewed /c before /a, 'ordered' would leave it out, since there was no start yet;
-- 'strict', too, since step 3 would be the first row of its chain; 'any' would count three steps.
-- slots: unit, position, visit_of_event_filter, globs, latest
with recursive fitting as not materialized (
    /*include funnel_events_part*/
), ordered as (
    -- A chain is known by its start. Since the window counts from there, the latest start that got
    -- to the step before serves as well as any earlier one. Each round goes on from one step to the
    -- next: a row is at the step that it fits (step = reached), or waits for its own step to be
    -- next. What comes too late for the chain that is latest now comes too late for good.
    select visitor_id, unit, visit_id, time, id, step, least(step, 2) as reached,
        coalesce(start, time) as start, start as since
    from (
        select *, max(time) filter (where step = 1) over earlier as start
        from fitting
        where :mode = 'ordered'
        window earlier as (partition by visitor_id, unit order by time, id, step desc
            rows between unbounded preceding and 1 preceding)
    ) e
    where case when step = 1 then start is null
        else time <= start + make_interval(secs => :window_seconds) end
    union all
    select visitor_id, unit, visit_id, time, id, step, reached + 1, latest_start, arrived
    from (
        -- The chain arrived when it was first there, however often it came by.
        select *, max(time) filter (where step = reached and start is distinct from latest_start)
            over earlier as arrived
        from (
            select *, max(start) filter (where step = reached) over earlier as latest_start
            from ordered
            where reached > 1
            window earlier as (partition by visitor_id, unit order by time, id, step desc
                rows between unbounded preceding and 1 preceding)
        ) e
        window earlier as (partition by visitor_id, unit order by time, id, step desc
            rows between unbounded preceding and 1 preceding)
    ) e
    where step > reached and time <= latest_start + make_interval(secs => :window_seconds)
), strict as (
    -- Events one after the other that fit one step after the other differ in position as in step.
    select visitor_id, unit, visit_id, time, id, step, since
    from (
        select *, row_number() over chain as steps, first_value(time) over chain as start,
            lag(time) over chain as since
        from fitting
        where :mode = 'strict'
        window chain as (partition by visitor_id, unit, position - step order by step)
    ) e
    where step = steps and time <= start + make_interval(secs => :window_seconds)
), unordered as (
    -- The steps that were last done within the window before this event, and the latest of the
    -- others.
    select e.visitor_id, e.unit, e.visit_id, e.time, e.id, recent.steps, recent.since
    from (
        select *, /*latest*/ array[max(time) filter (where step = 1) over walk] /*end*/ as latest,
            lag(step) over walk as last_step
        from fitting
        where :mode = 'any'
        window walk as (partition by visitor_id, unit order by time, id, step desc)
    ) e
    cross join lateral (
        select count(*)::int as steps, max(done.time) filter (where done.step <> e.step) as since
        from unnest(e.latest) with ordinality done (time, step)
        where done.time >= e.time - make_interval(secs => :window_seconds)
    ) recent
    where e.step is distinct from e.last_step
), hits as (
    select distinct on (visitor_id, unit, step) visitor_id, unit, visit_id, step, time,
        extract(epoch from time - since)::float8 as seconds
    from (
        select visitor_id, unit, visit_id, time, id, step, since from ordered where step = reached
        union all
        select * from strict
        union all
        select * from unordered
    ) e
    order by visitor_id, unit, step, time, id, since
)
