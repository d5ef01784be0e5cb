-- Who of these visitors is known?
select site_id, id, ordinal, first_seen from visitor
where site_id = any(cast(:sites as int[])) and id = any(cast(:visitors as bigint[]))
