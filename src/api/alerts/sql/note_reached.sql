-- Notes that a goal was reached, unless somebody has, or it is gone.
insert into goal_watch (goal_id, checked_until, reached_at)
select id, :now, :time from goal where id = :goal
on conflict (goal_id) do update set reached_at = excluded.reached_at
    where goal_watch.reached_at is null
returning goal_id
