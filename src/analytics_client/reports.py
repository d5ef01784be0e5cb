"""A method for each report of the service (GET /api/analytics/schema).

Each takes the parameters of its report (docs/api.md; `from` and `return`, which Python keeps for
itself, are `from_` and `return_`) and returns a data frame: whole numbers, numbers, text and times
with their own dtypes, and the start of each bucket as the index, in the time zone of the site. With
pandas, `attrs` of the data frame has the totals, the query as it was understood, and the units and
meanings of the columns.
"""

from collections.abc import Sequence
from typing import Any, Unpack

from analytics_client import parameters as p
from analytics_client.calls import Call, Flow, Method
from analytics_client.client import Client
from analytics_client.frames import Frame, frame_of
from analytics_client.stats import Order, StatsQuery, table_of_stats


class Reports(Client):
    """The methods that read."""

    @Method
    def timeseries(self, **given: Unpack[p.Timeseries]) -> Flow[Frame]:
        """Visitors, visits and page views over time."""
        return self.report("/api/analytics/timeseries", given)

    @Method
    def pages(self, **given: Unpack[p.Pages]) -> Flow[Frame]:
        """Pages, with entries, exits and bounce rate."""
        return self.report("/api/analytics/pages", given)

    @Method
    def traffic_sources(self, **given: Unpack[p.Breakdown]) -> Flow[Frame]:
        """Where visits came from."""
        return self.report("/api/analytics/traffic-sources", given)

    @Method
    def devices(self, **given: Unpack[p.Breakdown]) -> Flow[Frame]:
        """What visitors use."""
        return self.report("/api/analytics/devices", given)

    @Method
    def locations(self, **given: Unpack[p.Breakdown]) -> Flow[Frame]:
        """Where visitors are."""
        return self.report("/api/analytics/locations", given)

    @Method
    def entries(self, **given: Unpack[p.Breakdown]) -> Flow[Frame]:
        """The pages that visits begin on."""
        return self.report("/api/analytics/entries", given)

    @Method
    def exits(self, **given: Unpack[p.Breakdown]) -> Flow[Frame]:
        """The pages that visits end on."""
        return self.report("/api/analytics/exits", given)

    @Method
    def sessions(self, **given: Unpack[p.Sessions]) -> Flow[Frame]:
        """Visits one by one, with their way through the site."""
        return self.report("/api/analytics/sessions", given)

    @Method
    def sessions_series(self, **given: Unpack[p.SessionsSeries]) -> Flow[Frame]:
        """Visits over time, with mean and median duration."""
        return self.report("/api/analytics/sessions/series", given)

    @Method
    def paths(self, **given: Unpack[p.Paths]) -> Flow[Frame]:
        """The ways that visits take from a page or to one."""
        return self.report("/api/analytics/paths", given)

    @Method
    def funnel(self, **given: Unpack[p.Funnel]) -> Flow[Frame]:
        """How far visitors got through a series of steps."""
        return self.report("/api/analytics/funnel", given)

    @Method
    def funnel_visitors(self, **given: Unpack[p.FunnelVisitors]) -> Flow[Frame]:
        """Who got to a step of a funnel, or no further."""
        return self.report("/api/analytics/funnel/visitors", given)

    @Method
    def retention(self, **given: Unpack[p.Retention]) -> Flow[Frame]:
        """Who came back."""
        return self.report("/api/analytics/retention", given)

    @Method
    def lifecycle(self, **given: Unpack[p.Lifecycle]) -> Flow[Frame]:
        """Who is new, stayed, came back or stayed away."""
        return self.report("/api/analytics/lifecycle", given)

    @Method
    def stickiness(self, **given: Unpack[p.OfVisits]) -> Flow[Frame]:
        """Daily, weekly and monthly active visitors."""
        return self.report("/api/analytics/stickiness", given)

    @Method
    def custom_events(self, **given: Unpack[p.CustomEvents]) -> Flow[Frame]:
        """Custom events and their properties: the report `events`."""
        return self.report("/api/analytics/events", given)

    @Method
    def goals(self, **given: Unpack[p.Goals]) -> Flow[Frame]:
        """How often the saved goals were reached."""
        return self.report("/api/analytics/goals", given)

    @Method
    def revenue(self, **given: Unpack[p.Revenue]) -> Flow[Frame]:
        """Revenue by where the visitors came from."""
        return self.report("/api/analytics/revenue", given)

    @Method
    def conversions(self, **given: Unpack[p.Conversions]) -> Flow[Frame]:
        """Goals reached and orders over time."""
        return self.report("/api/analytics/conversions", given)

    @Method
    def rfm(self, **given: Unpack[p.Rfm]) -> Flow[Frame]:
        """Customers by recency, frequency and money, in segments."""
        return self.report("/api/analytics/rfm", given)

    @Method
    def rfm_customers(self, **given: Unpack[p.RfmCustomers]) -> Flow[Frame]:
        """Customers one by one, with their scores and segment."""
        return self.report("/api/analytics/rfm/customers", given)

    @Method
    def churn(self, **given: Unpack[p.Churn]) -> Flow[Frame]:
        """How likely each identified user is to stay away."""
        return self.report("/api/analytics/churn", given)

    @Method
    def engagement(self, **given: Unpack[p.Engagement]) -> Flow[Frame]:
        """What people use, and how often they come."""
        return self.report("/api/analytics/engagement", given)

    @Method
    def engagement_frequency(self, **given: Unpack[p.Frequency]) -> Flow[Frame]:
        """On how many days people come."""
        return self.report("/api/analytics/engagement/frequency", given)

    @Method
    def segments(self, **given: Unpack[p.Segments]) -> Flow[Frame]:
        """Two segments side by side."""
        return self.report("/api/analytics/segments", given)

    @Method
    def heatmap(self, **given: Unpack[p.Heatmap]) -> Flow[Frame]:
        """When visits begin, by weekday and hour."""
        return self.report("/api/analytics/heatmap", given)

    @Method
    def bots(self, **given: Unpack[p.Bots]) -> Flow[Frame]:
        """Bots, kept apart from visitors."""
        return self.report("/api/analytics/bots", given)

    @Method
    def web_vitals(self, **given: Unpack[p.WebVitals]) -> Flow[Frame]:
        """How fast and steady pages were for those who loaded them."""
        return self.report("/api/analytics/web-vitals", given)

    @Method
    def errors(self, **given: Unpack[p.Errors]) -> Flow[Frame]:
        """What went wrong in the scripts of pages."""
        return self.report("/api/analytics/errors", given)

    @Method
    def values(self, **given: Unpack[p.Values]) -> Flow[Frame]:
        """The values that a dimension has, the most frequent first."""
        return self.report("/api/analytics/values", given)

    @Method
    def imported(self, **given: Unpack[p.Imported]) -> Flow[Frame]:
        """What another product counted, by day or by a dimension: in no other report."""
        return self.report("/api/analytics/imported", given)

    @Method
    def forecast(self, **given: Unpack[p.Forecast]) -> Flow[Frame]:
        """How a metric goes on, with intervals. The method and its back-test are the totals."""
        return self.report("/api/analytics/forecast", given)

    @Method
    def anomalies(self, **given: Unpack[p.Anomalies]) -> Flow[Frame]:
        """When a metric is unlike the same time of the weeks before."""
        return self.report("/api/analytics/anomalies", given)

    @Method
    def correlations(self, **given: Unpack[p.Correlations]) -> Flow[Frame]:
        """Which pages and events go with a conversion."""
        return self.report("/api/analytics/correlations", given)

    @Method
    def event_buckets(self, **given: Unpack[p.EventBuckets]) -> Flow[Frame]:
        """Events over time, by page and name."""
        return self.report("/api/events", given)

    @Method
    def query(
        self,
        metrics: Sequence[str],
        dimensions: Sequence[str] = (),
        filters: Sequence[Any] = (),
        *,
        date_range: str | Sequence[str] = "30d",
        order_by: Sequence[Order] = (),
        limit: int = 10_000,
        offset: int = 0,
        site: str | None = None,
    ) -> Flow[Frame]:
        """Any metrics by any dimensions (docs/api.md, Stats API). Rates are in per cent; times are
        local, and without a zone."""
        asked = StatsQuery(
            site or self.site, metrics, date_range, dimensions, filters, order_by, limit, offset
        )
        answer = yield from self.json(Call("POST", "/api/analytics/query", body=asked.body()))
        return frame_of(table_of_stats(asked, answer), self.frames)

    @Method
    def live(self, site: str | None = None) -> Flow[dict[str, Any]]:
        """The live numbers: visitors now, events of each of the last 30 minutes, the latest."""
        return self.get("/api/realtime/stats", {"site": site})

    @Method
    def schema(self) -> Flow[dict[str, Any]]:
        """The reports, metrics, dimensions and operators that there are."""
        return self.json(Call("GET", "/api/analytics/schema"))
