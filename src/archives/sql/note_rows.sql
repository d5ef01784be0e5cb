-- Notes that more rows of a part are stored; a part begins with its first ones.
update archive_import
set rows = case when part = :part then rows else 0 end + :rows, part = :part
where archive = :archive and site_id = :site
