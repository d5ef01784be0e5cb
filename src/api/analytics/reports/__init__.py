"""All reports, in the order in which they are documented.

A new report is a module here, with its parameters, its rows and its entry, its .sql file beside it,
and one line in this list. Its route, its documentation and its CSV form follow from that, and so do
the tests that its SQL is valid and that its slots are declared.
"""

from typing import Any

from api.analytics.report import Report
from api.analytics.reports.anomalies import ANOMALIES
from api.analytics.reports.bots import BOTS
from api.analytics.reports.breakdowns import DEVICES, ENTRIES, EXITS, LOCATIONS, TRAFFIC_SOURCES
from api.analytics.reports.churn import CHURN
from api.analytics.reports.conversions import CONVERSIONS
from api.analytics.reports.correlations import CORRELATIONS
from api.analytics.reports.engagement import ENGAGEMENT, ENGAGEMENT_FREQUENCY
from api.analytics.reports.events import CUSTOM_EVENTS
from api.analytics.reports.forecast import FORECAST
from api.analytics.reports.funnel import FUNNEL, FUNNEL_VISITORS
from api.analytics.reports.goals import GOALS
from api.analytics.reports.heatmap import HEATMAP
from api.analytics.reports.imported import IMPORTED
from api.analytics.reports.js_errors import JS_ERRORS
from api.analytics.reports.lifecycle import LIFECYCLE
from api.analytics.reports.pages import PAGES
from api.analytics.reports.paths import PATHS
from api.analytics.reports.retention import RETENTION
from api.analytics.reports.revenue import REVENUE
from api.analytics.reports.rfm import RFM, RFM_CUSTOMERS
from api.analytics.reports.segments import SEGMENTS
from api.analytics.reports.sessions import SESSIONS, SESSIONS_SERIES
from api.analytics.reports.stickiness import STICKINESS
from api.analytics.reports.timeseries import TIMESERIES
from api.analytics.reports.values import VALUES
from api.analytics.reports.web_vitals import WEB_VITALS

REPORTS: tuple[Report[Any], ...] = (
    TIMESERIES,
    PAGES,
    TRAFFIC_SOURCES,
    DEVICES,
    LOCATIONS,
    ENTRIES,
    EXITS,
    SESSIONS,
    SESSIONS_SERIES,
    PATHS,
    FUNNEL,
    FUNNEL_VISITORS,
    RETENTION,
    LIFECYCLE,
    STICKINESS,
    CUSTOM_EVENTS,
    GOALS,
    REVENUE,
    CONVERSIONS,
    RFM,
    RFM_CUSTOMERS,
    CHURN,
    ENGAGEMENT,
    ENGAGEMENT_FREQUENCY,
    SEGMENTS,
    HEATMAP,
    WEB_VITALS,
    JS_ERRORS,
    BOTS,
    VALUES,
    IMPORTED,
    FORECAST,
    ANOMALIES,
    CORRELATIONS,
)
