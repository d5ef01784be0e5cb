-- The sets of visitors by period, as bit strings; visitors who come one by one become bits, too.
select width_bucket(v.bucket, :starts::timestamptz[]) as n,
    coalesce(v.block, v.visitor_number >> 14) as block,
    bit_or(coalesce(v.visitors, set_bit(B'0'::bit(16384), v.visitor_number & 16383, 1))) as visitors
from /*sets*/ daily_visitors /*end*/ (:site, /*range*/ :first, :until /*end*/) v
group by 1, 2
