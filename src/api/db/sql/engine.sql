-- What the server is: versions, and the licence of TimescaleDB.
select
    current_setting('server_version_num')::int / 10000,
    coalesce((select extversion from pg_extension where extname = 'timescaledb'), ''),
    coalesce(current_setting('timescaledb.license', true), '')
