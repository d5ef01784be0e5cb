-- Deletes the changes up to the boundary of their site.
delete from raw_change r using site
where r.site_id = site.id and r.number <= site.changes_pruned
