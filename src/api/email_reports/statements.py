"""Runs the .sql files of e-mail reports."""

from pathlib import Path

from api.events.write.sql import SqlFolder

SQL = Path(__file__).parent / "sql"

execute = SqlFolder(SQL).execute
