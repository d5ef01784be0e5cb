"""A short run of the races; the long one is `python -m chaos.refreshes`, see docs/testing.md."""

from api.db.engine import Profile
from chaos.refreshes import Plan, carry_out, settings_for
from conftest import servers
from servers import fresh_database


async def test_rollups_are_exact_after_kills_at_any_moment(profile: Profile) -> None:
    plan = Plan(kills=4, writers=2)
    print(f"seed {plan.seed}")
    address = servers.address(profile)
    assert address
    with fresh_database(address) as url:
        books = await carry_out(plan, settings_for(url, profile))
    assert books.backends_killed + books.processes_killed == plan.kills
    assert books.buckets_compared > 5_000
    assert books.history_compared > 500
    assert books.expired_rows == 0
    assert books.balanced, books
