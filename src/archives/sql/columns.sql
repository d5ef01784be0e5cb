-- The columns of a table whose values are given and not computed, in order.
select attname from pg_attribute
where attrelid = to_regclass(:table) and attnum > 0 and not attisdropped and attgenerated = ''
order by attnum
