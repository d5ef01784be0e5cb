-- The webhooks that are due. The next call is set before this one is made, so a process that ends
-- meanwhile loses none; a call that succeeds unsets it. After the last pause there is no next call.
-- The first webhook of each account comes before the second one of any: receivers that let calls
-- wait do not keep those of others waiting. The time is looked at twice, because another process
-- may have set the next one meanwhile.
update submitted_job
set webhook_calls = webhook_calls + 1,
    -- Up to a fifth longer, so that receivers are not called by all jobs at once after an outage.
    next_call_at = now() + (:pauses::interval[])[webhook_calls + 1] * (1 + random() / 5)
where next_call_at <= now() and number in (
    select number
    from (
        select number, next_call_at,
            row_number() over (partition by user_id order by next_call_at) as nth
        from submitted_job
        where next_call_at <= now()
    ) due
    order by nth, next_call_at
    limit :most
)
returning number, user_id, id, status, webhook_url, finished_at
