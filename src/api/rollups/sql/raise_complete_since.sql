-- Notes that a rollup lacks rows of a site before a time.
update rollup_state set complete_since = greatest(complete_since, :since::timestamptz)
where name = :name
