"""retention of raw data, and rollups that know what they were made of

kept_since is a fact and no wish: raw data of the site before it is gone, or about to be. It never
moves back, whatever the setting is changed to. ordinals says how many were given out when a visitor
was last erased: what is summed up of them may outlive their events, and nobody else may be them.
"""

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SITE = """
alter table site add retention_days integer
    check (retention_days = 0 or retention_days between 22 and 36500);
alter table site add kept_since timestamptz;
alter table site add ordinals integer not null default 0;
"""

# since: before it there are no rows of sites whose raw data was gone when the rollup was made.
# ready_at: when its buckets had all been computed once. declaration: what it was made of.
ROLLUP_STATE = """
alter table rollup_state add since timestamptz not null default '-infinity';
alter table rollup_state add ready_at timestamptz;
alter table rollup_state add declaration jsonb;
"""


def upgrade() -> None:
    op.execute(text(SITE))
    op.execute(text(ROLLUP_STATE))


def downgrade() -> None:
    op.execute("alter table rollup_state drop since, drop ready_at, drop declaration")
    op.execute("alter table site drop retention_days, drop kept_since, drop ordinals")
