-- The columns of some tables, as one text.
select string_agg(concat(attrelid::regclass, '.', attname), ' ' order by attrelid, attnum)
from pg_attribute
where attnum > 0 and not attisdropped and attrelid = any(:tables::text[]::regclass[])
