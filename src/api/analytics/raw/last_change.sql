-- The number of the last raw change of a site.
select greatest(
    changes_pruned, (select max(number) from raw_change where site_id = site.id)
) as last
from site where id = :site
