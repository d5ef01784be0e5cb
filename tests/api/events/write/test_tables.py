"""How visits become rows."""

from decimal import Decimal
from uuid import uuid4

from psycopg.rows import dict_row

from api.db.database import Database
from api.events.models import Context
from api.events.write.tables import store
from api.events.write.visits import Visit
from api.sites.models import utc_now


def new_visit(context: Context) -> Visit:
    """A visit of one custom event, about to be stored."""
    now = utc_now()
    return Visit(
        id=uuid4(),
        site_id=1,
        visitor_id=4711,
        session_id=None,
        started=now,
        engaged_from=now,
        first_id=uuid4(),
        last_event=now,
        ended=now,
        pageviews=0,
        events=1,
        interactive_events=1,
        revenue=Decimal("1.10"),
        entry=None,
        exit=None,
        context=context,
        visitor_number=0,
        first_seen=now,
    )


async def test_column_of_a_newer_version_gets_its_default(database: Database) -> None:
    """While a service is upgraded, older processes write to the newer schema."""
    visit = new_visit(Context(country="DE", language="de"))
    async with (
        database.writer() as connection,
        connection.transaction(force_rollback=True),
    ):
        await connection.execute("alter table visit add newer text not null default 'unknown'")
        await store(connection, {1}, [], [visit], [], [], [], [], 1)
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute("select * from visit where id = %s", [visit.id])
        row = await cursor.fetchone()
    assert row
    assert (row["newer"], row["country"], row["language"]) == ("unknown", "DE", "de")
    assert (row["entry_page"], row["entry_at"], row["exit_id"]) == ("", None, None)
    assert (row["revenue"], row["is_long"]) == (Decimal("1.10"), False)
