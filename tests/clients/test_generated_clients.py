"""What the tools of others make of the OpenAPI document: linters find nothing to complain of, and
clients that are generated from it work.

The tools are installed for these tests alone, from PyPI and npm.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.db.engine import Profile
from conftest import SECRET, servers
from mailing import mail_server
from main import build_app
from processes import PATIENT, Service, cli, running
from servers import fresh_database
from settings import Settings

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent

document = build_app(Settings(secret_key=SECRET)).openapi()

OWN_CALLS = {"accounts_login", "events_send", "analytics_batch", "jobs_submit"}
OWN_CALLS |= {"sites_create", "sites_change", "sites_delete", "members_invite", "members_transfer"}
OWN_CALLS |= {"members_look_at_invitation", "members_accept_invitation", "members_set_role"}
OWN_CALLS |= {"members_revoke_invitation", "members_remove"}
OWN_CALLS |= {f"accounts_{name}" for name in ("register", "token", "refresh_login", "change_me")}
OWN_CALLS |= {f"accounts_{name}" for name in ("end_login", "end_other_logins", "delete_me")}
OWN_CALLS |= {f"accounts_{name}" for name in ("change_password", "forgot_password", "logout")}
OWN_CALLS |= {f"accounts_{name}_second_factor" for name in ("begin", "confirm", "disable")}
OWN_CALLS |= {"accounts_reset_own_password"}
OWN_CALLS |= {f"accounts_{name}" for name in ("begin_provider_login", "login_by_code")}
OWN_CALLS |= {f"accounts_{name}" for name in ("link_identity", "unlink_identity")}
OWN_CALLS |= {f"users_{name}" for name in ("read", "change", "delete", "disable_second_factor")}
OWN_CALLS |= {f"keys_{name}" for name in ("create", "list_of_site", "revoke", "revoke_of_site")}
OWN_CALLS |= {f"shares_{name}" for name in ("create", "open", "revoke")}
OWN_CALLS |= {f"segments_{name}" for name in ("create", "change", "delete")}
OWN_CALLS |= {f"boards_{name}" for name in ("create", "read", "change", "delete", "answers")}
OWN_CALLS |= {f"boards_{name}" for name in ("add", "change_item", "remove")}
OWN_CALLS |= {f"alerts_{name}" for name in ("create", "change", "delete", "occurrences")}
OWN_CALLS |= {"annotations_create", "annotations_delete", "notifications_read"}
OWN_CALLS |= {"jobs_run_background", "jobs_read_background"}
OWN_CALLS |= {"email_reports_create", "email_reports_delete"}
OWN_CALLS |= {"sites_erase_import_of_site", "analytics_forecast"}
"""The operations that usage.py calls in its own ways, before all others."""

ORDER = ["get", "post", "put", "patch", "delete"]

OPERATIONS = [
    methods[method]["operationId"]
    for method in ORDER
    for methods in document["paths"].values()
    if method in methods and methods[method]["operationId"] not in OWN_CALLS
]
"""All others, those that delete something last."""

OF_PLAUSIBLE = "date,visitors,pageviews,bounces,visits,visit_duration\n2024-05-01,7,9,2,8,90\n"

CONFIG = {"content_type_overrides": {"image/gif": "application/octet-stream"}, "post_hooks": []}

INSTALL_SECONDS, RUN_SECONDS = 600, 600


def installed(command: list[str], folder: Path) -> None:
    """Installs something, or skips the test where that is not possible."""
    try:
        done = run(command, folder, timeout=INSTALL_SECONDS)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{command[0]}: {error}")
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        pytest.skip(f"{Path(command[0]).name} cannot install the generator: {last}")


def run(
    command: list[str], folder: Path, timeout: float = RUN_SECONDS, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the demo site's month of traffic in it, and an import."""
    address = servers.address(Profile.PLAIN)
    assert address is not None
    data_dir = tmp_path_factory.mktemp("clients") / "data"
    with fresh_database(address) as url, mail_server() as (port, _):
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": f"{port}", "SMTP_TLS": "off"}
        mail["SMTP_FROM"] = "stats@test.example"
        environment = {"SECRET_KEY": SECRET, "TIMESCALEDB": "off", "DATABASE_URL": url, **mail}
        with running(data_dir, **environment, **PATIENT) as service:
            numbers = data_dir.with_name("imported_visitors.csv")
            numbers.write_text(OF_PLAUSIBLE)
            taken = ["import-from", "plausible", str(numbers), "--site", "demo"]
            done = cli(data_dir, *taken, **environment)
            assert done.returncode == 0, done.stderr
            yield service


