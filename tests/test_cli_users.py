"""Commands about accounts, as an operator uses them."""

import asyncio

import httpx
import pytest
from typer.testing import CliRunner

from api.db.engine import Profile
from cli.__main__ import cli
from conftest import SECRET, servers
from main import build_app
from servers import fresh_database
from settings import Settings

PASSWORD, NEW = "a long enough password", "another good password"


@pytest.mark.slow
def test_commands_change_accounts() -> None:
    address = servers.address(Profile.PLAIN)
    assert address is not None
    with fresh_database(address) as url:
        settings = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "TIMESCALEDB": "off"}

        def user(*words: str, code: int = 0) -> str:
            done = CliRunner().invoke(cli, ["user", *words], env=settings)
            assert done.exit_code == code, done.output
            assert PASSWORD not in done.output
            return done.output.strip()

        weak = user("create", "a@test.example", "--password", "password1", code=2)
        assert "commonest" in weak
        made = ("create", "ann@test.example", "--username", "ann", "--password", PASSWORD)
        assert user(*made, "--superuser") == "ann"
        assert user("list").split("\t")[1:] == ["ann", "ann@test.example", "superuser"]
        assert "no account" in user("activate", "nobody", code=1)
        for words in (("deactivate", "ann"), ("superuser", "ann", "--revoke")):
            assert "last active superuser" in user(*words, code=1)
        user("superuser", "Ann", "--revoke", "--force")
        user("deactivate", "ANN@test.example")
        assert user("list").endswith("inactive")
        user("activate", "ann")
        user("second-factor-off", "ann")
        link = user("reset", "ann")
        asyncio.run(follow(Settings(database_url=url, secret_key=SECRET, jobs=False), link))
        user("password", "ann", "--password", PASSWORD)


async def follow(settings: Settings, link: str) -> None:
    """Sets a new password by a link that was printed; it is good once."""
    base, _, token = link.partition("#reset=")
    assert base == f"{settings.address}/login"
    app = build_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        body = {"token": token, "password": NEW}
        path = "/api/auth/password/reset"
        answers = [await client.post(path, json=body) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 401]
        answer = await client.post("/api/auth/login", json={"username": "ann", "password": NEW})
        assert answer.status_code == 200
