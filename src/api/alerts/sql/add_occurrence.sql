-- Adds an occurrence of a rule, unless it has one in this window, or is gone or off.
insert into alert_occurrence (rule_id, starts_at, ends_at, value, expected)
select id, :start, :end, :value, :expected::float8
from alert_rule
where id = :rule and is_active
on conflict (rule_id, starts_at) do nothing
returning id
