-- The accounts that may edit a site as its members; superusers where it has no such member.
with editors as (
    select user_id
    from membership
    where site_id = :site and role in ('owner', 'admin', 'editor')
)
select user_id from editors
union all
select id from app_user where is_superuser and not exists (select from editors)
