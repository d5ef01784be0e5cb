-- Adds an import of numbers without events.
insert into imported_archive (id, site_id, name) values (:id, :site, :name)
