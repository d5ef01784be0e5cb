"""create tables

Time tables are hypertables where TimescaleDB is installed in this database, and partitioned by
month otherwise. Every unique key of a visitor-level table contains visitor_id (a distributed
engine needs the distribution column in it) and the time (a hypertable needs its partition
column in it). visitor_id folds the site in.

The columns of event and visit come in the order in which reports need them: to get at one,
PostgreSQL walks over all before it, and that is half of what reading many rows takes. What reports
add up is stored: TimescaleDB adds up columns of compressed chunks by the batch, and expressions
row by row.
"""

from alembic import op
from sqlalchemy import text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ACCOUNTS = """
create table app_user (
    id bigint generated always as identity primary key,
    username text not null,
    email text not null,
    full_name text not null default '',
    -- Null for an account that logs in with another provider only.
    password_hash text,
    is_superuser boolean not null default false,
    is_active boolean not null default true,
    -- The secret of the second factor; it counts once a code of it was given.
    totp_secret text,
    totp_since timestamptz,
    -- The last 30 seconds of which a code was used: no code is good twice.
    totp_last_step bigint not null default 0,
    created_at timestamptz not null default now()
);
create unique index app_user_username on app_user (lower(username));
create unique index app_user_email on app_user (lower(email));

-- One of a browser or program, until it logs out.
create table login (
    id uuid primary key,
    user_id bigint not null references app_user on delete cascade,
    refresh_hash bytea not null,
    user_agent text not null default '',
    network text not null default '',
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index login_user on login (user_id);

-- What is good once: to reset a password, to confirm an e-mail address.
create table one_time_token (
    hash bytea primary key,
    user_id bigint not null references app_user on delete cascade,
    purpose text not null,
    expires_at timestamptz not null
);

create table recovery_code (
    user_id bigint not null references app_user on delete cascade,
    hash bytea not null,
    primary key (user_id, hash)
);

-- Who somebody is to another provider of logins; an account has one at each.
create table identity (
    issuer text not null,
    subject text not null,
    user_id bigint not null references app_user on delete cascade,
    created_at timestamptz not null default now(),
    primary key (issuer, subject),
    unique (user_id, issuer)
);

create table site (
    id integer generated always as identity primary key,
    key text not null,
    domain text not null,
    name text not null,
    timezone text not null default 'UTC',
    visibility text not null default 'private'
        check (visibility in ('private', 'members', 'public')),
    identified boolean not null default false,
    is_demo boolean not null default false,
    -- For how many days raw data is kept; 0 is for ever, null what the installation says.
    retention_days integer check (retention_days = 0 or retention_days between 22 and 36500),
    -- The line: raw data before it is gone, or about to be.
    raw_data_since timestamptz,
    line_moved_at timestamptz,
    -- How many visitors had been numbered when one was last deleted: rollups may contain the
    -- numbers of visitors who are gone, and nobody else may get them.
    visitors_numbered integer not null default 0,
    -- The highest number of a raw change that is not kept any more (see raw_change).
    changes_pruned bigint not null default 0,
    -- The hosts whose events are stored; none is all of them.
    hostnames text[] not null default '{}',
    -- Whether events are taken from trusted senders only.
    ingest_key_required boolean not null default false,
    -- The number that is hashed into the ids of visitors whom the site names, and what these are
    -- XORed with: an imported site may have another number than where it was exported.
    visitor_space integer,
    visitor_mask bigint not null default 0,
    -- Which different addresses are one page.
    page_rules text[] not null default '{}' check (page_rules <@ '{slash,index,session}'),
    created_at timestamptz not null default now(),
    -- Since when nobody reads or writes it: a job removes its rows, this one last.
    deleted_at timestamptz
);
create unique index site_key on site (key) where deleted_at is null;
create index site_deleted on site (deleted_at) where deleted_at is not null;
create index site_domain on site (lower(domain));

create table membership (
    user_id bigint not null references app_user on delete cascade,
    site_id integer not null references site on delete cascade,
    role text not null check (role in ('owner', 'admin', 'editor', 'viewer')),
    created_at timestamptz not null default now(),
    primary key (user_id, site_id)
);
create index membership_site on membership (site_id);

create table invitation (
    id bigint generated always as identity primary key,
    site_id integer not null references site on delete cascade,
    role text not null check (role in ('owner', 'admin', 'editor', 'viewer')),
    email text not null default '',
    hash bytea not null unique,
    created_by bigint references app_user on delete set null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index invitation_site on invitation (site_id);

create table api_key (
    id bigint generated always as identity primary key,
    user_id bigint not null references app_user on delete cascade,
    -- The only site that it is good for; null for all of its account.
    site_id integer references site on delete cascade,
    name text not null,
    -- The first characters, by which people tell keys apart.
    prefix text not null,
    hash bytea not null unique,
    scopes text[] not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    -- Where it was used from, the latest first; not all of them.
    networks text[] not null default '{}',
    revoked_at timestamptz
);
create index api_key_user on api_key (user_id);
create index api_key_site on api_key (site_id);

create table share_link (
    id uuid primary key,
    site_id integer not null references site on delete cascade,
    name text not null,
    hash bytea not null unique,
    password_hash text,
    -- Filters that every question of it has, and the view that its page begins with.
    filters jsonb not null default '[]',
    view jsonb not null default '{}',
    -- The origins whose pages may frame it.
    origins text[] not null default '{}',
    created_by bigint references app_user on delete set null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
create index share_link_site on share_link (site_id);

create table salt (
    day date primary key,
    value bytea not null
);

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
);

-- Without a user it belongs to the site.
create table segment (
    id bigint generated always as identity primary key,
    site_id integer not null references site on delete cascade,
    user_id bigint references app_user on delete cascade,
    name text not null,
    filters text not null,
    created_at timestamptz not null default now(),
    unique nulls not distinct (site_id, user_id, name)
);
create index segment_user on segment (user_id);

create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor bigint,
    action text not null,
    site_id integer,
    network text not null default '',
    detail jsonb not null default '{}'
);
create index audit_log_at on audit_log (at);
create index audit_log_site on audit_log (site_id, id);
create index audit_log_actor on audit_log (actor, id);

-- Entries that are told to ALERT_WEBHOOK, each once.
create table alert (
    entry bigint primary key,
    calls integer not null default 0,
    next_call_at timestamptz default now(),
    delivered_at timestamptz
);
create index alert_call on alert (next_call_at) where next_call_at is not null;

-- Rows are added only; those of more than 30 days may go.
create function keep_audit_log() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and old.at < now() - interval '30 days' then
        return old;
    end if;
    raise exception 'rows of audit_log are neither changed nor deleted';
end $$;
create trigger keep_audit_log before update or delete on audit_log
    for each row execute function keep_audit_log();
create trigger keep_all_of_audit_log before truncate on audit_log
    execute function keep_audit_log();
"""

