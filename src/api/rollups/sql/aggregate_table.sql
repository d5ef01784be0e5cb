-- The table behind a continuous aggregate.
select materialization_hypertable_schema, materialization_hypertable_name
from timescaledb_information.continuous_aggregates
where view_name = :view
