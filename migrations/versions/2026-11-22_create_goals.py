"""create goals

A goal is stored in the form in which events are compared with it: see the function fits.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table goal (
            id bigint generated always as identity primary key,
            site_id integer not null references site on delete cascade,
            name text not null,
            event text not null,
            page text,
            pattern text,
            props jsonb,
            created_at timestamptz not null default now(),
            unique (site_id, name)
        )
    """)


def downgrade() -> None:
    op.execute("drop table goal")
