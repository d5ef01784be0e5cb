"""A short run of the ledger; the long one is `python -m chaos.ledger`, see docs/testing.md."""

from chaos.ledger import Plan, run


def test_acknowledged_events_survive_every_kill() -> None:
    plan = Plan(kills=3, server_kills=1, threads=4, longest_pause=0.5)
    print(f"seed {plan.seed}")
    books = run(plan)
    assert (books.kills, books.server_kills) == (3, 1)
    assert books.acknowledged > 100
    assert books.balanced, books
