-- Makes an alert of each alarming entry of the last day that has none. Entries become visible in
-- another order than they are numbered, so the highest number says nothing. Wrong passwords are one
-- occurrence until an hour passes without more; the first login of an account is none.
insert into alert (entry)
select a.id
from audit_log a
where a.at >= now() - interval '1 day'
    and a.action = any(:actions)
    and not exists (select from alert where alert.entry = a.id)
    and (
        a.action <> 'login_blocked'
        or not exists (
            select from audit_log b
            where b.at >= a.at - interval '1 hour' and b.id < a.id and b.action = a.action
                and b.network = a.network and b.actor is not distinct from a.actor
        )
    )
    and (
        a.action <> 'logged_in_from_new_network'
        or exists (
            select from audit_log b
            where b.actor = a.actor and b.id < a.id
                and b.action in ('logged_in', 'logged_in_from_new_network')
        )
    )
on conflict do nothing