EVENT = """
create table event (
    visitor_id bigint not null,
    time timestamptz not null,
    site_id integer not null,
    visitor_number integer not null,
    id uuid not null,
    visit_id uuid not null,
    last_change bigint,
    name text not null,
    page text not null default '',
    interactive boolean not null default true,
    duration numeric,
    hostname text not null default '',
    title text not null default '',
    referrer text not null default '',
    user_id text,
    revenue numeric,
    currency text,
    props jsonb,
    primary key (visitor_id, time, id)
)"""

# Of a hundred events a few are something else than a page view and the time spent on it: these
# are found by an index of their own, and of those the few with an amount by another.
EVENT_INDEXES = """
create index event_site_time on event (site_id, time desc);
create index event_id on event (id, time);
create index event_custom on event (site_id, time) include (name, visitor_id, visit_id)
    where name not in ('pageview', 'engagement');
create index event_order on event (site_id, time) include (visitor_id, revenue, currency)
    where revenue is not null;
"""

VISIT = """
create table visit (
    visitor_id bigint not null,
    started timestamptz not null,
    last_event timestamptz not null,
    ended timestamptz not null,
    engaged_from timestamptz not null,
    first_seen timestamptz not null,
    duration_us bigint generated always as (
        (extract(epoch from ended - started) * 1000000)::bigint) stored,
    site_id integer not null,
    visitor_number integer not null,
    pageviews integer not null,
    events integer not null,
    interactive_events integer not null,
    has_pageview smallint generated always as ((pageviews > 0)::int::smallint) stored,
    is_bounce smallint generated always as (
        (pageviews = 1 and interactive_events = 0)::int::smallint) stored,
    is_long boolean not null default false,
    id uuid not null,
    last_change bigint,
    country text not null default '',
    browser text not null default '',
    device text not null default '',
    os text not null default '',
    channel text not null default '',
    source text not null default '',
    entry_page text not null default '',
    exit_page text not null default '',
    referrer_domain text not null default '',
    medium text not null default '',
    campaign text not null default '',
    region text not null default '',
    city text not null default '',
    hostname text not null default '',
    entry_at timestamptz,
    exit_at timestamptz,
    entry_id uuid,
    exit_id uuid,
    first_id uuid not null,
    session_id text,
    revenue numeric not null default 0,
    content text not null default '',
    term text not null default '',
    browser_version text not null default '',
    os_version text not null default '',
    screen text not null default '',
    language text not null default '',
    primary key (visitor_id, started, id)
)"""

