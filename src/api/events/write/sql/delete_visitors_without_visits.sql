-- Deletes those of these visitors who have no visit any more.
delete from visitor
where site_id = :site and id = any(:visitors::bigint[])
    and not exists (select from visit where visitor_id = visitor.id)
