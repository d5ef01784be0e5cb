-- Deletes the events of a visitor. One by one: so compressed chunks tell what to skip.
delete from event where visitor_id = :visitor
