"""The command line: serve, migrate, import-log, import-from, demo, user, key, site, explain …"""

import gc
from collections.abc import Generator
from contextlib import contextmanager
from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

COMMANDS = {
    "serve": "cli.serve:serve",
    "migrate": "cli.upkeep:migrate",
    "import-log": "cli.import_log:import_log_files",
    "export": "cli.archives:export_command",
    "import": "cli.archives:import_command",
    "backup": "cli.backup:backup",
    "restore": "cli.backup:restore",
    "import-from": "cli.import_export:import_from",
    "demo": "cli.upkeep:demo",
    "explain": "cli.explain:explain_report",
    "doctor": "cli.upkeep:doctor",
    "alert-secret": "cli.upkeep:show_alert_secret",
    "notebook": "cli.notebook:notebook",
    "site": "cli.sites:commands",
    "user": "cli.users:commands",
    "key": "cli.keys:commands",
    "sql-role": "cli.sql_roles:commands",
    "jobs": "cli.upkeep:jobs",
    "rejected": "cli.rejected:commands",
    "imported": "cli.import_export:commands",
}
"""Where each command is, or each group of commands. A command imports what it needs: all of them
together take twice as long as most of them alone."""

OPTIONS: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False}


class Commands(TyperGroup):
    """The commands, imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        with without_collection():
            found = resolve_name(COMMANDS[cmd_name])
        if isinstance(found, typer.Typer):
            return named(get_group(found), cmd_name)
        alone = typer.Typer(**OPTIONS)
        alone.command()(found)
        return named(get_command(alone), cmd_name)


def named(command: Any, name: str) -> Any:
    command.name = name
    return command


@contextmanager
def without_collection() -> Generator[None]:
    """Imports without garbage collection: what they make stays, and looking through it again and
    again was a fifth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def run() -> None:
    """Runs and maintains the analytics service."""


cli = typer.Typer(cls=Commands, callback=run, no_args_is_help=True, **OPTIONS)

if __name__ == "__main__":
    cli()
