"""custom events are found by themselves

Of a hundred events a few are something else than a page view and the time spent on it. To report on
them all were read.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index event_custom on event (site_id, time) include (name, visitor_id, visit_id)"
        " where name not in ('pageview', 'engagement')"
    )


def downgrade() -> None:
    op.execute("drop index event_custom")
