"""The commands about sites, as an operator gives them."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.db.engine import Profile
from cli.__main__ import cli
from conftest import SECRET, servers
from servers import fresh_database


class Commands:
    """The command line on a database of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=self.environment)

    def site(self, *arguments: str) -> list[str]:
        """The lines that a command about sites prints."""
        done = self.run("site", *arguments)
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()

    def refused(self, *arguments: str) -> str:
        """What a command prints that fails in the expected way."""
        done = self.run("site", *arguments)
        assert done.exit_code in (1, 2), done.output
        assert isinstance(done.exception, SystemExit)
        return done.stderr


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    address = servers.address(Profile.PLAIN)
    assert address is not None
    folder: Path = tmp_path_factory.mktemp("commands")
    with fresh_database(address) as url:
        given = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "TIMESCALEDB": "off"}
        yield Commands(given | {"DATA_DIR": str(folder)})


def test_site_is_made_changed_and_deleted_by_commands(commands: Commands) -> None:
    key = f"k{uuid4().hex}"
    done = commands.run("user", "create", "ann@test.example", "--password", "a long password")
    assert done.exit_code == 0, done.output
    made = commands.site("create", key, "--domain", "shop.example", "--owner", "ann@test.example")
    assert made == [key]
    (member,) = map(json.loads, commands.site("member", "list", key))
    assert (member["email"], member["role"]) == ("ann@test.example", "owner")
    commands.site("rename", key, "My shop")
    commands.site("visibility", key, "public")
    for rules in (["index", "slash"], []):
        commands.site("page-rules", key, *rules)
        (listed,) = map(json.loads, commands.site("list", key))
        assert sorted(listed["page_rules"]) == rules
    assert "slashes" in commands.refused("page-rules", key, "slashes")
    (listed,) = map(json.loads, commands.site("list", "my SHOP"))
    assert {name: listed[name] for name in ("key", "domain", "name", "visibility")} == {
        **{"key": key, "domain": "shop.example"},
        **{"name": "My shop", "visibility": "public"},
    }
    assert commands.refused("create", "other", "--domain", "shop.example")
    assert "of another site" in commands.refused("create", key, "--domain", "x.example")
    assert "domain" in commands.refused("create", "other", "--domain", "https://x/")
    assert "last owner" in commands.refused("member", "remove", key, "ann@test.example")
    assert "no account" in commands.refused("member", "add", key, "nobody")
    assert "no site" in commands.refused("rename", "nothing", "X")
    assert commands.refused("delete", key, "--confirm", "yes")
    assert commands.site("delete", key, "--confirm", key) == []
    assert commands.site("list", key) == []


def test_members_are_added_and_removed_by_commands(commands: Commands) -> None:
    key = f"k{uuid4().hex}"
    commands.run("user", "create", "bob@test.example", "--password", "a long password")
    commands.site("create", key, "--domain", f"{key}.example")
    commands.site("member", "add", key, "bob@test.example", "--role", "editor")
    (member,) = map(json.loads, commands.site("member", "list", key))
    assert (member["email"], member["role"]) == ("bob@test.example", "editor")
    commands.site("member", "add", key, "BOB@test.example", "--role", "admin")
    (member,) = map(json.loads, commands.site("member", "list", key))
    assert member["role"] == "admin"
    commands.site("member", "remove", key, "bob@test.example")
    assert commands.site("member", "list", key) == []
