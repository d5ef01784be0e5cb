-- Whether no line has moved for some time. One that moved in the future, by a clock that was wrong
-- then, counts as settled.
select not exists (
    select from site
    where line_moved_at > now() - :settle::interval and line_moved_at <= now()
)
