-- Deletes some rows of a site.
delete from /*table*/ visitor /*end*/
where ctid = any(array(
    select ctid from /*table*/ visitor /*end*/ where site_id = :site limit :most
))
