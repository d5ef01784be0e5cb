"""What is counted and what is kept summed up, as data. How: api.db.rollup.

A new rollup is one entry here; a new measure is one line in its fact.
"""

from datetime import timedelta

from api.db.rollup import Fact, Rollup

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

VISITS = Fact(
    name="visits",
    table="visit",
    time="started",
    measures={
        "visits": "1",
        # A visit without a page view can neither bounce nor dilute the bounce rate.
        "viewed": "(pageviews > 0)::int",
        "bounces": "(pageviews = 1 and interactions = 0)::int",
        "seconds": "extract(epoch from ended - started)",
        "views": "pageviews",
    },
)

EVENTS = Fact(
    name="events",
    table="event",
    time="time",
    measures={
        "pageviews": "(name = 'pageview')::int",
        "custom_events": "(name not in ('pageview', 'engagement'))::int",
        "engaged": "case when name in ('pageview', 'engagement') then coalesce(duration, 0)"
        " else 0 end",
    },
)

VISIT_MEASURES = ("visits", "viewed", "bounces", "seconds", "views")

FACTS = (VISITS, EVENTS)

ROLLUPS = (
    Rollup("traffic", VISITS, HOUR, measures=VISIT_MEASURES),
    Rollup("activity", EVENTS, HOUR, measures=("pageviews", "custom_events")),
    Rollup(
        "sources",
        VISITS,
        HOUR,
        dimensions=("channel", "source", "referrer_domain", "medium", "campaign"),
        measures=VISIT_MEASURES,
    ),
    Rollup(
        "pages",
        EVENTS,
        DAY,
        dimensions=("page",),
        measures=("pageviews", "engaged"),
        condition="name in ('pageview', 'engagement')",
    ),
)
