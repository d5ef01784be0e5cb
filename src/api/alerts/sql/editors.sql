-- The accounts that may edit a site as its members, and one more if it is a superuser's.
select user_id from membership where site_id = :site and role in ('owner', 'admin', 'editor')
union
select id from app_user where id = :also::bigint and is_superuser