# A session is looked up by its id, which is nearly unique: with the site in front of it this index
# looked to the planner like the one by site and time, and it took that.
# Few visits last long (see long_visit), and a range has to look for those from before it.
VISIT_INDEXES = """
create index visit_site_started on visit (site_id, started desc);
create index visit_session on visit (session_id, started) where session_id is not null;
create index visit_long on visit (site_id, started) where is_long;
"""

# Engagement that no action went before, so that it is in no visit, until one comes late (see
# api/events/write/visits.py). Its events have its id as their visit, and no visitor number (-1).
UNOPENED_VISIT = """
create table unopened_visit (
    visitor_id bigint not null,
    id uuid not null,
    site_id integer not null,
    session_id text,
    started timestamptz not null,
    engaged_from timestamptz not null,
    last_event timestamptz not null,
    primary key (visitor_id, id)
);
create index unopened_visit_near on unopened_visit (visitor_id, last_event)
    where session_id is null;
create index unopened_visit_session on unopened_visit (session_id, started)
    where session_id is not null;
"""

VISITOR = """
create table visitor (
    site_id integer not null,
    id bigint not null,
    number integer not null,
    first_seen timestamptz not null,
    user_id text,
    traits jsonb,
    primary key (site_id, id)
);
create index visitor_number on visitor (site_id, number desc);
create index visitor_first_seen on visitor (site_id, first_seen);
"""

BOT_EVENT = """
create table bot_event (
    time timestamptz not null,
    id uuid not null,
    site_id integer not null,
    bot text not null,
    category text not null,
    name text not null,
    page text not null default '',
    hostname text not null default '',
    user_agent text not null default '',
    primary key (id, time, site_id)
)"""

# What browsers tell about pages: it is in no visit. The dimensions are those of the event itself.
WEB_VITAL = """
create table web_vital (
    visitor_id bigint not null,
    time timestamptz not null,
    site_id integer not null,
    id uuid not null,
    name text not null,
    value double precision not null,
    page text not null,
    hostname text not null default '',
    country text not null default '',
    device text not null default '',
    browser text not null default '',
    primary key (visitor_id, time, id)
)"""

WEB_VITAL_INDEXES = """
create index web_vital_site_time on web_vital (site_id, time desc);
create index web_vital_id on web_vital (id, time);
"""

JS_ERROR = """
create table js_error (
    visitor_id bigint not null,
    time timestamptz not null,
    site_id integer not null,
    id uuid not null,
    message text not null,
    source text not null default '',
    frame text not null default '',
    page text not null,
    hostname text not null default '',
    country text not null default '',
    device text not null default '',
    browser text not null default '',
    primary key (visitor_id, time, id)
)"""

JS_ERROR_INDEXES = """
create index js_error_site_time on js_error (site_id, time desc);
create index js_error_id on js_error (id, time);
"""

BOT_EVENT_INDEXES = "create index bot_event_site_time on bot_event (site_id, time desc)"

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

