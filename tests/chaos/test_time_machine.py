"""A week of the time machine; the hundred days are `python -m chaos.time_machine`
(docs/testing.md).

It goes over the end of March, when clocks change in Berlin, has every disturbance once, and follows
six weeks of history: so raw data expires in it, on Monday by the retention of the installation and
on Thursday by that of a site.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.db.engine import Profile
from chaos.clock import Clock, missing
from chaos.plan import Plan
from chaos.time_machine import machine
from conftest import servers
from servers import offers_timescaledb


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """A clock that can be moved, and shows the real time at first."""
    if why := missing():
        pytest.skip(why)
    return Clock(tmp_path / "clock", datetime.now(UTC))


def test_process_sees_moved_clock(clock: Clock) -> None:
    script = "import time\nwhile input(): print(time.time(), flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, **clock.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        for move in (timedelta(0), timedelta(days=60), timedelta(days=-61, microseconds=-1)):
            clock.move(move)
            before = clock.now()
            process.stdin.write("now\n")
            process.stdin.flush()
            seen = datetime.fromtimestamp(float(process.stdout.readline()), UTC)
            assert before <= seen <= clock.now()
        process.stdin.write("\n")


WAITS = """
import asyncio, ctypes, threading, time
libc = ctypes.CDLL(None)

class Moment(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]

def sem_timedwait():
    semaphore = ctypes.create_string_buffer(64)
    libc.sem_init(semaphore, 0, 0)
    until = time.time_ns() + 200_000_000
    libc.sem_timedwait(semaphore, ctypes.byref(Moment(until // 10**9, until % 10**9)))

for wait in (
    lambda: time.sleep(0.2),
    lambda: threading.Event().wait(0.2),
    lambda: asyncio.run(asyncio.sleep(0.2)),
    sem_timedwait,
):
    started = time.monotonic()
    wait()
    print(time.monotonic() - started)
"""


@pytest.mark.parametrize("days", [-9000, 0, 9000])
def test_waits_last_as_long_under_moved_clock(clock: Clock, days: int) -> None:
    clock.move(timedelta(days=days))
    environment = {**os.environ, **clock.environment}
    run = [sys.executable, "-c", WAITS]
    done = subprocess.run(run, env=environment, check=True, capture_output=True, timeout=60)
    waited = [float(line) for line in done.stdout.splitlines()]
    assert len(waited) == 4
    assert min(waited) >= 0.19, waited


@pytest.mark.parametrize("profile", [Profile.PLAIN, Profile.TIMESCALE], indirect=True)
def test_numbers_and_sizes_are_right_whatever_the_clock_does(profile: Profile) -> None:
    if why := missing():
        pytest.skip(why)
    own = servers.address(Profile.PLAIN)
    assert own
    if profile is Profile.TIMESCALE and not offers_timescaledb(own):
        pytest.skip("the embedded server, which alone sees a moved clock, has no TimescaleDB")
    plan = Plan(
        days=7,
        profile=profile,
        start=datetime(2027, 2, 8, tzinfo=UTC),
        history_days=45,
        step_hours=8,
        visits_a_day=8,
        share=0.15,
    )
    print(f"seed {plan.seed}")
    with machine(plan) as made:
        made.run()
        assert made.examination.compared > 300
        assert not made.findings.counts, f"seed {plan.seed}\n{made.findings}"
