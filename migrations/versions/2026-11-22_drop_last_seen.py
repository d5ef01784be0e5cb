"""drop visitor.last_seen

No question reads it, and to keep it cost a write for every visitor of every batch.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table visitor drop column last_seen")


def downgrade() -> None:
    op.execute("alter table visitor add column last_seen timestamptz")
    op.execute("update visitor set last_seen = first_seen")
    op.execute("alter table visitor alter column last_seen set not null")
