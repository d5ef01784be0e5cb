-- Whether a hypertable has a columnstore.
select compression_enabled from timescaledb_information.hypertables where hypertable_name = :table
