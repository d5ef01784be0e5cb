-- Begins the import of an archive: a site under a name that nobody asks for or sends to. It keeps
-- its number and the ids of its visitors, unless a site has that number, or ids of the same
-- visitors: then it gets another number, and the ids are XORed with the mask.
with clash as (
    select :number::integer > 1000000 or exists (
        select from site
        where id = :number
            or (coalesce(visitor_space, id), visitor_mask) = (:visitor_space, :visitor_mask)
    ) as is_there
), drawn as (
    select is_there, case when is_there then :mask::bigint else 0 end as mask,
        nextval(pg_get_serial_sequence('site', 'id')) as number
    from clash
), numbered as (
    select is_there, mask, case when is_there then number else :number end as number,
        -- The numbers of sites that are made later lie after it.
        setval(pg_get_serial_sequence('site', 'id'), greatest(number, :number)) as last
    from drawn
), made as (
    insert into site (
        id, key, domain, name, timezone, visibility, identified, is_demo, retention_days,
        raw_data_since, line_moved_at, visitors_numbered, hostnames, ingest_key_required,
        visitor_space, visitor_mask, page_rules, created_at
    )
    overriding system value
    select number, :draft, :draft, :name, :timezone, 'private', :identified, :is_demo,
        :retention_days::integer, :raw_data_since::timestamptz,
        case when :raw_data_since::timestamptz is not null then now() end, :visitors_numbered,
        :hostnames::text[], :ingest_key_required, :visitor_space, :visitor_mask::bigint # mask,
        :page_rules::text[], :created_at
    from numbered
    returning id
)
insert into archive_import (archive, site_id, mask)
select :archive::uuid, made.id, numbered.mask from made cross join numbered
returning site_id, mask, part, rows, false as is_finished, :draft::text as key
