"""visits of many hours are marked

A range has visits that began before it. Most of them began within hours, and to find the few that
did not, in the week before, all visits of that week were read.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("visit", "visit_change")
VIEWS = ("visits", "first_visits")
"""Of visits, with all of their columns; they are made anew at the next start."""


def upgrade() -> None:
    drop_views()
    for table in TABLES:
        op.execute(
            f"alter table {table} add column if not exists is_long boolean not null default false"
        )
    op.execute(
        "update visit set is_long = true"
        " where last_event - started > interval '6 hours' and not is_long"
    )
    op.execute("create index visit_long on visit (site_id, started) where is_long")


def downgrade() -> None:
    drop_views()
    op.execute("drop index visit_long")
    for table in TABLES:
        op.execute(f"alter table {table} drop is_long")


def drop_views() -> None:
    for view in VIEWS:
        op.execute(f"drop view if exists {view} cascade")
