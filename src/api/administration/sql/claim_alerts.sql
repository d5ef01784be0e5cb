-- The alerts that are due, with their entries. The next call is set before this one is made, so a
-- process that ends meanwhile loses none. After the last pause there is no next call.
with due as (
    update alert
    set calls = calls + 1,
        next_call_at = now() + (:pauses::interval[])[calls + 1] * (1 + random() / 5)
    where entry in (
        select entry
        from alert
        where next_call_at <= now()
        order by entry
        limit :most
        for update skip locked
    )
    returning entry
)
select
    audit_log.id,
    audit_log.at,
    audit_log.action,
    app_user.username as actor,
    site.key as site,
    audit_log.network,
    audit_log.detail
from due
join audit_log on audit_log.id = due.entry
left join app_user on app_user.id = audit_log.actor
left join site on site.id = audit_log.site_id
order by audit_log.id
