"""create tables

Time tables are hypertables where TimescaleDB is installed in this database, and partitioned by
month otherwise. Every unique key of a visitor-level table contains visitor_id (a distributed
engine needs the distribution column in it) and the time (a hypertable needs its partition
column in it). visitor_id folds the site in.
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
    email text not null,
    name text not null default '',
    password_hash text not null,
    is_admin boolean not null default false,
    created_at timestamptz not null default now()
);
create unique index app_user_email on app_user (lower(email));

create table site (
    id integer generated always as identity primary key,
    key text not null unique,
    domain text not null,
    name text not null,
    timezone text not null default 'UTC',
    visibility text not null default 'private'
        check (visibility in ('private', 'members', 'public')),
    identified boolean not null default false,
    is_demo boolean not null default false,
    created_at timestamptz not null default now()
);
create index site_domain on site (lower(domain));

create table membership (
    user_id bigint not null references app_user on delete cascade,
    site_id integer not null references site on delete cascade,
    role text not null check (role in ('owner', 'editor', 'viewer')),
    primary key (user_id, site_id)
);

create table salt (
    day date primary key,
    value bytea not null
);
"""

# Columns come in the order in which reports need them: to get at one PostgreSQL walks over all
# before it, and that is half of what reading many rows takes. Some came later (0007, 0010);
# installations from before have them at the end, and are as right, only slower.
EVENT = """
create table event (
    visitor_id bigint not null,
    time timestamptz not null,
    site_id integer not null,
    ordinal integer not null,
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

EVENT_INDEXES = """
create index event_site_time on event (site_id, time desc);
create index event_id on event (id, time);
"""

VISIT = """
create table visit (
    visitor_id bigint not null,
    started timestamptz not null,
    last_event timestamptz not null,
    ended timestamptz not null,
    began timestamptz not null,
    first_seen timestamptz not null,
    site_id integer not null,
    ordinal integer not null,
    pageviews integer not null,
    events integer not null,
    interactions integer not null,
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

VISIT_INDEXES = """
create index visit_site_started on visit (site_id, started desc);
create index visit_session on visit (site_id, session_id, started) where session_id is not null;
"""

VISITOR = """
create table visitor (
    site_id integer not null,
    id bigint not null,
    ordinal integer not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    user_id text,
    traits jsonb,
    primary key (site_id, id)
);
create index visitor_ordinal on visitor (site_id, ordinal desc);
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

BOT_EVENT_INDEXES = "create index bot_event_site_time on bot_event (site_id, time desc)"

ROLLUPS = """
create table rollup_state (
    name text primary key,
    source text not null,
    width interval not null,
    watermark timestamptz not null,
    fingerprint text not null,
    refreshed_at timestamptz
);

create table rollup_dirty (
    rollup text not null references rollup_state on delete cascade,
    site_id integer not null,
    bucket timestamptz not null,
    version bigint not null default 1,
    primary key (rollup, site_id, bucket)
);
"""

# Whether an event is what a step of a funnel, or a goal, asks for: its name, its page (itself, or
# any that a pattern matches) and its properties, compared as text.
FITS = """
create function has_props(props jsonb, wanted jsonb) returns boolean
    language sql immutable parallel safe return not exists (
        select from jsonb_each_text(wanted) w where props ->> w.key is distinct from w.value
    );

create function fits(
    name text, page text, props jsonb,
    wanted_name text, wanted_page text, wanted_pattern text, wanted_props jsonb
) returns boolean language sql immutable parallel safe return
    name = wanted_name and (page = wanted_page or page ~ wanted_pattern)
    and (wanted_props is null or has_props(props, wanted_props));
"""

# How far one visitor got in a funnel, read in one pass over the events in order; of an event that
# fits several steps, the later step comes first.
# starts[k] is the latest start of a chain that got to step k: with a window that counts from
# the first step the latest start dominates every earlier one, so nothing else need be kept.
# latest[k] is when that chain was there, and places[k] the number of that event among all
# events, for funnels that allow nothing in between; got_there and seconds are of the first
# chain that ever got there.
FUNNEL = """
create type funnel_progress as (
    starts timestamptz[],
    latest timestamptz[],
    places bigint[],
    got_there timestamptz[],
    seconds double precision[]
);

create function funnel_advance(
    progress funnel_progress, happened timestamptz, step integer, place bigint,
    window_seconds double precision
) returns funnel_progress language plpgsql immutable parallel safe as $$
declare
    start timestamptz := case when step = 1 then happened else progress.starts[step - 1] end;
begin
    if start is null or happened > start + make_interval(secs => window_seconds)
        or (step > 1 and progress.places[step - 1] <> place - 1) then
        return progress;
    end if;
    if progress.seconds[step] is null then
        progress.got_there[step] := happened;
        progress.seconds[step] := case when step = 1 then 0
            else extract(epoch from happened - progress.latest[step - 1]) end;
    end if;
    if progress.starts[step] is distinct from start
        or progress.places[step] is distinct from place then
        progress.starts[step] := start;
        progress.latest[step] := happened;
        progress.places[step] := place;
    end if;
    return progress;
end $$;

create aggregate funnel_walk(timestamptz, integer, bigint, double precision) (
    sfunc = funnel_advance,
    stype = funnel_progress,
    initcond = '({},{},{},{},{})'
);

-- Any order: latest[s] is when step s happened last; the number of steps that happened within the
-- window before this event is how far the visitor is.
create function funnel_gather(
    progress funnel_progress, happened timestamptz, step integer, place bigint,
    window_seconds double precision
) returns funnel_progress language plpgsql immutable parallel safe as $$
declare
    others timestamptz[];
    reached integer;
begin
    progress.latest[step] := happened;
    select array_agg(t order by t desc), count(*) into others, reached
    from unnest(progress.latest) t where t >= happened - make_interval(secs => window_seconds);
    if progress.seconds[reached] is null then
        progress.got_there[reached] := happened;
        progress.seconds[reached] := case when reached = 1 then 0
            else extract(epoch from happened - others[2]) end;
    end if;
    return progress;
end $$;

create aggregate funnel_collect(timestamptz, integer, bigint, double precision) (
    sfunc = funnel_gather,
    stype = funnel_progress,
    initcond = '({},{},{},{},{})'
);
"""


def upgrade() -> None:
    for statements in (ACCOUNTS, VISITOR, ROLLUPS, FITS, FUNNEL):
        op.execute(text(statements.replace(":", r"\:")))
    create_time_table("event", EVENT, "time", EVENT_INDEXES)
    create_time_table("visit", VISIT, "started", VISIT_INDEXES)
    create_time_table("bot_event", BOT_EVENT, "time", BOT_EVENT_INDEXES)


def create_time_table(name: str, table: str, column: str, indexes: str) -> None:
    """A hypertable of weekly chunks, or a table partitioned by time."""
    if has_timescaledb():
        op.execute(table)
        op.execute(
            f"select create_hypertable('{name}', by_range('{column}', interval '7 days'), "
            "create_default_indexes => false)"
        )
    else:
        op.execute(f"{table} partition by range ({column})")
    op.execute(indexes)


def has_timescaledb() -> bool:
    """Whether this database has the extension; api.db.migrate decides about creating it."""
    found = op.get_bind().execute(text("select 1 from pg_extension where extname = 'timescaledb'"))
    return found.first() is not None


def downgrade() -> None:
    for aggregate in ("funnel_walk", "funnel_collect"):
        op.execute(f"drop aggregate {aggregate}(timestamptz, integer, bigint, double precision)")
    op.execute("drop function funnel_advance, funnel_gather, fits, has_props")
    op.execute("drop type funnel_progress")
    op.execute(
        "drop table rollup_dirty, rollup_state, bot_event, visitor, visit, event, salt, "
        "membership, site, app_user"
    )
