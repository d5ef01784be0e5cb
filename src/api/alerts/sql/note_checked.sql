-- Notes until when these goals were looked at.
insert into goal_watch (goal_id, checked_until)
select id, :now from goal where id = any(:goals::bigint[])
on conflict (goal_id) do update set checked_until = excluded.checked_until
