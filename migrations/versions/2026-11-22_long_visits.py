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
COLUMNS = (
    "visitor_id, started, id, site_id, ordinal, first_seen, began, last_event, ended,"
    " pageviews, events, interactions, first_id"
)
"""Those of visit that have no default."""

VIEWS = ("visits", "first_visits")
"""Of visits, with all of their columns; they are made anew at the next start."""


def upgrade() -> None:
    drop_views()
    for table in TABLES:
        op.execute(
            f"alter table {table} add column if not exists is_long boolean not null default false"
        )
    # An INSERT that always meets a conflict finds rows by their key, in compressed chunks too, and
    # leaves all others there.
    op.execute(
        "select set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true)"
    )
    op.execute(
        f"insert into visit ({COLUMNS}, is_long) select {COLUMNS}, true from visit"
        " where last_event - started > interval '6 hours' and not is_long"
        " on conflict (visitor_id, started, id) do update set is_long = true"
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
