"""A hundred days in an hour: the service, its PostgreSQL and its jobs under one moved clock.

    PYTHONPATH=src:tests python -m chaos.time_machine --days 100 --profile plain --seed 7

Sites in three time zones get visits every simulated hour, some late, some twice. Raw data expires
on the way. The service is stopped and killed, its server too, and the clock goes back and ahead.
Before and after each week's expiry all reports are compared with what the oracle says of the events
that were acknowledged, and every table, index and log is measured. What is wrong is printed at once
and counted in the end. A seed makes the same choices again, if not the same moments.
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import psutil

from api.db.engine import Profile
from api.sites.directory import REMEMBER_SECONDS
from chaos.bounds import broken, growing
from chaos.clock import Clock, missing
from chaos.examination import Examination
from chaos.findings import Findings
from chaos.growth import (
    Sample,
    families_of,
    frequent,
    log_files,
    logs_of,
    rows_of,
    sizes_of,
    summary_of,
    table_of,
)
from chaos.installation import Installation
from chaos.measured import Measured
from chaos.plan import OWN_RETENTION, ZONES, Plan, options
from chaos.questions import all_asked
from chaos.traffic import Traffic
from oracle.histories import DAY, HOUR, MINUTE

SECRET = "f0e1d2c3b4a5968778695a4b3c2d1e0f"

LOGIN = 400 * DAY
"""How long a login lasts: events with one that has ended would be taken for those of a stranger."""

RECOVERY_SECONDS = 45
"""How long the service may take to be ready again after its server was killed."""


class Machine:
    """Lets time pass."""

    def __init__(self, plan: Plan, installation: Installation) -> None:
        self.plan = plan
        self.installation = installation
        self.clock = installation.clock
        self.random = random.Random(f"{plan.seed} machine")
        self.findings = Findings(self.clock.now)
        self.examination = Examination(installation, self.findings)
        self.sites = [self.site(key, ZoneInfo(zone)) for key, zone in ZONES.items()]
        self.samples: list[Sample] = []
        self.target = plan.begin
        self.disturbances = {
            "stop": self.stop_and_start,
            "kill": self.kill_service,
            "back": self.clock_back,
            "server": self.kill_server,
            "ahead": self.clock_ahead,
        }

    def site(self, key: str, zone: ZoneInfo) -> Measured:
        """A site in a time zone."""
        days = OWN_RETENTION.get(key, self.plan.retention)
        traffic = Traffic(f"{self.plan.seed} {key}", zone, self.plan.visits_a_day)
        return Measured(key, zone, days, traffic, self.installation, self.findings)

    # ------------------------------------------------------------------------------- beginning

    def begin(self) -> None:
        """Starts everything, and sends what happened before."""
        self.installation.start()
        engine = self.installation.get("/readyz").json()["engine"]
        assert engine == self.plan.profile.value, f"this server is {engine}"
        self.installation.log_in()
        with self.installation.connect() as connection:
            # The server waits by the monotonic clock: a minute of its own would be days of ours.
            connection.execute("alter system set autovacuum_naptime = '1s'")
            connection.execute("select pg_reload_conf()")
        for site in self.sites:
            site.make(keeps_its_own=site.key in OWN_RETENTION)
            if self.plan.history_days:
                site.traffic.happen_for_days(self.plan.start, self.clock.now())
        self.deliver()
        self.do_round()

    # ------------------------------------------------------------------------------ time passes

    def run(self) -> None:
        """Everything, step by step."""
        self.begin()
        end = self.plan.begin + timedelta(days=self.plan.days)
        while self.target < end:
            before, self.target = self.target, self.target + self.plan.step_hours * HOUR
            self.pass_time(self.target - self.clock.now())
            for name, times in self.plan.disturbances.items():
                if times.is_due(before, self.target):
                    print(f"{self.clock.now():%Y-%m-%d %H:%M} {name}", flush=True)
                    self.disturbances[name]()
            if self.plan.before_expiry.is_due(before, self.target):
                self.check(self.plan.share / 3)
            if self.plan.after_expiry.is_due(before, self.target):
                self.check(self.plan.share)
        self.check(self.plan.share)
        for table in growing(self.samples):
            self.findings.note("a table grows that should not", table)

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
        """Sends what has to be sent by now."""
        for site in self.sites:
            site.deliver()

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
            site.check_line()

    # ----------------------------------------------------------------------------------- checks

    def check(self, share: float) -> None:
        """Asks all about every site, or a share of it, and measures."""
        started, before = time.monotonic(), self.examination.compared
        # A line that moved is remembered as it was for some seconds of real time; two rounds of
        # expiry, which are a quarter of an hour apart, may lie within them here.
        time.sleep(REMEMBER_SECONDS + 1)
        for site in self.sites:
            site.check_line()
            if site.kept_since:
                site.check_rows()
            asked = all_asked(self.plan.start, self.clock.now(), site.zone)
            some = [one for one in asked if one.summed_up or self.random.random() < share]
            self.examination.examine(site.subject(), some)
        self.measure()
        compared, seconds = self.examination.compared - before, time.monotonic() - started
        print(self.state(compared, seconds), flush=True)

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
        kept = sum(site.still_kept() for site in self.sites)
        for bound in broken(sample, kept, (now - self.plan.begin) / DAY):
            self.findings.note(f"too large: {bound.partition(':')[0]}", bound)

    def state(self, compared: int, seconds: float) -> str:
        """A line about where the run is."""
        process = self.installation.service.process
        assert process
        lines = ", ".join(f"{site.key} {day_of(site.kept_since)}" for site in self.sites)
        return (
            f"{self.clock.now():%Y-%m-%d %H:%M}: {self.samples[-1].events:,} events,"
            f" {compared} answers compared in {seconds:.0f} s,"
            f" {sum(self.findings.counts.values())} findings; kept since {lines};"
            f" {self.installation.round_seconds / self.installation.rounds_done:.2f} s a round,"
            f" service {psutil.Process(process.pid).memory_info().rss >> 20} MB\n"
            + summary_of(self.samples[-1])
        )


def day_of(time: datetime | None) -> str:
    """A day as it is printed."""
    return f"{time:%Y-%m-%d}" if time else "ever"


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
            COLUMNSTORE_AFTER_DAYS="8",
            ANSWER_WITHIN_SECONDS="30",
        )
        try:
            yield Machine(plan, installation)
        finally:
            installation.close()


def report(done: Machine) -> str:
    """Everything that there is to say in the end."""
    installation = done.installation
    logs = [*log_files(installation.data), installation.service.log, installation.rounds_log]
    told = [table_of(done.samples), families_of(done.samples)]
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


if __name__ == "__main__":
    sys.exit(main())
