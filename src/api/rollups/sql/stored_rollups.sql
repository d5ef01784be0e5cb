-- Which rollups are stored, as what, whether all of their buckets were ever computed, and before
-- when they lack sites.
select name, fingerprint, ready_at is not null as is_ready,
    nullif(complete_since, '-infinity') as complete_since
from rollup_state
