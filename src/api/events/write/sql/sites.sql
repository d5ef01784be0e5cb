-- What stays true while the caller holds the locks of these sites and the writers': the last
-- visitor number given out on each, what the writer has to know of rollups, and the number of the
-- transaction.
select
    asked.id as site_id,
    greatest(
        (select number from visitor where site_id = asked.id order by number desc limit 1),
        (select visitors_numbered - 1 from site where id = asked.id),
        -1
    ) as last_visitor_number,
    /*include ../../../rollups/sql/change_part*/,
    pg_current_xact_id()::text as xid
from unnest(:sites::int[]) asked (id)