# What these tables are for: src/api/rollups/README.md.
ROLLUPS = """
create table rollup_state (
    name text primary key,
    source text not null,
    width interval not null,
    dimensions text[] not null default '{}',
    distinct_visitors boolean not null default false,
    fingerprint text not null,
    watermark timestamptz not null,
    -- Before it rows have expired, of rollups that keep them for a while only.
    rows_since timestamptz not null default '-infinity',
    -- Before it rows lack sites whose raw data had expired when the rollup was first stored.
    complete_since timestamptz not null default '-infinity',
    refreshed_at timestamptz,
    -- When all of its buckets had been computed once.
    ready_at timestamptz
);

create table rollup_dirty (
    rollup text not null references rollup_state on delete cascade,
    site_id integer not null,
    bucket timestamptz not null,
    version bigint not null default 1,
    due_at timestamptz not null,
    primary key (rollup, site_id, bucket)
);
create index rollup_dirty_due on rollup_dirty (rollup, due_at);

create sequence change_number;
"""

# Late rows as they were (sign -1) and as they are (+1), under the number of the change.
LATE_LOG = """
create table late_visit (change bigint not null, sign integer not null, like visit);
create index late_visit_time on late_visit (site_id, started);
create table late_event (change bigint not null, sign integer not null, like event);
create index late_event_time on late_event (site_id, time);
"""

# What changed in events and visits, for copies of them elsewhere (docs/decisions/changes.md). A row
# names a visit that a batch stored or changed, and the span of those of its events that are new or
# got another visit; or it has the keys of rows that are gone.
RAW_CHANGE = """
create table raw_change (
    site_id integer not null,
    number bigint not null,
    at timestamptz not null default now(),
    visitor_id bigint,
    started timestamptz,
    lower timestamptz,
    upper timestamptz,
    -- An id may come again after seven days, so that events are told by their time, too.
    events_gone uuid[],
    times_gone timestamptz[],
    visits_gone uuid[]
);
create index raw_change_number on raw_change (site_id, number);
create index raw_change_at on raw_change using brin (at);
"""

# Numbers of days that another product counted, of exports without events. A row has the values of
# one row of a file, by the names of dimensions; numbers that the file does not have are null.
IMPORTED = """
create table imported_archive (
    id uuid primary key,
    site_id integer not null references site on delete cascade,
    name text not null,
    imported_at timestamptz not null default now()
);
create index imported_archive_site on imported_archive (site_id);
create table imported_day (
    site_id integer not null,
    import_id uuid not null references imported_archive on delete cascade,
    kind text not null,
    day date not null,
    properties jsonb not null,
    visitors bigint,
    visits bigint,
    pageviews bigint,
    bounces bigint,
    visit_seconds bigint,
    events bigint
);
create index imported_day_site_day on imported_day (site_id, kind, day);
create index imported_day_import on imported_day (import_id);
"""

# Constants of visits and visitor bitmaps for the .sql files, where Python's are not at hand; a test
# compares the two. The planner inlines these functions: it finds the same indexes and partitions as
# with the expressions themselves.
CONSTANTS = """
-- The longest that a visit lasts.
create function longest_visit() returns interval
    language sql immutable parallel safe return interval '7 days';

-- The longest gap between two events of one visit.
create function visit_timeout() returns interval
    language sql immutable parallel safe return interval '30 minutes';

-- How far apart events with the same session id may lie and still be one visit.
create function longest_session() returns interval
    language sql immutable parallel safe return interval '24 hours';

-- Visits that last longer are flagged (visit.is_long).
create function long_visit() returns interval
    language sql immutable parallel safe return interval '6 hours';

-- Whether a visit that started then can have an event at this time. Stable, as it is to subtract an
-- interval from a time.
create function visit_reaches(started timestamptz, event_time timestamptz) returns boolean
    language sql stable parallel safe
    return started between event_time - longest_visit() and event_time;

-- The start of the bucket of a rollup in which a time lies. Weeks begin on Monday.
create function bucket_start(width interval, instant timestamptz) returns timestamptz
    language sql immutable parallel safe
    return date_bin(width, instant, timestamptz '2000-01-03 00:00:00+00');

-- A bitmap of nobody; in which block a visitor is, as which bit, and a bitmap of them alone.
create function empty_bitmap() returns bit
    language sql immutable parallel safe return B'0'::bit(16384);
create function bitmap_block(visitor_number integer) returns integer
    language sql immutable parallel safe return visitor_number >> 14;
create function bitmap_bit(visitor_number integer) returns integer
    language sql immutable parallel safe return visitor_number & 16383;
create function bitmap_of(visitor_number integer) returns bit
    language sql immutable parallel safe
    return set_bit(empty_bitmap(), bitmap_bit(visitor_number), 1);
"""

