-- Without statistics the planner takes the copies for small, and nests loops over them. From here
-- on the transaction only reads: TimescaleDB refuses to analyze in one that does.
analyze pg_temp.copied_visit (site_id, bucket, id, visitor_number, entry_page, exit_page);
analyze pg_temp.copied_event (site_id, bucket, visit_id, visitor_number, name, page);
set transaction read only
