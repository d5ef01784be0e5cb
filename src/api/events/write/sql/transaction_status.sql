-- The status of a recent transaction.
select pg_xact_status(:xid::xid8) as status
