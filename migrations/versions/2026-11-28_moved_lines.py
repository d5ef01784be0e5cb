"""when the line of a site moved

Rows behind it go a minute later, when every process knows the line.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table site add line_moved_at timestamptz")


def downgrade() -> None:
    op.execute("alter table site drop line_moved_at")
