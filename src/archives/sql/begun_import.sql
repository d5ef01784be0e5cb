-- The import of an archive that was begun, or is done; of a site that is not deleted.
select i.site_id, i.mask, i.part, i.rows, i.finished_at is not null as is_finished, s.key
from archive_import i join site s on s.id = i.site_id
where i.archive = :archive and s.deleted_at is null
