-- Adds a rollup without rows. It cannot know what raw data no longer tells.
insert into rollup_state (
    name, source, width, dimensions, distinct_visitors, fingerprint, watermark, complete_since
)
values (
    :name, :source, :width, :dimensions, :distinct_visitors, :fingerprint, '-infinity',
    coalesce((select max(raw_data_since) from site), '-infinity')
)
on conflict (name) do nothing
