-- Marks notifications of an account as read, and announces it at the COMMIT to its other pages.
with read as (
    update notification
    set read_at = now()
    where user_id = :user and read_at is null
        and (id = any(:ids::bigint[]) or id <= :until::bigint)
    returning user_id
)
select pg_notify('notifications', :user::bigint::text) from read limit 1
