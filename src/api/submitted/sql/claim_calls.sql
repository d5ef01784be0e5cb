-- The webhooks that are due. The next call is set before this one is made, so a process that ends
-- meanwhile loses none; a call that succeeds unsets it. After the last pause there is no next call.
update submitted_job
set webhook_calls = webhook_calls + 1,
    -- Up to a fifth longer, so that receivers are not called by all jobs at once after an outage.
    next_call_at = now() + (:pauses::interval[])[webhook_calls + 1] * (1 + random() / 5)
where number in (
    select number
    from submitted_job
    where next_call_at <= now()
    order by next_call_at
    limit :most
    for update skip locked
)
returning number, user_id, id, status, webhook_url, finished_at
