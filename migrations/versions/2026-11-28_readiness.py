"""what /readyz writes and looks at

A row that is written again and again, to find out whether a write can be committed; and since when
a bucket has been marked, to tell one that was marked a moment ago from one that nobody refreshes.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create table write_probe ("
        " id integer primary key check (id = 1), written_at timestamptz not null)"
    )
    op.execute("alter table rollup_dirty add since timestamptz not null default now()")


def downgrade() -> None:
    op.execute("alter table rollup_dirty drop since")
    op.execute("drop table write_probe")
