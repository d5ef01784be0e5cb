"""A hundred days in an hour: the service, its PostgreSQL and its jobs under one moved clock.

    PYTHONPATH=src:tests python -m chaos.time_machine --days 100 --profile plain --seed 7

Sites in three time zones get visits every simulated hour, some late, some twice. Raw data expires
on the way. The service is stopped and killed, its server too, and the clock goes back and ahead.
Before and after each week's expiry all reports are compared with what the oracle says of the events
that were acknowledged, and every table, index and log is measured. What is wrong is printed at once
and counted in the end. A seed makes the same choices again, if not the same moments.
"""

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import psutil

from api.db.engine import Profile
from chaos.clock import Clock, missing
from chaos.examination import Examination, Subject, moment
from chaos.findings import Findings
from chaos.growth import Sample, broken, log_files, logs_of, rows_of, sizes_of, summary_of, table_of
from chaos.installation import Installation
from chaos.questions import all_asked
from chaos.traffic import Sent, Traffic, in_batches, wire
from oracle.histories import DAY, GOALS, HOUR, MINUTE
from oracle.site import Site

SECRET = "f0e1d2c3b4a5968778695a4b3c2d1e0f"

ZONES = {
    "berlin": "Europe/Berlin",
    "saopaulo": "America/Sao_Paulo",
    "kathmandu": "Asia/Kathmandu",
}

OWN_RETENTION = {"saopaulo": 44}
"""Days; the other sites keep what the installation says."""

EVENTS = "/api/events/"

LOGIN = 400 * DAY
"""How long a login lasts: events with one that has ended would be taken for those of a stranger."""

RECOVERY_SECONDS = 45
"""How long the service may take to be ready again after its server was killed."""


@dataclass
class Plan:
    """What is to happen."""

    days: float = 100
    profile: Profile = Profile.PLAIN
    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(10**9))
    start: datetime = datetime(2026, 12, 14, tzinfo=UTC)
    """A Monday, from which on something happens."""
    history_days: float = 0
    """How much of it was before the service was started, and is sent then."""
    step_hours: float = 2
    visits_a_day: float = 40
    """To each site."""
    share: float = 1
    """Of the questions, how many are asked each Tuesday; on Sundays it is a third of that. Of
    those about what is only summed up, all are."""
    retention: int = 30
    without: Sequence[str] = ()
    """Disturbances that are left out."""

    @property
    def begin(self) -> datetime:
        """What the clock shows at first."""
        return self.start + timedelta(days=self.history_days, hours=6)


