-- Deletes an import of a site with all of its numbers.
delete from imported_archive where site_id = :site and id = :id
