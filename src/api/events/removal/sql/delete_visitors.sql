-- Deletes a visitor.
delete from visitor where site_id = :site and id = :visitor
