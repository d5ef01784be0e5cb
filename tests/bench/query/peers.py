"""ClickHouse and DuckDB in this process, each with its natural schema and its own SQL.

The questions are .sql files of the same names beside this module. `$name` in them is filled with
constants of the benchmark; $uniq and $median are what a service would use of the engine, or the
exact function while answers are compared.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, Protocol

import duckdb
from chdb.session import Session

from bench.query.dataset import Dataset

HERE = Path(__file__).parent

Rows = Sequence[Sequence[Any]]


class Peer(Protocol):
    """Another engine with the same data."""

    name: str

    def ask(self, sql: str, values: Mapping[str, str], exact: bool) -> Rows:
        """The answer to the question in this file."""
        ...

    def size(self) -> int:
        """Bytes on disk."""
        ...


def question(engine: str, name: str, values: Mapping[str, str]) -> str:
    """The text of a question."""
    return Template((HERE / engine / f"{name}.sql").read_text()).substitute(values)


def columns_of(schema: str, table: str) -> str:
    """The columns of a table in a schema.sql (one a line) that the data set brings."""
    body = schema.split(f"create table {table} (\n")[1].split("\n)")[0]
    names = [line.split()[0] for line in body.splitlines()]
    return ", ".join(name for name in names if name != "site_id")


class ClickHouse:
    """ClickHouse as the chdb package has it."""

    name = "clickhouse"
    FAST: Mapping[str, str] = {"uniq": "uniq", "median": "quantile"}
    EXACT: Mapping[str, str] = {"uniq": "uniqExact", "median": "quantileExactInclusive"}

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self.session = Session(str(folder / self.name))
        self.session.query("set session_timezone = 'UTC', input_format_null_as_default = 1")
        schema = question(self.name, "schema", {})
        for statement in schema.split(";"):
            self.session.query(statement)
        for table, file in (("event", dataset.events_file), ("visit", dataset.visits_file)):
            columns = columns_of(schema, table)
            self.session.query(
                f"insert into {table} (site_id, {columns}) select 1, {columns} from file('{file}')"
            )
            self.session.query(f"optimize table {table} final")

    def ask(self, sql: str, values: Mapping[str, str], exact: bool) -> Rows:
        """The answer, parsed from what it is printed as."""
        functions = self.EXACT if exact else self.FAST
        text = question(self.name, sql, {**values, **functions})
        lines = self.session.query(text, "JSONCompactEachRow").data().splitlines()
        return [json.loads(line) for line in lines]

    def size(self) -> int:
        """Of what is not superseded."""
        text = "select sum(bytes_on_disk) from system.parts where active and database = 'default'"
        return int(self.session.query(text, "TSV").data())


class DuckDB:
    """DuckDB in a file of its own."""

    name = "duckdb"

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self.file = folder / "peer.duckdb"
        self.connection = duckdb.connect(str(self.file))
        schema = question(self.name, "schema", {})
        self.connection.execute(schema)
        for table, file in (("event", dataset.events_file), ("visit", dataset.visits_file)):
            columns = columns_of(schema, table)
            self.connection.execute(
                f"insert into {table} (site_id, {columns}) select 1, {columns} from '{file}'"
            )
        self.connection.execute("checkpoint")

    def ask(self, sql: str, values: Mapping[str, str], exact: bool) -> Rows:
        """The answer; DuckDB counts exactly in any case."""
        return self.connection.execute(question(self.name, sql, values)).fetchall()

    def size(self) -> int:
        """Of the file."""
        return self.file.stat().st_size


PEERS = {"chdb": ClickHouse, "duckdb": DuckDB}
