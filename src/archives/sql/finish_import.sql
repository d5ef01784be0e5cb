-- Notes that an archive is imported. What changed before is in no log of this database.
with finished as (
    update archive_import set finished_at = now() where archive = :archive and site_id = :site
)
update site set changes_pruned = /*include ../../api/rollups/sql/next_change_part*/
where id = :site
