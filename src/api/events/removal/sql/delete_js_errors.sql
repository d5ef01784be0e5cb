-- Deletes the JavaScript errors of a visitor. One by one, as in delete_events.sql.
delete from js_error where visitor_id = :visitor
