-- Whether the watermark of a rollup lies before a line.
select watermark < :line::timestamptz from rollup_state where name = :name
