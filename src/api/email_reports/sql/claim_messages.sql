-- The reports that are due. The next try is set before this one is made, so a process that ends
-- meanwhile loses none. After the last pause there is no next try. `is_wanted` is false once
-- whoever gets it is no member of the site any more, or had enough.
with due as (
    update email_report_message
    set tries = tries + 1,
        next_try_at = now() + (:pauses::interval[])[tries + 1] * (1 + random() / 5)
    where id in (
        select id
        from email_report_message
        where next_try_at <= now()
        order by id
        limit :most
        for update skip locked
    )
    returning id, report_id, first_day, last_day
)
select
    due.id,
    due.report_id,
    due.first_day,
    due.last_day,
    r.site_id,
    r.address,
    r.every,
    r.unsubscribed_at is null and s.deleted_at is null and (
        not r.for_members_only
        or exists (
            select
            from app_user u
            join membership m on m.user_id = u.id
            where u.email = r.address and u.is_active and m.site_id = r.site_id
        )
    ) as is_wanted
from due
join email_report r on r.id = due.report_id
join site s on s.id = r.site_id
order by due.id
