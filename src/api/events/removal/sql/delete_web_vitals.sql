-- Deletes the web vitals of a visitor. One by one, as in delete_events.sql.
delete from web_vital where visitor_id = :visitor
