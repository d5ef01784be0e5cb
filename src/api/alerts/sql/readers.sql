-- Those of these accounts that may get e-mail about a site: its members, and superusers.
select id
from app_user
where id = any(:accounts::bigint[])
    and is_active
    and (
        is_superuser
        or exists (select from membership m where m.user_id = app_user.id and m.site_id = :site)
    )