# Whether an event is what a step of a funnel, or a goal, asks for: its name, its page (itself, or
# any that a pattern matches; the empty pattern is any page) and its properties, compared as text.
MATCHES_STEP = """
create function has_props(props jsonb, wanted jsonb) returns boolean
    language sql immutable parallel safe return not exists (
        select from jsonb_each_text(wanted) w where props ->> w.key is distinct from w.value
    );

create function matches_step(
    name text, page text, props jsonb,
    wanted_name text, wanted_page text, wanted_pattern text, wanted_props jsonb
) returns boolean language sql immutable parallel safe return
    name = wanted_name
    and (wanted_pattern = '' or page = wanted_page or page ~ wanted_pattern)
    and (wanted_props is null or has_props(props, wanted_props));
"""

# Readings of the database's clock (api/db/clock.py), and the row by which /readyz finds out whether
# a write can be committed (api/db/probe.py).
UPKEEP = """
create table clock_reading (at timestamptz primary key);
create table write_probe (
    id integer primary key check (id = 1), written_at timestamptz not null
);
"""

# Notes at days of a site.
ANNOTATION = """
create table annotation (
    id bigint generated always as identity primary key,
    site_id integer not null references site on delete cascade,
    day date not null,
    text text not null,
    created_at timestamptz not null default now()
);
create index annotation_day on annotation (site_id, day);
"""

# Jobs that users submit, and their results in parts. The answer is kept here, and not in files,
# because any machine may be asked for it.
SUBMITTED_JOB = """
create table submitted_job (
    number bigint generated always as identity primary key,
    user_id bigint not null references app_user on delete cascade,
    id uuid not null,
    site_id integer not null,
    report text not null,
    params text not null,
    webhook_url text,
    -- The API key by which it was submitted; null for a login.
    key_id bigint,
    status text not null default 'queued'
        check (status in ('queued', 'running', 'done', 'failed')),
    attempts integer not null default 0,
    -- From 0 to 1, of a job that runs; null where it is not known.
    progress double precision,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    expires_at timestamptz,
    bytes bigint,
    headers json,
    error json,
    webhook_calls integer not null default 0,
    next_call_at timestamptz,
    delivered_at timestamptz,
    unique (user_id, id)
);
create index submitted_job_unfinished on submitted_job (status)
    where status in ('queued', 'running');
create index submitted_job_site on submitted_job (site_id);
create index submitted_job_call on submitted_job (next_call_at) where next_call_at is not null;
create index submitted_job_expires on submitted_job (expires_at);

create table submitted_job_part (
    job bigint not null references submitted_job on delete cascade,
    number integer not null,
    bytes bytea not null,
    primary key (job, number)
);
"""

# How far archives of sites are imported (docs/exporting.md): the part, and how many of its rows are
# stored. They go with the site.
ARCHIVE_IMPORT = """
create table archive_import (
    archive uuid not null,
    site_id integer not null references site on delete cascade,
    -- What the ids of visitors are XORed with on the way.
    mask bigint not null,
    part text not null default '',
    rows bigint not null default 0,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (archive, site_id)
);
create index archive_import_site on archive_import (site_id);
"""


# Views of the dashboard and notes that somebody collects. A board that is private goes with its
# account; one that is shared stays without an owner. A share link to a board, or to one item of it,
# goes with what it shows.
BOARDS = """
create table board (
    id bigint generated always as identity primary key,
    site_id integer not null references site on delete cascade,
    owner_id bigint references app_user on delete set null,
    -- Who alone sees it; null for a board that members of the site see.
    private_to bigint references app_user on delete cascade,
    name text not null,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now()
);
create index board_site on board (site_id);
create index board_owner on board (owner_id);
create index board_private on board (private_to);

create table board_item (
    id bigint generated always as identity primary key,
    board_id bigint not null references board on delete cascade,
    place integer not null,
    title text not null,
    note text,
    view jsonb,
    created_at timestamptz not null default now(),
    check (num_nonnulls(note, view) = 1)
);
create index board_item_board on board_item (board_id);

alter table share_link
    add board_id bigint references board on delete cascade,
    add item_id bigint references board_item on delete cascade,
    add check (item_id is null or board_id is not null);
create index share_link_board on share_link (board_id) where board_id is not null;
create index share_link_item on share_link (item_id) where item_id is not null;
"""


