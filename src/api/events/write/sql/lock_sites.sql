-- Exclusive per site, in the order given; and shared with all other writers, against whoever
-- moves a watermark. With the time of the transaction by the server's clock.
select pg_advisory_xact_lock_shared(:writers), now() as began
union all
select pg_advisory_xact_lock(:locks, site), now() from unnest(:sites::int[]) site
