-- The temporary tables of a connection that copies visits and events, and the functions that read
-- them as visits() and events() are read.
create temporary table copied_visit (like visits) on commit delete rows;
create temporary table copied_event (like events) on commit delete rows;
create function pg_temp.copied_visits(site integer, lower timestamptz, upper timestamptz)
returns setof visits language sql stable as $$
    select * from pg_temp.copied_visit where site_id = $1 and bucket >= $2 and bucket < $3
$$;
create function pg_temp.copied_events(site integer, lower timestamptz, upper timestamptz)
returns setof events language sql stable as $$
    select * from pg_temp.copied_event where site_id = $1 and bucket >= $2 and bucket < $3
$$;
