-- Deletes imports of a site of which nothing is left.
delete from imported_archive a
where a.site_id = :site
    and not exists (select from imported_day d where d.site_id = :site and d.import_id = a.id)
