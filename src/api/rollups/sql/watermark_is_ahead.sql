-- Whether the watermark of a rollup lies ahead of the clock.
select watermark > now() from rollup_state where name = :name
