-- Adds a notification for each of these accounts that is active, and announces it at the COMMIT. An
-- account that was told of the same occurrence is not told again.
with added as (
    insert into notification (user_id, kind, site_id, data, link, occurrence)
    select id, :kind, (select id from site where id = :site), :data::jsonb, :link, :occurrence
    from app_user
    where id = any(:users::bigint[]) and is_active
    on conflict (user_id, occurrence) do nothing
    returning user_id
)
select pg_notify('notifications', user_id::text) from added
