"""readings of the database's clock: nothing is destroyed by a time that was not confirmed

A job writes the clock down every few minutes. See api.db.clock. TimescaleDB's own refresh policies
go: they met our refresh and the removal of expired data.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


DROP_POLICIES = """
do $$ begin
    if to_regclass('timescaledb_information.jobs') is not null then
        perform delete_job(job_id) from timescaledb_information.jobs
        where proc_name = 'policy_refresh_continuous_aggregate' and hypertable_name in (
            select materialization_hypertable_name
            from timescaledb_information.continuous_aggregates
            where hypertable_name in ('event', 'visit')
        );
        perform alter_job(job_id, scheduled => false) from timescaledb_information.jobs
        where proc_name = 'policy_compression'
            and hypertable_name in ('event', 'visit', 'bot_event');
    end if;
end $$
"""


def upgrade() -> None:
    op.execute("create table clock_reading (at timestamptz primary key)")
    op.execute(DROP_POLICIES)


def downgrade() -> None:
    op.execute("drop table clock_reading")
