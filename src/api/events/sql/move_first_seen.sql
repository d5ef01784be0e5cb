-- Visitors who turned out to have been here earlier: every visit of theirs says since when.
update visit v set first_seen = seen.first_seen
from unnest(cast(:visitors as bigint[]), cast(:first_seens as timestamptz[])) seen (visitor_id, first_seen)
where v.visitor_id = seen.visitor_id and v.first_seen > seen.first_seen
