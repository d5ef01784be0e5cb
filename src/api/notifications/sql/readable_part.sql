-- A condition: a notification is about no site, or about one that the account may read now. Whoever
-- is no member any more does not see how the site is called since.
(
    notification.site_id is null
    or exists (
        select
        from site s
        join app_user u on u.id = notification.user_id
        where s.id = notification.site_id and s.deleted_at is null and (
            s.visibility <> 'private'
            or u.is_superuser
            or exists (
                select from membership m where m.user_id = u.id and m.site_id = s.id
            )
        )
    )
)
