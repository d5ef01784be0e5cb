-- The imports of a site, the latest first, and what is left of each.
select a.id, a.name, a.imported_at, min(d.day) as first_day, max(d.day) as last_day,
    count(*) as rows
from imported_archive a
join imported_day d on d.site_id = a.site_id and d.import_id = a.id
where a.site_id = :site
group by a.id
order by a.imported_at desc, a.id
