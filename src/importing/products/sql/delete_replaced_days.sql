-- Deletes what earlier imports of a site have of the days and kinds of this one.
delete from imported_day earlier
using (
    select distinct kind, day from imported_day where site_id = :site and import_id = :id
) own
where earlier.site_id = :site and earlier.import_id <> :id and earlier.kind = own.kind
    and earlier.day = own.day
