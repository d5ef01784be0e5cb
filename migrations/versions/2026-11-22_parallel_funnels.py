"""funnels may be walked while others scan

Without a word on it an aggregate is unsafe, and keeps the whole question on one processor.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AGGREGATES = {"funnel_walk": "funnel_advance", "funnel_collect": "funnel_gather"}


def upgrade() -> None:
    declare("safe")


def downgrade() -> None:
    declare("unsafe")


def declare(parallel: str) -> None:
    for aggregate, step in AGGREGATES.items():
        op.execute(
            f"create or replace aggregate {aggregate}"
            " (timestamptz, integer, bigint, double precision) ("
            f"sfunc = {step}, stype = funnel_progress, initcond = '({{}},{{}},{{}},{{}},{{}})',"
            f" parallel = {parallel})"
        )
