"""Commands about accounts, as an operator uses them."""

from pathlib import Path

import httpx
import pytest

from api.db.engine import Profile
from conftest import SECRET, servers
from main import build_app
from processes import cli
from servers import fresh_database
from settings import Settings

pytestmark = pytest.mark.slow

PASSWORD, NEW = "a long enough password", "another good password"


async def test_commands_change_accounts(tmp_path: Path) -> None:
    address = servers.address(Profile.PLAIN)
    assert address is not None
    with fresh_database(address) as url:
        settings = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "TIMESCALEDB": "off"}

        def user(*words: str, code: int = 0) -> str:
            done = cli(tmp_path / "data", "user", *words, **settings)
            assert done.returncode == code, done.stderr
            assert PASSWORD not in done.stdout + done.stderr
            return done.stdout.strip() or done.stderr

        weak = user("create", "a@test.example", "--password", "password1", code=2)
        assert "commonest passwords" in " ".join(weak.split())
        made = ("create", "ann@test.example", "--username", "ann", "--password", PASSWORD)
        assert user(*made, "--superuser") == "ann"
        assert user("list").split("\t")[1:] == ["ann", "ann@test.example", "superuser"]
        assert "no account" in user("deactivate", "nobody", code=1)
        for words in (("deactivate", "ann"), ("superuser", "ann", "--revoke")):
            assert "last active superuser" in user(*words, code=1)
        user("superuser", "Ann", "--revoke", "--force")
        user("deactivate", "ANN@test.example")
        assert user("list").endswith("inactive")
        user("activate", "ann")
        user("second-factor-off", "ann")
        await sets_new_password(Settings(database_url=url, secret_key=SECRET), user("reset", "ann"))
        user("password", "ann", "--password", PASSWORD)


async def sets_new_password(settings: Settings, link: str) -> None:
    """Follows a link that was printed; it is good once."""
    base, _, token = link.partition("#reset=")
    assert base == f"{settings.address}/login"
    app = build_app(settings.model_copy(update={"jobs": False}))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        body = {"token": token, "password": NEW}
        statuses = [
            (await client.post("/api/auth/password/reset", json=body)).status_code for _ in range(2)
        ]
        assert statuses == [204, 401]
        answer = await client.post("/api/auth/login", json={"username": "ann", "password": NEW})
        assert answer.status_code == 200