@dataclass(frozen=True)
class Regular:
    """Something that happens again and again."""

    first: datetime
    every: timedelta

    def is_due(self, lower: datetime, upper: datetime) -> bool:
        """Whether a time for it lies in (lower, upper]."""
        before, after = ((time - self.first) // self.every for time in (lower, upper))
        return after >= 0 and after > before


@dataclass
class Measured:
    """A site, what happens on it, and what the service acknowledged."""

    key: str
    zone: ZoneInfo
    days: int
    """For which raw data is kept."""
    traffic: Traffic
    arrivals: list[Sent] = field(default_factory=list[Sent])

    def line(self, now: datetime) -> datetime:
        """The Monday of UTC before which raw data is gone by the settings."""
        day = (now - timedelta(days=self.days)).replace(hour=0, minute=0, second=0, microsecond=0)
        return day - timedelta(days=day.weekday())


class Machine:
    """Lets time pass."""

    def __init__(self, plan: Plan, installation: Installation) -> None:
        self.plan = plan
        self.installation = installation
        self.clock = installation.clock
        self.random = random.Random(f"{plan.seed} machine")
        self.findings = Findings(self.clock.now)
        self.examination = Examination(installation, self.findings)
        self.sites = [
            Measured(
                key,
                ZoneInfo(zone),
                OWN_RETENTION.get(key, plan.retention),
                Traffic(f"{plan.seed} {key}", ZoneInfo(zone), plan.visits_a_day),
            )
            for key, zone in ZONES.items()
        ]
        self.samples: list[Sample] = []
        self.target = plan.begin
        self.disturbances = {
            name: (self.regular(day, hour, every), disturb)
            for name, (day, hour, every, disturb) in {
                "stop": (2, 11, 9, self.stop_and_start),
                "kill": (3, 13, 8, self.kill_service),
                "back": (4, 9, 10, self.clock_back),
                "server": (5, 15, 11, self.kill_server),
                "ahead": (6, 14, 30, self.clock_ahead),
            }.items()
            if name not in plan.without
        }
        self.before_expiry, self.after_expiry = self.weekly(6, 20), self.weekly(1, 9)

    def regular(self, day: int, hour: int, every: int) -> Regular:
        """Something every so many days, for the first time on a day after the beginning."""
        midnight = self.plan.begin.replace(hour=0)
        return Regular(midnight + timedelta(days=day, hours=hour), every * DAY)

    def weekly(self, weekday: int, hour: int) -> Regular:
        """Something every week; 0 is Monday."""
        return Regular(self.plan.start + timedelta(days=weekday, hours=hour), 7 * DAY)

    # ------------------------------------------------------------------------------- beginning

    def begin(self) -> None:
        """Starts everything, and sends what happened before."""
        self.installation.start()
        self.installation.log_in()
        with self.installation.connect() as connection:
            # The server waits by the monotonic clock: a minute of its own would be days of ours.
            connection.execute("alter system set autovacuum_naptime = '1s'")
            connection.execute("select pg_reload_conf()")
        for site in self.sites:
            self.make_site(site)
            if self.plan.history_days:
                site.traffic.happen_for_days(self.plan.start, self.clock.now())
        self.deliver()
        self.do_round()

    def make_site(self, site: Measured) -> None:
        """Makes a site as an operator does, with goals."""
        told = ("--domain", f"{site.key}.example", "--timezone", site.zone.key)
        self.installation.command("site", "create", site.key, *told, "--visibility", "public")
        if site.key in OWN_RETENTION:
            self.installation.command("site", "retention", site.key, str(site.days))
        for goal in GOALS:
            answer = self.installation.post("/api/goals", {"site": site.key, **goal.wire})
            assert answer.status_code == 201, answer.text

    # ------------------------------------------------------------------------------ time passes

    def run(self) -> None:
        """Everything, step by step."""
        self.begin()
        end = self.plan.begin + timedelta(days=self.plan.days)
        while self.target < end:
            before, self.target = self.target, self.target + self.plan.step_hours * HOUR
            self.pass_time(self.target - self.clock.now())
            for name, (regular, disturb) in self.disturbances.items():
                if regular.is_due(before, self.target):
                    print(f"{self.clock.now():%Y-%m-%d %H:%M} {name}", flush=True)
                    disturb()
            if self.before_expiry.is_due(before, self.target):
                self.check(self.plan.share / 3)
            if self.after_expiry.is_due(before, self.target):
                self.check(self.plan.share)
        self.check(self.plan.share)

    def pass_time(self, by: timedelta) -> None:
        """What happens in this time, and a round of the jobs after it."""
        self.let_happen(by)
        self.deliver()
        self.do_round()
        if not self.installation.recovers(10):
            self.findings.note("not ready", self.installation.service.output()[-1000:])

    def let_happen(self, by: timedelta) -> None:
        """Puts the clock on. What happens meanwhile waits to be sent."""
        lower = self.clock.now()
        self.clock.move(by)
        for site in self.sites:
            site.traffic.happen(lower, self.clock.now())

    def do_round(self) -> None:
        """A round of the jobs."""
        outcome = self.installation.do_round()
        if outcome != "done":
            log = self.installation.rounds_log.read_text()
            self.findings.note("a round of the jobs failed", f"{outcome}\n{log[-1000:]}")

    def deliver(self) -> None:
        """Sends what has to be sent by now, until it is acknowledged."""
        for site in self.sites:
            for batch in in_batches(site.traffic.due(self.clock.now())):
                self.send(site, batch)

    def send(self, site: Measured, batch: Sequence[Sent]) -> None:
        """Sends a batch, and writes down what was acknowledged."""
        body = [{"site": site.key, **wire(event)} for event in batch]
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
                site.arrivals.append(event)
            else:
                said = f"{site.key}: {event.time}, {rejected[place]}"
                self.findings.note(f"event refused: {rejected[place]['code']}", said)

    # ------------------------------------------------------------------------------ disturbances

    def stop_and_start(self) -> None:
        """The service and its server are restarted as an operator does."""
        self.installation.stop()
        self.installation.start()

    def kill_service(self) -> None:
        """The service is killed while events arrive."""
        self.let_happen(30 * MINUTE)
        with ThreadPoolExecutor(1) as threads:
            delivery = threads.submit(self.deliver)
            time.sleep(self.random.uniform(0, 0.3))
            self.installation.kill_service()
            self.installation.start()
            delivery.result()

    def kill_server(self) -> None:
        """The server is killed in the middle of a round; the service has to see to it."""
        self.installation.begin_round()
        time.sleep(self.random.uniform(0, 0.4))
        self.installation.kill_server(everybody=self.random.random() < 0.5)
        self.installation.end_round()
        if not self.installation.recovers(RECOVERY_SECONDS):
            self.findings.note(
                "the service does not recover from the death of its server",
                self.installation.service.output()[-500:],
            )
            self.installation.kill_service()
            self.installation.start()

    def clock_back(self) -> None:
        """The clock goes back an hour, in which visitors come again."""
        self.clock.move(-HOUR)
        self.pass_time(20 * MINUTE)

    def clock_ahead(self) -> None:
        """The clock is sixty days ahead for some seconds, in which jobs are done."""
        self.clock.move(60 * DAY)
        for _ in range(2):
            self.do_round()
            time.sleep(2)
        self.clock.move(-60 * DAY)
        for site in self.sites:
            self.check_line(site)

    # ----------------------------------------------------------------------------------- checks

    def check(self, share: float) -> None:
        """Asks all about every site, or a share of it, and measures."""
        started, before = time.monotonic(), self.examination.compared
        for site in self.sites:
            kept = self.check_line(site)
            if kept:
                self.check_raw_data(site, kept)
            now = self.clock.now()
            told = Site(site.arrivals, GOALS)
            asked = all_asked(self.plan.start, now, site.zone)
            some = [one for one in asked if one.summed_up or self.random.random() < share]
            self.examination.examine(Subject(site.key, told, kept), some)
        self.measure()
        print(
            self.state(self.examination.compared - before, time.monotonic() - started), flush=True
        )

    def check_line(self, site: Measured) -> datetime | None:
        """Since when raw data of a site is kept, which has to be as long as it is told to."""
        answer = self.installation.get(f"/api/sites/{site.key}/retention").json()
        kept = moment(answer["kept_since"]) if answer["kept_since"] else None
        now = self.clock.now()
        if kept and kept > site.line(now):
            self.findings.note("raw data goes too early", f"{site.key}: {kept}, {site.days} days")
        late = site.line(now - DAY)
        is_old = any(event.time < late for event in site.arrivals)
        if is_old and (kept is None or kept < late):
            self.findings.note("raw data stays", f"{site.key}: since {kept}, {site.days} days")
        return kept

    def check_raw_data(self, site: Measured, kept: datetime) -> None:
        """Nothing is there that is gone by the line; of visits, nothing a week older."""
        with self.installation.connect() as connection:
            for table, moment, since in (
                ("event", "time", kept),
                ("visit", "started", kept - 7 * DAY),
            ):
                question = (
                    f"select count(*) from {table} join site on site.id = site_id"
                    f" where key = %s and {moment} < %s"
                )
                row = connection.execute(question.encode(), [site.key, since]).fetchone()
                if row and row[0]:
                    self.findings.note("rows stay behind the line", f"{site.key}: {row[0]} {table}")

    def measure(self) -> None:
        """How large everything is."""
        now = self.clock.now()
        with self.installation.connect() as connection:
            sizes = sizes_of(connection)
            rows = rows_of(connection, now)
        sizes |= logs_of(self.installation.data, self.installation.service.log)
        events = sum(len(site.arrivals) for site in self.sites)
        sample = Sample(now, events, sizes, rows)
        self.samples.append(sample)
        kept = sum(
            event.time > now - (site.days + 14) * DAY
            for site in self.sites
            for event in site.arrivals
        )
        for bound in broken(sample, kept, (now - self.plan.begin) / DAY):
            self.findings.note(f"too large: {bound.partition(':')[0]}", bound)

    def state(self, compared: int, seconds: float) -> str:
        """A line about where the run is."""
        process = self.installation.service.process
        assert process
        lines = ", ".join(f"{site.key} {self.line_of(site)}" for site in self.sites)
        return (
            f"{self.clock.now():%Y-%m-%d %H:%M}: {self.samples[-1].events:,} events,"
            f" {compared} answers compared in {seconds:.0f} s,"
            f" {sum(self.findings.counts.values())} findings; kept since {lines};"
            f" {self.installation.round_seconds / self.installation.rounds_done:.2f} s a round,"
            f" service {psutil.Process(process.pid).memory_info().rss >> 20} MB\n"
            + summary_of(self.samples[-1])
        )

    def line_of(self, site: Measured) -> str:
        """Since when raw data of a site is kept."""
        return self.installation.get(f"/api/sites/{site.key}/retention").json()["kept_since"]


@contextmanager
def machine(plan: Plan) -> Iterator[Machine]:
    """A machine on an installation of its own, which is ended in the end."""
    with TemporaryDirectory(prefix="analytics-chaos-") as name:
        clock = Clock(Path(name), plan.begin)
        installation = Installation(
            Path(name),
            clock,
            SECRET_KEY=SECRET,
            ACCESS_TOKEN_EXPIRE_MINUTES=str(LOGIN // MINUTE),
            DEMO="false",
            TIMESCALEDB="off" if plan.profile is Profile.PLAIN else "auto",
            RETENTION_DAYS=str(plan.retention),
            COLUMNSTORE_AFTER_DAYS="15",
            ANSWER_WITHIN_SECONDS="30",
        )
        try:
            yield Machine(plan, installation)
        finally:
            installation.close()


def frequent(path: Path) -> str:
    """The most frequent lines of a log, whatever their numbers."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    kinds = Counter(re.sub(r"\d+", "N", line)[:160] for line in lines)
    return "\n".join(f"{times:>7} x {line}" for line, times in kinds.most_common(12))


def report(done: Machine) -> str:
    """Everything that there is to say in the end."""
    installation = done.installation
    logs = [*log_files(installation.data), installation.service.log, installation.rounds_log]
    told = [table_of(done.samples)]
    told += [f"{log.name}\n{frequent(log)}" for log in logs]
    told.append(
        f"seed {done.plan.seed}: {done.plan.days:g} days on {done.plan.profile},"
        f" {done.examination.compared:,} answers compared, {done.examination.refused:,} refused;"
        f" {done.installation.rounds_done:,} rounds"
    )
    told.append(str(done.findings) or "nothing is wrong")
    return "\n\n".join(told)


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the plan from the command line and carries it out; 0 when nothing is wrong."""
    plan = Plan(**vars(options().parse_args(arguments)))
    if why := missing():
        print(why)
        return 1
    print(f"seed {plan.seed}", flush=True)
    with machine(plan) as made:
        made.run()
        print(report(made))
        return 1 if made.findings.counts else 0


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m chaos.time_machine", description=__doc__)
    default = Plan()
    kinds: dict[str, Callable[[str], object]] = {
        "days": float,
        "profile": Profile,
        "seed": int,
        "start": moment,
        "history_days": float,
        "step_hours": float,
        "visits_a_day": float,
        "share": float,
        "retention": int,
    }
    for name, kind in kinds.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, default=getattr(default, name))
    kinds_of_trouble = ["stop", "kill", "back", "server", "ahead"]
    parser.add_argument("--without", nargs="+", choices=kinds_of_trouble, default=())
    return parser


if __name__ == "__main__":
    sys.exit(main())
