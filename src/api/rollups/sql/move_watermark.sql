-- Moves a watermark, never back.
update rollup_state set watermark = greatest(watermark, :target::timestamptz) where name = :name
