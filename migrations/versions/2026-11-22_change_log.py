"""late changes are logged, so that stored buckets need not be computed again for each of them

A change is numbered. A row says by which it became what it is, and the stored rows of a rollup say
which is the last in them. The log has rows as they were (-1) and as they are (+1). Stored rows from
before this know of no changes: whatever touches them goes on marking their buckets dirty.

Some rollups are of use for recent days only: kept_since says from when on they have rows.
"""

from alembic import op
from sqlalchemy import text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIMES = {"visit": "started", "event": "time"}


def upgrade() -> None:
    op.execute("create sequence change_number")
    op.execute("alter table rollup_state add is_logged boolean not null default false")
    op.execute("alter table rollup_state add kept_since timestamptz not null default '-infinity'")
    for table, time in TIMES.items():
        op.execute(f"alter table {table} add column if not exists last_change bigint")
        op.execute(
            text(
                f"create table {table}_change"
                f" (number bigint not null, sign integer not null, like {table})"
            )
        )
        op.execute(f"create index {table}_change_time on {table}_change (site_id, {time})")


def downgrade() -> None:
    for table in TIMES:
        op.execute(f"drop table {table}_change")
        op.execute(f"alter table {table} drop last_change")
    op.execute("alter table rollup_state drop is_logged, drop kept_since")
    op.execute("drop sequence change_number")
