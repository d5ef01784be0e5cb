-- Deletes unopened visits whose events have expired.
delete from unopened_visit u using site
where u.site_id = site.id and u.last_event < site.raw_data_since
