"""Nothing starts on a secret that is missing, weak or published."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cli.installation import read_settings
from processes import service_environment
from settings import Settings, write_private

GOOD = "f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "secret",
        "0123456789abcdef",
        "change-me-change-me-change-me-change-me",
        "replace-this-by-openssl-rand-hex-32-please",
        "your-256-bit-key-goes-here-your-256-bit-key",
        "a" * 64,
        "ab" * 32,
        "0" * 32,
    ],
)
def test_bad_secret_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(database_url="postgresql://db/x", secret_key=secret)
    for problem in refusal.value.errors():
        assert not secret or secret not in problem["msg"]


def test_embedded_database_generates_its_own_secret(tmp_path: Path) -> None:
    first = Settings(database_url="", data_dir=tmp_path).secret
    second = Settings(database_url="", data_dir=tmp_path).secret
    assert first == second
    assert len(first) >= 32
    mode = (tmp_path / "secret_key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_secret_readable_by_others_is_restricted_to_owner(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_text(GOOD)
    path.chmod(0o666)
    assert Settings(database_url="", data_dir=tmp_path).secret == GOOD
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_private_file_is_written_as_new_file(tmp_path: Path) -> None:
    path = tmp_path / "first-login.txt"
    path.write_text("of others")
    path.chmod(0o666)
    with path.open() as reader:
        write_private(path, "secret")
        assert reader.read() == "of others"
    assert path.read_text() == "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_good_secret_is_accepted() -> None:
    assert Settings(database_url="postgresql://db/x", secret_key=GOOD).secret == GOOD


def test_compose_example_holds_no_usable_secret() -> None:
    example = (Path(__file__).parents[1] / ".env.compose").read_text()
    (line,) = [line for line in example.splitlines() if line.startswith("SECRET_KEY=")]
    with pytest.raises(ValidationError):
        Settings(database_url="postgresql://db/x", secret_key=line.removeprefix("SECRET_KEY="))


SAFE = {"retention_days": 90, "columnstore_after_days": 30, "rejected_days": 14}


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"retention_days": 7}, ("a week late",)),
        ({"retention_days": 21}, ("at least 22",)),
        ({"columnstore_after_days": 7}, ("the week before",)),
        ({"retention_days": 36}, ("RETENTION_DAYS (36)", "COLUMNSTORE_AFTER_DAYS (30)", "=0")),
        ({"retention_days": 60, "columnstore_after_days": 90}, ("RETENTION_DAYS (60)",)),
        ({"rejected_days": 91}, ("RETENTION_DAYS (90)", "REJECTED_DAYS (91)", "Lower")),
    ],
)
def test_unsafe_combinations_of_settings_are_refused(
    changed: dict[str, int], names: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(data_dir=Path("x"), **{**SAFE, **changed})
    message = str(refusal.value)
    assert all(name in message for name in names), message


@pytest.mark.parametrize(
    "changed",
    [{}, {"retention_days": 0, "rejected_days": 900}, {"retention_days": 37},
     {"retention_days": 22, "columnstore_after_days": 0}],
)  # fmt: skip
def test_safe_combinations_of_settings_are_accepted(changed: dict[str, int]) -> None:
    Settings(data_dir=Path("x"), **{**SAFE, **changed})


@pytest.mark.slow
def test_start_with_unsafe_settings_names_them(tmp_path: Path) -> None:
    unsafe = service_environment(tmp_path, RETENTION_DAYS="30", COLUMNSTORE_AFTER_DAYS="30")
    start = subprocess.run([sys.executable, "-m", "cli", "serve"], env=unsafe, capture_output=True)
    assert start.returncode == 2
    assert start.stderr.startswith(b"RETENTION_DAYS (30) and COLUMNSTORE_AFTER_DAYS (30)")


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8002"),
        ({"host": "stats.local", "port": 80}, "http://stats.local:80"),
        ({"host": "0.0.0.0"}, "http://localhost:8002"),
        ({"host": "::"}, "http://localhost:8002"),
        ({"host": "fd00::1"}, "http://[fd00::1]:8002"),
        (
            {"host": "0.0.0.0", "base_url": "https://stats.example.com/"},
            "https://stats.example.com",
        ),
    ],
)
def test_address_is_one_that_a_browser_can_open(given: dict[str, Any], address: str) -> None:
    assert Settings(data_dir=Path("x"), **given).address == address


@pytest.mark.parametrize(
    "base_url",
    [
        "stats.example.com",
        "ftp://stats.example.com",
        "https://a.example/path",
        'https://"><script>',
    ],
)
def test_base_url_that_is_no_address_is_refused(base_url: str) -> None:
    with pytest.raises(ValidationError, match=r"https://stats\.example\.com"):
        Settings(data_dir=Path("x"), base_url=base_url)


@pytest.mark.parametrize("proxies", ["proxy", "localhost", "10.0.0.0/33", "127.0.0.1, nginx"])
def test_trusted_proxy_that_is_no_address_is_refused(proxies: str) -> None:
    with pytest.raises(ValidationError):
        Settings(data_dir=Path("x"), trusted_proxies=proxies)


MAIL = {"smtp_host": "mail.example", "smtp_from": "stats@example.com"}


@pytest.mark.parametrize(
    ("mail", "named"),
    [
        ({"smtp_from": ""}, "SMTP_FROM"),
        ({"smtp_tls": "off", "smtp_password": "canary"}, "SMTP_PASSWORD"),
        ({"smtp_tls": "maybe"}, "smtp_tls"),
    ],
)
def test_unsafe_mail_is_refused(mail: dict[str, Any], named: str) -> None:
    Settings(**MAIL)
    with pytest.raises(ValidationError) as refusal:
        Settings(**(MAIL | mail))
    (problem,) = refusal.value.errors()
    assert named in f"{problem['loc']} {problem['msg']}"
    assert "canary" not in problem["msg"]


GOOGLE = {"issuer": "https://accounts.google.com", "client_id": "canary", "client_secret": "canary"}


def with_providers(**changed: Any) -> Settings:
    """Settings with one provider, whose fields are changed; None takes one away."""
    given = {name: value for name, value in (GOOGLE | changed).items() if value is not None}
    return Settings(oidc_providers=json.dumps({"google": given}))  # pyright: ignore


def test_provider_is_read_from_json() -> None:
    google = with_providers(title="Google").oidc_providers["google"]
    assert (google.title, google.client_secret.get_secret_value()) == ("Google", "canary")
    assert "canary'" not in repr(google.client_secret)
    local = with_providers(issuer="http://localhost:9000/realm", client_secret=None)
    assert local.oidc_providers["google"].client_secret.get_secret_value() == ""


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("canary", "OIDC_PROVIDERS is not JSON"),
        ('["canary"]', "OIDC_PROVIDERS is not a JSON object"),
        (json.dumps({"google": GOOGLE | {"issuer": "http://canary.example"}}), "GOOGLE_ISSUER"),
        (json.dumps({"google": GOOGLE | {"issuer": "https://c@anary"}}), "GOOGLE_ISSUER"),
        (json.dumps({"google": GOOGLE | {"client_id": ""}}), "GOOGLE_CLIENT_ID"),
        (json.dumps({"google": GOOGLE | {"secret": "canary"}}), "GOOGLE_SECRET"),
        (json.dumps({"google": {}}), "GOOGLE_CLIENT_ID"),
        (json.dumps({"Goo gle": GOOGLE}), "OIDC_PROVIDERS"),
    ],
)
def test_wrong_provider_refuses_start_without_its_value(
    given: str,
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OIDC_PROVIDERS", given)
    with pytest.raises(SystemExit, match="2"):
        read_settings()
    printed = capsys.readouterr().err
    assert named in printed
    assert "OIDC_PROVIDERS" in printed
    assert "canary" not in printed


@pytest.mark.parametrize("address", ["http://canary.example/hook", "canary", "ftp://canary"])
def test_alert_address_that_is_not_safe_is_refused_unseen(address: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(alert_webhook=address)
    (problem,) = refusal.value.errors()
    assert "ALERT_WEBHOOK" in problem["msg"]
    assert "canary" not in problem["msg"]
    Settings(alert_webhook="https://canary.example/hook")
    Settings(alert_webhook="http://pager:9000/hook", webhook_hosts="pager:9000")
