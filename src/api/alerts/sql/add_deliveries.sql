-- Adds the messages about an occurrence: to the webhook of its rule, and to each of its accounts.
insert into alert_delivery (occurrence_id, account)
select o.id, receiver.account
from alert_occurrence o
join alert_rule r on r.id = o.rule_id
cross join lateral (
    select null::bigint as account where r.webhook_url is not null
    union all
    select unnest(r.email_to)
) receiver
where o.id = :occurrence
