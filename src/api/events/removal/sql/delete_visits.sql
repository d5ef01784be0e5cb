-- Deletes the visits of a visitor. One by one: so compressed chunks tell what to skip.
delete from visit where visitor_id = :visitor
