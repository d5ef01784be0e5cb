-- The login roles that read by SQL, with the keys of their sites.
select r.role::text as role, array_agg(s.key order by s.key) as sites
from sql_role_site r join site s on s.id = r.site_id
group by r.role
order by r.role
