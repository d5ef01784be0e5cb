"""keep rejected events

What was sent to a site and could not be stored, without the sender's address, so that it can be
looked at and replayed. Bounded and aged out; the audit log is append-only.
"""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REJECTED_EVENT = """
create table rejected_event (
    id bigint generated always as identity primary key,
    site_id integer not null references site on delete cascade,
    received_at timestamptz not null,
    code text not null,
    detail text not null,
    visitor_id bigint not null,
    user_id text,
    user_agent text not null,
    payload text not null,
    bytes integer not null generated always as (octet_length(payload)) stored
);
create index rejected_event_site on rejected_event (site_id, id);
create index rejected_event_received on rejected_event (received_at);
"""

AUDIT_LOG = """
create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor bigint,
    action text not null,
    site_id integer,
    detail jsonb not null default '{}'
);
create index audit_log_at on audit_log (at);
"""

# A session is looked up by its id, which is nearly unique; the site in front of it made this
# index look like the one by site and time, and the planner take that.
VISIT_SESSION = """
drop index visit_session;
create index visit_session on visit (session_id, started) where session_id is not null;
"""

VISIT_SESSION_BEFORE = """
drop index visit_session;
create index visit_session on visit (site_id, session_id, started) where session_id is not null;
"""


def upgrade() -> None:
    op.execute(text(REJECTED_EVENT))
    op.execute(text(AUDIT_LOG))
    op.execute(text(VISIT_SESSION))


def downgrade() -> None:
    op.execute(text(VISIT_SESSION_BEFORE))
    op.execute("drop table audit_log, rejected_event")
