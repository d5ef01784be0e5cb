"""drop the aggregates of funnels

A funnel is walked by window functions now, see api/analytics/sql/funnel_hits_part.sql: a step of an
aggregate in PL/pgSQL took three microseconds an event.
"""

from typing import Any

from alembic import context, op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

AGGREGATES = {"funnel_walk": "funnel_advance", "funnel_collect": "funnel_gather"}


def upgrade() -> None:
    for aggregate, step in AGGREGATES.items():
        op.execute(f"drop aggregate {aggregate}(timestamptz, integer, bigint, double precision)")
        op.execute(f"drop function {step}")
    op.execute("drop type funnel_progress")


def downgrade() -> None:
    op.execute(text(migration("0001").FUNNEL.replace(":", r"\:")))
    migration("0006").upgrade()


def migration(number: str) -> Any:
    """The module of an earlier migration."""
    return context.script.get_revision(number).module
