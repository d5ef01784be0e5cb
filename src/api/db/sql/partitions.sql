-- The names of the partitions of a table, oldest first.
select relname from pg_inherits
join pg_class on pg_class.oid = inhrelid
where inhparent = :table::regclass
order by 1
