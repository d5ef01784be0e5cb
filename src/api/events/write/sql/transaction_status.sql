-- The status of a recent transaction.
select pg_xact_status(cast(:xid as xid8)) as status