# What accounts are told of by the bell of the dashboard: each occurrence once.
NOTIFICATION = """
create table notification (
    id bigint generated always as identity primary key,
    user_id bigint not null references app_user on delete cascade,
    kind text not null,
    site_id integer references site on delete cascade,
    data jsonb not null,
    link text not null,
    occurrence text,
    created_at timestamptz not null default now(),
    read_at timestamptz,
    unique (user_id, occurrence)
);
create index notification_user on notification (user_id, id);
create index notification_unread on notification (user_id) where read_at is null;
create index notification_site on notification (site_id);
create index notification_created on notification (created_at);
"""

# Alert rules, the windows in which their conditions were met, and the messages that tell of it: to
# an account by e-mail, without one to the webhook. Of a goal, whether it was reached since it was
# saved.
ALERT_RULE = """
create table alert_rule (
    id bigint generated always as identity primary key,
    site_id integer not null references site on delete cascade,
    created_by bigint references app_user on delete set null,
    name text not null,
    kind text not null,
    threshold float8 not null,
    minimum integer not null,
    per text not null check (per in ('hour', 'day')),
    goal text,
    currency text,
    tells_editors boolean not null,
    email_to bigint[] not null,
    webhook_url text,
    is_active boolean not null,
    active_since timestamptz not null,
    created_at timestamptz not null default now(),
    unique (site_id, name)
);
create index alert_rule_creator on alert_rule (created_by);

create table alert_occurrence (
    id bigint generated always as identity primary key,
    rule_id bigint not null references alert_rule on delete cascade,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    value float8 not null,
    expected float8,
    fired_at timestamptz not null default now(),
    unique (rule_id, starts_at)
);
create index alert_occurrence_starts on alert_occurrence (starts_at);

create table alert_delivery (
    id bigint generated always as identity primary key,
    occurrence_id bigint not null references alert_occurrence on delete cascade,
    account bigint,
    calls integer not null default 0,
    next_call_at timestamptz default now(),
    delivered_at timestamptz
);
create index alert_delivery_occurrence on alert_delivery (occurrence_id);
create index alert_delivery_call on alert_delivery (next_call_at) where next_call_at is not null;

create table goal_watch (
    goal_id bigint primary key references goal on delete cascade,
    checked_until timestamptz not null,
    reached_at timestamptz
);
"""

# Background jobs: the state of each, and the latest runs of it that did something, failed or were
# asked for.
BACKGROUND_JOB = """
create table background_job (
    name text primary key,
    status text not null check (status in ('running', 'done', 'failed', 'waiting')),
    was_asked boolean not null default false,
    asked_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    next_due_at timestamptz,
    result text,
    error text
) with (fillfactor = 50);

create table background_run (
    id bigint generated always as identity primary key,
    job text not null,
    status text not null,
    was_asked boolean not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    result text,
    error text
);
create index background_run_job on background_run (job, id);
"""

# Who gets reports about a site by e-mail, and those that were made: one of each period.
EMAIL_REPORT = """
create table email_report (
    id bigint generated always as identity primary key,
    site_id integer not null references site on delete cascade,
    address text not null,
    every text not null check (every in ('week', 'month')),
    for_members_only boolean not null,
    created_at timestamptz not null default now(),
    unsubscribed_at timestamptz,
    unique (site_id, address, every)
);

create table email_report_message (
    id bigint generated always as identity primary key,
    report_id bigint not null references email_report on delete cascade,
    first_day date not null,
    last_day date not null,
    tries integer not null default 0,
    next_try_at timestamptz default now(),
    delivered_at timestamptz,
    unique (report_id, first_day)
);
create index email_report_message_try on email_report_message (next_try_at)
    where next_try_at is not null;
"""

