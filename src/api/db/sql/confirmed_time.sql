-- The newest reading of the clock that an earlier one confirms: an hour older, so that a clock that
-- jumped ahead for some minutes confirms nothing; a day at most, so that a daily round is enough.
select max(newer.at) from clock_reading newer
where newer.at <= now() and exists (
    select from clock_reading older
    where older.at <= newer.at - interval '1 hour' and older.at >= newer.at - interval '25 hours'
)
