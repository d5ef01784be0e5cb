-- What stays true while the caller holds the locks of these sites and the writers': the last
-- visitor number given out on each, up to when rows are stored in any rollup, the number of what the
-- transaction changes behind that, and the number of the transaction itself.
select
    asked.id as site_id,
    greatest(
        (select number from visitor where site_id = asked.id order by number desc limit 1),
        (select visitors_numbered - 1 from site where id = asked.id),
        -1
    ) as last_visitor_number,
    (select max(watermark) from rollup_state where watermark > '-infinity') as watermark,
    (select nextval('change_number')) as change,
    cast(pg_current_xact_id() as text) as xid
from unnest(cast(:sites as int[])) asked (id)