def written(content: Mapping[str, Any], path: Path) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def generated_python(folder: Path) -> dict[str, str]:
    """Generates the Python client in a folder. Returns the environment in which it works."""
    tools = folder / "tools"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    installed([*pip, "--target", str(tools), "-r", str(HERE / "requirements.txt")], folder)
    environment = {"PYTHONPATH": f"{tools}{os.pathsep}{folder}"}
    generate = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    source = ["--path", written(document, folder / "openapi.json")]
    config = ["--config", written(CONFIG, folder / "config.json")]
    target = ["--output-path", str(folder / "generated")]
    made = run([*generate, *source, *config, *target], folder, **environment)
    assert made.returncode == 0, made.stdout + made.stderr
    # The generator has no clients for JSON lines, sent and received, and for text; it names them.
    assert (made.stdout + made.stderr).count("WARNING") == 4, made.stdout + made.stderr
    return environment


def test_python_client_calls_every_operation(service: Service, tmp_path: Path) -> None:
    environment = generated_python(tmp_path)
    login = (service.data_dir / "first-login.txt").read_text().split()[:2]
    script = [sys.executable, str(HERE / "usage.py"), service.base, *login]
    called = run([*script, *OPERATIONS], tmp_path, **environment)
    assert called.returncode == 0, called.stderr
    outcomes = json.loads(called.stdout)
    assert len(outcomes) > 45
    assert not {name: it for name, it in outcomes.items() if it[0] >= 300 or it[1] == "Refusal"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the document, the tools of npm, and their settings."""
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "tsconfig.json", "redocly.yaml", "spectral.yaml"):
        shutil.copy(HERE / name, folder)
    for name in ("usage.ts", "calls.ts"):
        shutil.copy(HERE / name, folder)
    installed(["npm", "install", "--no-audit", "--no-fund", "--silent"], folder)
    written(document, folder / "openapi.json")
    return folder


def npx(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return run(["npx", "--no-install", *command], folder, REDOCLY_TELEMETRY="off")


QUERY = {"site": "demo", "days": 7, "steps": ["/", "/pricing"], "dimension": "page"}
"""Parameters that calls get where they are declared."""

LAST = "accounts_logout"


def calls() -> Iterator[dict[str, Any]]:
    """A call of every operation; the one that ends the login comes last. Bodies are empty: what is
    required is refused, and nothing is changed."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            names = {parameter["name"] for parameter in operation.get("parameters", ())}
            query = {name: value for name, value in QUERY.items() if name in names}
            if "values" not in path:
                query.pop("dimension", None)
            body = {"body": {}} if "requestBody" in operation else {}
            name = operation["operationId"]
            yield {"id": name, "method": method, "path": path, "query": query} | body


def test_typescript_client_calls_every_operation(node: Path, service: Service) -> None:
    for command in (
        ["openapi-typescript", "openapi.json", "--output", "schema.d.ts"],
        ["tsc", "--project", "."],
    ):
        done = npx(node, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    login = (service.data_dir / "first-login.txt").read_text().split()[:2]
    wanted = sorted(calls(), key=lambda call: call["id"] == LAST)
    script = ["node", "built/calls.js", service.base, *login, json.dumps(wanted)]
    called = run(script, node)
    assert called.returncode == 0, called.stderr
    outcomes = json.loads(called.stdout)
    assert outcomes.keys() == {call["id"] for call in wanted}
    read = [outcomes[call["id"]] for call in wanted if call["method"] == "get"]
    assert sum(status == 200 for status, _ in read) > 35
    unwanted = {name: it for name, it in outcomes.items() if it[0] >= 500 or it[0] == 401}
    assert not unwanted
    del outcomes["events_pixel"]  # its refusals are images
    assert not {name: it for name, it in outcomes.items() if it[0] >= 400 and not it[1]}


def test_redocly_finds_neither_errors_nor_warnings(node: Path) -> None:
    done = npx(node, "redocly", "lint", "openapi.json", "--config=redocly.yaml", "--format=json")
    told = json.loads(done.stdout)
    found = [(one["ruleId"], one["message"], one["location"]) for one in told["problems"]]
    assert (done.returncode, found) == (0, [])
    assert told["totals"]["ignored"] == 0


def test_spectral_finds_neither_errors_nor_warnings(node: Path) -> None:
    ruleset = ["--ruleset=spectral.yaml", "--fail-severity=warn"]
    done = npx(node, "spectral", "lint", "openapi.json", *ruleset)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No results" in done.stdout
