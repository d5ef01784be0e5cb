-- Exclusive per site, in the order given; and shared with all other writers, against whoever
-- moves a watermark.
select pg_advisory_xact_lock_shared(:writers)
union all
select pg_advisory_xact_lock(:locks, site) from unnest(:sites::int[]) site
