-- Deletes the row of a site that was deleted, with what refers to it.
delete from site where id = :site and deleted_at is not null
