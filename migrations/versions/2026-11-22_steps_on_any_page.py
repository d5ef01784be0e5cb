"""a step on any page looks at no page

Its pattern is empty and fits every page; to find that out by matching took as long as all the rest.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    declare("wanted_pattern = '' or page = wanted_page or page ~ wanted_pattern")


def downgrade() -> None:
    declare("page = wanted_page or page ~ wanted_pattern")


def declare(on_page: str) -> None:
    op.execute(
        f"""
        create or replace function fits(
            name text, page text, props jsonb,
            wanted_name text, wanted_page text, wanted_pattern text, wanted_props jsonb
        ) returns boolean language sql immutable parallel safe return
            name = wanted_name and ({on_page})
            and (wanted_props is null or has_props(props, wanted_props))
        """
    )