SQL_VIEWS = """
-- Which login roles of the database read which sites by SQL.
create table sql_role_site (
    role name not null,
    site_id integer not null references site on delete cascade,
    created_at timestamptz not null default now(),
    primary key (role, site_id)
);
create index sql_role_site_site on sql_role_site (site_id);

-- The sites of whoever is connected. session_user cannot be changed. The views
-- below read tables with the rights of their owner, so that nobody else needs rights on tables.
create view sql_site as
    select s.id, s.key, s.domain, s.name, s.timezone, s.raw_data_since
    from site s join sql_role_site r on r.site_id = s.id
    where r.role = session_user and s.deleted_at is null;

create schema analytics;
comment on schema analytics is 'What the login roles of `boot/analytics sql-role` read.';

create view analytics.v_sites with (security_barrier) as
    select key as site, domain, name, timezone, raw_data_since from sql_site;

create view analytics.v_events with (security_barrier) as
    select s.key as site, e.time, e.id,
        case when e.visitor_number >= 0 then e.visit_id end as visit_id,
        e.visitor_id::text as visitor_id, e.user_id, e.name, e.page, e.hostname, e.title,
        e.referrer, e.duration::float8 as duration, e.revenue::float8 as revenue, e.currency,
        e.interactive, e.props
    from event e join sql_site s on s.id = e.site_id
    where e.time >= coalesce(s.raw_data_since, '-infinity');

create view analytics.v_visits with (security_barrier) as
    select s.key as site, v.started, v.id as visit_id, v.visitor_id::text as visitor_id,
        v.session_id, v.last_event, v.ended, v.duration_us::float8 / 1e6 as duration_seconds,
        v.pageviews, v.events - v.pageviews as custom_events, v.interactive_events,
        v.is_bounce = 1 as is_bounce, v.entry_page, v.exit_page, v.revenue::float8 as revenue,
        v.hostname, v.referrer_domain, v.channel, v.source, v.medium, v.campaign, v.content, v.term,
        v.country, v.region, v.city, v.device, v.browser, v.browser_version, v.os, v.os_version,
        v.screen, v.language
    from visit v join sql_site s on s.id = v.site_id
    where v.started >= coalesce(s.raw_data_since, '-infinity');

-- To everybody: who has no site sees no row.
grant usage on schema analytics to public;
grant select on analytics.v_sites, analytics.v_events, analytics.v_visits to public;

comment on view analytics.v_sites is 'Sites.';
comment on column analytics.v_sites.site is 'The key of the site.';
comment on column analytics.v_sites.domain is 'Its domain.';
comment on column analytics.v_sites.name is 'Its name, for people.';
comment on column analytics.v_sites.timezone is 'The IANA name of its time zone.';
comment on column analytics.v_sites.raw_data_since is
    'Events and visits before it have expired; null if none have.';
comment on view analytics.v_events is 'Events one by one.';
comment on column analytics.v_events.site is 'The key of the site.';
comment on column analytics.v_events.time is 'When it happened.';
comment on column analytics.v_events.id is
    'Its id. One that a sender chose may come again, with a time more than seven days away.';
comment on column analytics.v_events.visit_id is
    'The visit that it is part of; null for engagement in no visit. A late event may open a '
    'visit, or make two visits one, which changes this.';
comment on column analytics.v_events.visitor_id is 'The id of the visitor.';
comment on column analytics.v_events.user_id is 'The id of the user, if the sender gave one.';
comment on column analytics.v_events.name is 'pageview, engagement, or the name of a custom event.';
comment on column analytics.v_events.page is 'The path of the page.';
comment on column analytics.v_events.hostname is 'The host of the page.';
comment on column analytics.v_events.title is 'The title of the page.';
comment on column analytics.v_events.referrer is
    'The address that the visitor came from, without its query.';
comment on column analytics.v_events.duration is 'The seconds that were sent with it.';
comment on column analytics.v_events.revenue is
    'The amount that was sent with it, in the currency.';
comment on column analytics.v_events.currency is 'ISO 4217.';
comment on column analytics.v_events.interactive is
    'False for a custom event that does not keep a visit from being a bounce.';
comment on column analytics.v_events.props is
    'The properties that were sent with it; in CSV as JSON text.';
comment on view analytics.v_visits is 'Visits one by one.';
comment on column analytics.v_visits.site is 'The key of the site.';
comment on column analytics.v_visits.started is
    'The time of its first action. An earlier one that comes late changes this.';
comment on column analytics.v_visits.visit_id is
    'Its id, which stays unless it becomes part of another visit.';
comment on column analytics.v_visits.visitor_id is 'The id of the visitor.';
comment on column analytics.v_visits.session_id is 'The id of the session, if the sender gave one.';
comment on column analytics.v_visits.last_event is 'The time of its last event.';
comment on column analytics.v_visits.ended is
    'The time of its last event plus the duration of that event.';
comment on column analytics.v_visits.duration_seconds is 'The seconds from start to end.';
comment on column analytics.v_visits.pageviews is 'How many page views it has.';
comment on column analytics.v_visits.custom_events is
    'Events other than page views and engagement.';
comment on column analytics.v_visits.interactive_events is
    'Custom events that keep it from being a bounce.';
comment on column analytics.v_visits.is_bounce is
    'Whether it had one page view and no interactive custom event.';
comment on column analytics.v_visits.entry_page is 'The page of its first page view.';
comment on column analytics.v_visits.exit_page is 'The page of its last page view.';
comment on column analytics.v_visits.revenue is
    'The sum of the amounts of its events, whatever their currencies.';
comment on column analytics.v_visits.hostname is 'The host of its first event.';
comment on column analytics.v_visits.referrer_domain is 'The registrable domain that it came from.';
comment on column analytics.v_visits.channel is 'The kind of source, e.g. Organic Search.';
comment on column analytics.v_visits.source is 'Where it came from; empty for direct traffic.';
comment on column analytics.v_visits.medium is 'The campaign tag utm_medium.';
comment on column analytics.v_visits.campaign is 'The campaign tag utm_campaign.';
comment on column analytics.v_visits.content is 'The campaign tag utm_content.';
comment on column analytics.v_visits.term is 'The campaign tag utm_term.';
comment on column analytics.v_visits.country is 'ISO 3166-1 alpha-2.';
comment on column analytics.v_visits.region is 'The name of the region.';
comment on column analytics.v_visits.city is 'The name of the city.';
comment on column analytics.v_visits.device is 'desktop, mobile, tablet …';
comment on column analytics.v_visits.browser is 'The name of the browser.';
comment on column analytics.v_visits.browser_version is
    'The version of the browser, as far as it is stored.';
comment on column analytics.v_visits.os is 'The name of the operating system.';
comment on column analytics.v_visits.os_version is
    'The version of the operating system, as far as it is stored.';
comment on column analytics.v_visits.screen is 'The width and height of the screen in pixels.';
comment on column analytics.v_visits.language is 'The language of the visitor, e.g. de-AT.';
"""


