"""A site that is measured: what happens on it, what was acknowledged, and how long it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chaos.examination import Subject, moment
from chaos.findings import Findings
from chaos.installation import Installation
from chaos.traffic import Sent, Traffic, in_batches, wire
from oracle.histories import DAY, GOALS
from oracle.site import Site

EVENTS = "/api/events/"

ROWS = {
    "event": "select count(*) from event where time < %s and site_id in",
    "visit": "select count(*) from visit where started < %s - interval '7 days' and site_id in",
}
"""What must not be there any more; visits are kept for a week longer."""


@dataclass
class Measured:
    """A site on an installation."""

    key: str
    zone: ZoneInfo
    days: int
    """For which raw data is kept."""
    traffic: Traffic
    installation: Installation
    findings: Findings
    arrivals: list[Sent] = field(default_factory=list[Sent])
    """What was acknowledged, in the order in which it was."""
    kept_since: datetime | None = None
    """Since when raw data is there, as the service said last."""

    def make(self, keeps_its_own: bool) -> None:
        """Makes the site as an operator does, with goals."""
        told = ("--domain", f"{self.key}.example", "--timezone", self.zone.key)
        self.installation.command("site", "create", self.key, *told, "--visibility", "public")
        if keeps_its_own:
            answer = self.installation.put(f"/api/sites/{self.key}/retention", {"days": self.days})
            assert answer.status_code == 200, answer.text
        for goal in GOALS:
            answer = self.installation.post("/api/goals", {"site": self.key, **goal.wire})
            assert answer.status_code == 201, answer.text

    # -------------------------------------------------------------------------------- sending

    def deliver(self) -> None:
        """Sends what has to be sent by now, until it is acknowledged."""
        for batch in in_batches(self.traffic.due(self.installation.clock.now())):
            self.send(batch)

    def send(self, batch: Sequence[Sent]) -> None:
        """Sends a batch, and writes down what was acknowledged."""
        body = [{"site": self.key, **wire(event)} for event in batch]
        if address := batch[0].address:
            answer = self.installation.post_as_guest(EVENTS, body, address)
        else:
            answer = self.installation.post(EVENTS, body)
        rejected = {one["index"]: one for one in answer.json().get("rejected", ())}
        if answer.status_code not in (200, 201) and not rejected:
            self.findings.note(f"events refused: {answer.status_code}", answer.text)
            return
        for place, event in enumerate(batch):
            if place not in rejected:
                self.arrivals.append(event)
            else:
                said = f"{self.key}: {event.time}, {rejected[place]}"
                self.findings.note(f"event refused: {rejected[place]['error']}", said)

    # ------------------------------------------------------------------------------ retention

    def line(self, now: datetime) -> datetime:
        """The Monday of UTC before which raw data is gone by the settings."""
        day = (now - timedelta(days=self.days)).replace(hour=0, minute=0, second=0, microsecond=0)
        return day - timedelta(days=day.weekday())

    def check_line(self) -> None:
        """Raw data is kept as long as the site is told to; what has expired goes within a day."""
        answer = self.installation.get(f"/api/sites/{self.key}/retention").json()
        self.kept_since = moment(answer["raw_data_since"]) if answer["raw_data_since"] else None
        now, kept = self.installation.clock.now(), self.kept_since
        said = f"{self.key}: since {kept}, of {self.days} days"
        if kept and kept > self.line(now):
            self.findings.note("raw data goes too early", said)
        expired = self.line(now - DAY)
        if (kept is None or kept < expired) and any(e.time < expired for e in self.arrivals):
            self.findings.note("raw data stays", said)

    def check_rows(self) -> None:
        """Nothing is stored that is gone by the line."""
        with self.installation.connect() as connection:
            for table, question in ROWS.items():
                site = f"{question} (select id from site where key = %s)".encode()
                row = connection.execute(site, [self.kept_since, self.key]).fetchone()
                if row and row[0]:
                    said = f"{self.key}: {row[0]} of {table} before {self.kept_since}"
                    self.findings.note("rows stay behind the line", said)

    def still_kept(self) -> int:
        """How many events may be there: lines are Mondays, visits are kept for a week longer."""
        since = self.installation.clock.now() - timedelta(days=self.days + 14)
        return sum(event.time > since for event in self.arrivals)

    def subject(self) -> Subject:
        """The site as it is examined."""
        return Subject(self.key, Site(self.arrivals, GOALS), self.kept_since)
