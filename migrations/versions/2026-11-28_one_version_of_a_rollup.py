"""one stored version of each rollup, and no SQL in the database

A rollup whose declaration changed is stored anew, or the start is refused where that would lose
history; so nobody needs the old declaration. What is left of it is which rows a visitor may have
left. All stored rows know of the log of late changes by now.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table rollup_state drop declaration, drop is_logged,"
        " add people boolean not null default false, add dimensions text[] not null default '{}'"
    )


def downgrade() -> None:
    op.execute(
        "alter table rollup_state drop people, drop dimensions,"
        " add declaration jsonb, add is_logged boolean not null default true"
    )
