-- All that is stored that concerns a batch, in one statement: each costs the driver as much as the
-- server. It stays true while the caller holds the locks of these sites and the writers'.
-- slots: ids, observed, near, sessions - which rows may be found: all (true), none (false) or
--     recent ones. Vitals and errors are only sought where the batch has some.
select row_to_json(existing)::text
from (
    select
        (
            select coalesce(json_agg(json_build_array(site_id, id)), '[]')
            from (/*include known_ids range=ids observed=observed*/) known
        ) as ids,
        (
            select coalesce(json_agg(near), '[]') from (/*include visits_near range=near*/) near
        ) as visits_near,
        (
            select coalesce(json_agg(same), '[]')
            from (/*include visits_of_sessions range=sessions*/) same
        ) as visits_of_sessions,
        (
            select coalesce(json_agg(waiting), '[]') from (/*include unopened_visits*/) waiting
        ) as unopened,
        (
            select coalesce(json_object_agg(id, found), '{}') from (/*include visitors*/) found
        ) as visitors,
        (
            select coalesce(json_object_agg(site_id, last_number), '{}')
            from (/*include last_numbers*/) taken
        ) as last_numbers,
        /*include ../../../rollups/sql/change_part*/,
        pg_current_xact_id()::text as xid
) existing
