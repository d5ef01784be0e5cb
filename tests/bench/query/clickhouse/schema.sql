-- Events and visits as a service on ClickHouse keeps them: sorted for questions about a site and
-- some days, texts as dictionaries, and on events a copy of what they are filtered by.
create table event (
    site_id UInt32,
    time DateTime64(3, 'UTC'),
    visitor_id UInt64,
    visit_id UUID,
    id UUID,
    name LowCardinality(String),
    page LowCardinality(String),
    title LowCardinality(String),
    referrer LowCardinality(String),
    duration Float32,
    revenue Decimal64(2),
    currency LowCardinality(String),
    props String,
    channel LowCardinality(String),
    source LowCardinality(String),
    country LowCardinality(String),
    browser LowCardinality(String),
    os LowCardinality(String),
    device LowCardinality(String)
) engine = MergeTree
partition by toYYYYMM(time)
order by (site_id, toDate(time), name, visitor_id, time);

create table visit (
    site_id UInt32,
    started DateTime64(3, 'UTC'),
    visitor_id UInt64,
    id UUID,
    first_seen DateTime64(3, 'UTC'),
    last_event DateTime64(3, 'UTC'),
    ended DateTime64(3, 'UTC'),
    pageviews UInt32,
    events UInt32,
    interactive_events UInt32,
    revenue Decimal64(2),
    entry_page LowCardinality(String),
    exit_page LowCardinality(String),
    referrer_domain LowCardinality(String),
    channel LowCardinality(String),
    source LowCardinality(String),
    medium LowCardinality(String),
    campaign LowCardinality(String),
    country LowCardinality(String),
    region LowCardinality(String),
    city LowCardinality(String),
    browser LowCardinality(String),
    browser_version LowCardinality(String),
    os LowCardinality(String),
    os_version LowCardinality(String),
    device LowCardinality(String),
    screen LowCardinality(String),
    language LowCardinality(String)
) engine = MergeTree
partition by toYYYYMM(started)
order by (site_id, started)
