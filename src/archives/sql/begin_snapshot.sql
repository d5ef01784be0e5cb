-- Reads one moment from here on. Locked first: a table that is truncated or whose chunk is dropped
-- meanwhile would be empty in the snapshot, too.
set transaction isolation level repeatable read, read only;
lock table
    visitor, unopened_visit, event, visit, bot_event, web_vital, js_error
    in access share mode;
