-- What partitions and chunks there are, in the snapshot of the transaction; which from now on makes
-- plans that serve for any values.
select
    concat_ws(' ', count(*), max(inhrelid), sum(inhrelid::bigint)),
    set_config('plan_cache_mode', 'force_generic_plan', true)
from pg_inherits
