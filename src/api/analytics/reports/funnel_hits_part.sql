-- How far each visitor (or visit) got: of each step when it was first reached, the seconds since
-- the step before, and the visit. The events are in order of time, then id; of one that fits
-- several steps the latest step comes first, so that one event is not two steps in a row.
--
-- An example: the steps are /a, /b and /c, and ann views /a at :00, /b at :01 and /c at :03.
--
-- fitting    (:00, step 1), (:01, step 2), (:03, step 3); in strict funnels at positions 1, 2, 3
-- reached_1  mode 'ordered'. (:00, step 1) and, since they come after a start, (:01, step 2, since
--            :00) and (:03, step 3, since :00)
-- reached_2  The same, but step 3 comes after step 2: (:03, step 3, since :01). The levels between
--            the first step and the last are made by funnel.py
-- strict     mode 'strict'. Position - step is 0 for all three: one chain, whose first, second and
--            third row are steps 1, 2 and 3
-- unordered  mode 'any'. Steps done so far: (:00, 1), (:01, 2, since :00), (:03, 3, since :01)
-- hits       (step 1, :00), (step 2, :01, 60 seconds), (step 3, :03, 120 seconds), in each mode
--
-- Had she viewed /c before /a, 'ordered' would leave it out, since there was no start yet;
-- 'strict', too, since step 3 would be the first row of its chain; 'any' would count three steps.
-- slots: unit, per_unit, position, visit_of_event_filter, globs, levels, chains, latest
with fitting as not materialized (
    /*include funnel_events_part*/
), reached_1 as (
    -- A chain is known by its start. Since the window counts from there, the latest start serves as
    -- well as any earlier one: what comes too late for it comes too late for good.
    select visitor_id, unit, visit_id, time, id, step, start, start as since
    from (
        select *, max(time) filter (where step = 1) over earlier as start
        from fitting
        where :mode = 'ordered'
        window earlier as (partition by /*per_unit*/ visitor_id /*end*/ order by time, id, step desc
            rows between unbounded preceding and 1 preceding)
    ) e
    where case when step = 1 then start is null
        else time <= start + make_interval(secs => :window_seconds) end
    /*levels*/ /*end*/
), strict as (
    -- Events one after the other that fit one step after the other differ in position as in step.
    select visitor_id, unit, visit_id, time, id, step, since
    from (
        select *, row_number() over chain as steps, first_value(time) over chain as start,
            lag(time) over chain as since
        from fitting
        where :mode = 'strict'
        window chain as (partition by /*per_unit*/ visitor_id /*end*/, position - step
            order by step)
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
        window walk as (partition by /*per_unit*/ visitor_id /*end*/ order by time, id, step desc)
    ) e
    cross join lateral (
        select count(*)::int as steps, max(done.time) filter (where done.step <> e.step) as since
        from unnest(e.latest) with ordinality done (time, step)
        where done.time >= e.time - make_interval(secs => :window_seconds)
    ) recent
    where e.step is distinct from e.last_step
), hits as (
    select visitor_id, unit, visit_id, step, time,
        extract(epoch from time - since)::float8 as seconds
    from (
        select *, max(start) filter (where step = :deepest) over earlier as latest
        from /*chains*/ reached_1 /*end*/
        window earlier as (partition by /*per_unit*/ visitor_id /*end*/ order by time, id, step desc
            rows between unbounded preceding and 1 preceding)
    ) e
    where latest is null
    union all
    select visitor_id, unit, visit_id, step, time, extract(epoch from time - since)::float8
    from (
        select distinct on (visitor_id, unit, step) visitor_id, unit, visit_id, step, time, since
        from (
            select * from strict
            union all
            select * from unordered
        ) e
        order by visitor_id, unit, step, time, id, since
    ) e
)
