"""The commands about sites, each as an operator runs it."""

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import pytest

from api.db.engine import Profile
from conftest import SECRET, servers
from processes import cli
from servers import fresh_database


class Commands:
    """The command line on a database of its own."""

    def __init__(self, data_dir: Path, url: str) -> None:
        self.data_dir, self.url = data_dir, url

    def run(self, *arguments: str) -> CompletedProcess[str]:
        environment = {"DATABASE_URL": self.url, "SECRET_KEY": SECRET, "TIMESCALEDB": "off"}
        return cli(self.data_dir, *arguments, **environment)

    def site(self, *arguments: str) -> list[str]:
        """The lines that a command about sites prints."""
        done = self.run("site", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def refused(self, *arguments: str) -> str:
        """What a command prints that fails."""
        done = self.run("site", *arguments)
        assert done.returncode in (1, 2), done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    address = servers.address(Profile.PLAIN)
    assert address is not None
    with fresh_database(address) as url:
        yield Commands(tmp_path_factory.mktemp("commands"), url)


def test_site_is_made_changed_and_deleted_by_commands(commands: Commands) -> None:
    key = f"k{uuid4().hex}"
    done = commands.run("user", "create", "ann@test.example", "--password", "a long password")
    assert done.returncode == 0, done.stderr
    made = commands.site("create", key, "--domain", "shop.example", "--owner", "ann@test.example")
    assert made == [key]
    (member,) = map(json.loads, commands.site("member", "list", key))
    assert (member["email"], member["role"]) == ("ann@test.example", "owner")
    commands.site("rename", key, "My shop")
    commands.site("visibility", key, "public")
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
