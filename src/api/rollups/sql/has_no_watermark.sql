-- Whether a rollup is new: nothing of it was ever stored.
select watermark = '-infinity' from rollup_state where name = :name
