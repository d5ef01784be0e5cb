-- The messages that are due, with what they tell of. The next call is set before this one is made,
-- so a process that ends meanwhile loses none. After the last pause there is no next call. The
-- first message of each site comes before the second one of any: receivers that let calls wait do
-- not keep other sites waiting. The time is looked at twice, because another process may have set
-- the next one meanwhile. Without an address an account may not read the site any more.
with due as (
    update alert_delivery
    set calls = calls + 1,
        next_call_at = now() + (:pauses::interval[])[calls + 1] * (1 + random() / 5)
    where next_call_at <= now() and id in (
        select id
        from (
            select d.id, row_number() over (partition by r.site_id order by d.id) as nth
            from alert_delivery d
            join alert_occurrence o on o.id = d.occurrence_id
            join alert_rule r on r.id = o.rule_id
            where d.next_call_at <= now()
        ) waiting
        order by nth, id
        limit :most
    )
    returning id, occurrence_id, account
)
select
    due.id,
    due.account,
    app_user.email,
    o.id as occurrence,
    o.starts_at,
    o.ends_at,
    o.value,
    o.expected,
    o.fired_at,
    r.id as rule,
    r.name,
    r.kind,
    r.threshold,
    r.per,
    r.goal,
    r.currency,
    r.webhook_url,
    site.key as site,
    site.name as site_name,
    site.timezone
from due
join alert_occurrence o on o.id = due.occurrence_id
join alert_rule r on r.id = o.rule_id
join site on site.id = r.site_id and site.deleted_at is null
left join app_user on app_user.id = due.account and app_user.is_active and (
    app_user.is_superuser
    or exists (
        select from membership m where m.user_id = app_user.id and m.site_id = r.site_id
    )
)
order by due.id
