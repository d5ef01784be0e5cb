-- How often each kind of security event happened since a time, from how many networks and to how
-- many accounts, and the networks that most of them came from.
with happened as (
    select action, at, actor, network
    from audit_log
    where at >= :since and action = any(:actions)
),
by_network as (
    select action, network, count(*) as events,
        row_number() over (partition by action order by count(*) desc, network) as place
    from happened
    where network <> ''
    group by action, network
),
most as (
    select
        action,
        jsonb_agg(
            jsonb_build_object('network', network, 'events', events) order by place
        ) as networks
    from by_network
    where place <= 10
    group by action
)
select
    happened.action,
    count(*) as events,
    count(distinct happened.network) filter (where happened.network <> '') as from_networks,
    count(distinct happened.actor) as accounts,
    max(happened.at) as last_at,
    coalesce(most.networks, '[]') as networks
from happened
left join most using (action)
group by happened.action, most.networks
order by events desc, happened.action
