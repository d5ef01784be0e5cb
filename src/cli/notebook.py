"""The command `notebook`: JupyterLab with a client of this installation."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from api.administration.key_store import NewKey, create_key, revoke_key
from api.auth.keys import Scope
from api.db.database import Database
from api.sites.directory import DEMO_SITE
from bootstrap import FIRST_USERNAME
from cli.installation import read_settings, with_migrated_database
from cli.keys import find_user

ROOT = Path(__file__).parents[2]

KEY_DAYS = 7
"""After how many days the key expires, should the command be killed before it revokes it."""


def notebook(
    account: Annotated[
        str, typer.Option(help="The account that reads; its key is revoked at the end.")
    ] = FIRST_USERNAME,
    site: Annotated[str, typer.Option(help="The site of calls that name none.")] = DEMO_SITE,
) -> None:
    """Starts JupyterLab on the notebooks, with the address of the running service and a new API key
    in the environment: `Analytics()` needs no arguments."""
    if find_spec("jupyterlab") is None:
        raise typer.BadParameter(
            "JupyterLab is missing; nbs/requirements.txt lists what to install"
        )
    address = read_settings().address
    number, key = with_migrated_database(lambda database, _: new_key(database, account))
    named = {"ANALYTICS_URL": address, "ANALYTICS_KEY": key, "ANALYTICS_SITE": site}
    found = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    path = {"PYTHONPATH": os.pathsep.join(found)}
    try:
        run_jupyter(os.environ | named | path)
    finally:
        with_migrated_database(lambda database, _: revoke(database, number))


def run_jupyter(environment: Mapping[str, str]) -> None:
    """Runs JupyterLab until it ends. Of Ctrl-C it asks by itself whether it is meant."""
    command = [sys.executable, "-m", "jupyterlab", str(ROOT / "nbs")]
    jupyter = subprocess.Popen(command, env=environment)  # noqa: S603
    while jupyter.poll() is None:
        with suppress(KeyboardInterrupt):
            jupyter.wait()


async def new_key(database: Database, account: str) -> tuple[int, str]:
    """The number and the text of a new key that reads."""
    user = await find_user(database, account)
    found, key = await create_key(database, user, NewKey("notebook", [Scope.READ], None, KEY_DAYS))
    return found.key.number, key


async def revoke(database: Database, number: int) -> None:
    await revoke_key(database, number)
