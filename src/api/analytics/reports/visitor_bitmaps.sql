-- The visitor bitmaps by period, as bit strings; visitors who come one by one become bits, too.
-- slots: visitors, range
select width_bucket(v.bucket, :starts::timestamptz[]) as n,
    coalesce(v.block, bitmap_block(v.visitor_number)) as block,
    bit_or(coalesce(v.visitors, bitmap_of(v.visitor_number))) as visitors
from /*visitors*/ daily_visitors /*end*/ (:site, /*range*/ :first, :until /*end*/) v
group by 1, 2
