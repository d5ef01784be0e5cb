-- The views of the schema `analytics`, as the catalog describes them.
select c.relname as name, coalesce(obj_description(c.oid, 'pg_class'), '') as description,
    json_agg(
        json_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'description', coalesce(col_description(c.oid, a.attnum), '')
        ) order by a.attnum
    ) as columns
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'analytics'::regnamespace and c.relkind = 'v'
group by c.oid, c.relname
order by c.relname
