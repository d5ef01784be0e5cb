-- A site as an archive has it (ArchivedSite), with the moment.
select now() as exported_at, id as number, key, domain, name, timezone, visibility, identified,
    is_demo, retention_days, raw_data_since, hostnames, ingest_key_required, page_rules, created_at,
    coalesce(visitor_space, id) as visitor_space, visitor_mask,
    greatest(
        visitors_numbered,
        (select 1 + number from visitor where site_id = site.id order by number desc limit 1)
    ) as visitors_numbered
from site
where id = :site and deleted_at is null
