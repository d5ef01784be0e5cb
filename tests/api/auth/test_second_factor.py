"""The second factor: a code beside the password, once."""

from typing import Any

import httpx
import pytest
from pyotp import parse_uri
from pyotp.totp import TOTP

from api.auth.second_factor import step_of
from api.db.database import Database
from people import PASSWORD, Person
from refusals import is_refusal
from submitting import change

pytestmark = pytest.mark.any_engine

FACTOR = "/auth/second-factor"


class Guarded:
    """Somebody with a second factor."""

    def __init__(self, person: Person, database: Database) -> None:
        self.person = person
        self.database = database
        self.secret = ""
        self.codes: list[str] = []

    async def set_up(self) -> "Guarded":
        begun = await self.person.ask("POST", FACTOR, {"password": PASSWORD})
        assert begun.status_code == 200, begun.text
        self.secret = begun.json()["secret"]
        confirmed = await self.person.ask("POST", f"{FACTOR}/confirm", {"code": self.code()})
        assert confirmed.status_code == 200, confirmed.text
        self.codes = confirmed.json()["codes"]
        return self

    def code(self) -> str:
        return TOTP(self.secret).now()

    async def next_code(self) -> str:
        """A code that is good although the one of these 30 seconds was used."""
        again = "update app_user set totp_last_step = 0 where id = %s"
        await change(self.database, again, self.person.number)
        return self.code()

    async def log_in(self, **more: Any) -> httpx.Response:
        return await self.person.log_in(**more)


@pytest.fixture
async def guarded(client: httpx.AsyncClient, database: Database) -> Guarded:
    """Somebody who has set up a second factor."""
    return await Guarded(await Person(client).register(), database).set_up()


async def test_second_factor_is_needed_after_right_password_only(guarded: Guarded) -> None:
    needed = await guarded.log_in()
    assert needed.status_code == 401
    assert is_refusal(needed, "SECOND_FACTOR_NEEDED")
    code = await guarded.next_code()
    for more in ({}, {"code": code}):
        wrong = await guarded.log_in(password="wrong", **more)
        assert is_refusal(wrong, "UNAUTHENTICATED")
    assert (await guarded.log_in(code=code)).status_code == 200


async def test_code_is_good_once(guarded: Guarded) -> None:
    code = await guarded.next_code()
    assert (await guarded.log_in(code=f"{code[:3]} {code[3:]}")).status_code == 200
    for wrong in (code, "aaaa-aaaa-aaaa-aaaa", "1234567"):
        again = await guarded.log_in(code=wrong)
        assert again.status_code == 401
        assert is_refusal(again, "WRONG_CODE")


async def test_password_form_takes_code(guarded: Guarded) -> None:
    form = {"username": guarded.person.name, "password": PASSWORD}
    client = guarded.person.client
    needed = await client.post("/api/auth/token", data=form)
    assert is_refusal(needed, "SECOND_FACTOR_NEEDED")
    code = await guarded.next_code()
    taken = await client.post("/api/auth/token", data=form | {"code": code})
    client.cookies.clear()
    assert taken.status_code == 200


async def test_recovery_code_is_good_once_and_stored_as_hash(guarded: Guarded) -> None:
    first, second = guarded.codes[:2]
    assert len({*guarded.codes}) == 10
    assert (await guarded.log_in(code=first.upper())).status_code == 200
    assert is_refusal(await guarded.log_in(code=first), "WRONG_CODE")
    left = await guarded.person.ask("GET", FACTOR)
    assert left.json() == left.json() | {"recovery_codes": 9}
    assert left.json()["since"]
    other = await Guarded(await Person(guarded.person.client).register(), guarded.database).set_up()
    assert is_refusal(await other.log_in(code=second), "WRONG_CODE")
    rows = await change(guarded.database, "select encode(hash, 'hex'), hash from recovery_code")
    assert not any(second.replace("-", "") in str(row) for row in rows)


async def test_wrong_codes_are_limited(guarded: Guarded, app: Any) -> None:
    app.state.login_tries.by_both.take(f"203.0.113.7 {guarded.person.name}", 9)
    statuses = [(await guarded.log_in(code="000000")).status_code for _ in range(2)]
    assert statuses == [401, 429]
    assert (await guarded.log_in(code=await guarded.next_code())).status_code == 429


async def test_missing_code_takes_no_try(guarded: Guarded, app: Any) -> None:
    app.state.login_tries.by_both.take(f"203.0.113.7 {guarded.person.name}", 9)
    for _ in range(3):
        assert is_refusal(await guarded.log_in(), "SECOND_FACTOR_NEEDED")
    assert (await guarded.log_in(code=await guarded.next_code())).status_code == 200


async def test_second_factor_counts_after_a_code_was_confirmed(
    client: httpx.AsyncClient, database: Database
) -> None:
    person = await Person(client).register()
    early = await person.ask("POST", f"{FACTOR}/confirm", {"code": "123456"})
    assert is_refusal(early, "CONFLICT")
    wrong = await person.ask("POST", FACTOR, {"password": "wrong"})
    assert is_refusal(wrong, "FORBIDDEN")
    begun = (await person.ask("POST", FACTOR, {"password": PASSWORD})).json()
    uri = parse_uri(begun["uri"])
    assert (uri.secret, uri.name, uri.issuer) == (begun["secret"], person.name, "Analytics")
    refused = await person.ask("POST", f"{FACTOR}/confirm", {"code": "abcdef"})
    assert is_refusal(refused, "FORBIDDEN")
    assert (await person.log_in()).status_code == 200
    assert (await person.ask("GET", FACTOR)).json() == {"since": None, "recovery_codes": 0}


async def test_second_factor_is_turned_off_by_password_and_code(guarded: Guarded) -> None:
    person, code = guarded.person, await guarded.next_code()
    assert is_refusal(await person.ask("POST", FACTOR, {"password": PASSWORD}), "CONFLICT")
    for body in ({"password": "wrong", "code": code}, {"password": PASSWORD, "code": "000000"}):
        assert is_refusal(await person.ask("POST", f"{FACTOR}/disable", body), "FORBIDDEN")
    body = {"password": PASSWORD, "code": code}
    assert (await person.ask("POST", f"{FACTOR}/disable", body)).status_code == 204
    assert (await guarded.log_in()).status_code == 200
    assert (await person.ask("GET", FACTOR)).json() == {"since": None, "recovery_codes": 0}
    await guarded.set_up()


def test_code_is_good_for_a_step_before_and_after() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B
    for moment, code in ((1111111109, "081804"), (20000000000, "353130")):
        own = moment // 30
        for delta, step in ((-60, None), (-30, own), (0, own), (30, own), (60, None)):
            assert step_of(secret, code, moment + delta) == step
