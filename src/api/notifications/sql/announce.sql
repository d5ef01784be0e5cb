-- Has the open pages of an account read again, at the COMMIT.
select pg_notify('notifications', :user::bigint::text)
