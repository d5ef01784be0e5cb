-- The occurrences of a rule, newest first, with their messages.
select
    o.id,
    o.starts_at,
    o.ends_at,
    o.value,
    o.expected,
    o.fired_at,
    coalesce(
        json_agg(
            json_build_object(
                'account', d.account,
                'calls', d.calls,
                'next_call_at', d.next_call_at,
                'delivered_at', d.delivered_at
            )
            order by d.id
        ) filter (where d.id is not null),
        '[]'
    ) as deliveries
from alert_occurrence o
left join alert_delivery d on d.occurrence_id = o.id
where o.rule_id = :rule and (:before::bigint is null or o.id < :before)
group by o.id
order by o.id desc
limit :limit
