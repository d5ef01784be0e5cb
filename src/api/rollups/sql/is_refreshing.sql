-- Whether a rollup is being refreshed. If none is, none can be until the end of this transaction.
select not bool_and(pg_try_advisory_xact_lock(:key, hashtext(name))) from rollup_state