def upgrade() -> None:
    for statements in (ACCOUNTS, VISITOR, REJECTED_EVENT, ROLLUPS, CONSTANTS, MATCHES_STEP, UPKEEP):
        run(statements)
    run(UNOPENED_VISIT)
    create_time_table("event", EVENT, "time", EVENT_INDEXES)
    create_time_table("visit", VISIT, "started", VISIT_INDEXES)
    create_time_table("bot_event", BOT_EVENT, "time", BOT_EVENT_INDEXES)
    create_time_table("web_vital", WEB_VITAL, "time", WEB_VITAL_INDEXES)
    create_time_table("js_error", JS_ERROR, "time", JS_ERROR_INDEXES)
    run(LATE_LOG)
    run(RAW_CHANGE)
    run(SUBMITTED_JOB)
    run(NOTIFICATION)
    run(ALERT_RULE)
    run(BACKGROUND_JOB)
    run(EMAIL_REPORT)
    run(ANNOTATION)
    run(ARCHIVE_IMPORT)
    run(IMPORTED)
    run(BOARDS)
    run(SQL_VIEWS)


def run(statements: str) -> None:
    """Runs them as they are: a colon begins no parameter."""
    op.execute(text(statements.replace(":", r"\:")))


def create_time_table(name: str, table: str, column: str, indexes: str) -> None:
    """A hypertable of weekly chunks, or a table partitioned by time."""
    if has_timescaledb():
        run(table)
        run(
            f"select create_hypertable('{name}', by_range('{column}', interval '7 days'), "
            "create_default_indexes => false)"
        )
    else:
        run(f"{table} partition by range ({column})")
    run(indexes)


def has_timescaledb() -> bool:
    """Whether this database has the extension; api.db.migrate decides about creating it."""
    found = op.get_bind().execute(text("select 1 from pg_extension where extname = 'timescaledb'"))
    return found.first() is not None


def downgrade() -> None:
    raise NotImplementedError("Nothing comes before the first revision: drop the database.")
