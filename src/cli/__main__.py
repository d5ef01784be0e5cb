"""The command line: serve, migrate, import-log, import-from, demo, user, key, site, explain …"""

import typer

from cli import import_export, keys, rejected, sites, sql_roles, users
from cli.archives import export_command, import_command
from cli.backup import backup, restore
from cli.explain import explain_report
from cli.import_log import import_log_files
from cli.notebook import notebook
from cli.serve import serve
from cli.upkeep import demo, doctor, migrate, run_jobs, show_alert_secret

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Runs and maintains the analytics service.",
)
cli.command()(serve)
cli.command()(migrate)
cli.command("import-log")(import_log_files)
cli.command("export")(export_command)
cli.command("import")(import_command)
cli.command()(backup)
cli.command()(restore)
cli.command("import-from")(import_export.import_from)
cli.command()(demo)
cli.command("explain")(explain_report)
cli.command()(doctor)
cli.command("alert-secret")(show_alert_secret)
cli.command()(notebook)

jobs = typer.Typer(no_args_is_help=True, help="Background jobs.")
jobs.command("run")(run_jobs)

cli.add_typer(sites.commands, name="site")
cli.add_typer(users.commands, name="user")
cli.add_typer(keys.commands, name="key")
cli.add_typer(sql_roles.commands, name="sql-role")
cli.add_typer(jobs, name="jobs")
cli.add_typer(rejected.commands, name="rejected")
cli.add_typer(import_export.commands, name="imported")


if __name__ == "__main__":
    cli()
