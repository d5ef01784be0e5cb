"""Loads .sql files, fills their slots and binds their values.

A slot is a pair of comments around a default, so that every file is valid SQL as it stands:

    select /*dimension*/ channel /*end*/ as value from visits(:site, :lower, :upper)

Only a Fragment may fill a slot, and it consists of literal text. Values are named :like_this.
/*include counted*/ inserts counted.sql of the same folder, /*include ../reports/counted*/ that of
another one; /*include counted value_in=top*/ renames its slot `value_in` to `top`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, LiteralString, cast

from psycopg import AsyncConnection, AsyncCursor

SLOT = re.compile(r"/\*(?P<name>\w+)\*/(?P<default>.*?)/\*end\*/", re.DOTALL)
INCLUDE = re.compile(r"/\*include (?P<path>[\w/.]+)(?P<renamed>(\s+\w+=\w+)*)\*/")
COMMENT = re.compile(r"--[^\n]*|/\*(?!\w+\*/).*?\*/", re.DOTALL)
PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL that is part of the program, with the values that it binds."""

    sql: LiteralString
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL in the form that psycopg expects, and the values of the fragments in it."""

    text: LiteralString
    values: Mapping[str, Any]


@cache
def read(path: Path) -> str:
    """The text of a .sql file and its includes, without comments: a ':word' in one is no
    parameter."""

    def include(match: re.Match[str]) -> str:
        text = read(path.parent / f"{match['path']}.sql")
        for pair in match["renamed"].split():
            slot, _, renamed = pair.partition("=")
            text = text.replace(f"/*{slot}*/", f"/*{renamed}*/")
        return text

    return COMMENT.sub("", INCLUDE.sub(include, path.read_text()))


@cache
def slot_names(path: Path) -> frozenset[str]:
    """The slots that a file has."""
    return frozenset(match["name"] for match in SLOT.finditer(read(path)))


def statement(path: Path, slots: Mapping[str, Fragment] | None = None) -> Statement:
    """The SQL of this file, its slots filled where a fragment is given.

    Raises KeyError when a fragment is given for a slot that the file does not have.
    """
    slots = slots or {}
    text = read(path)
    if unknown := slots.keys() - slot_names(path):
        raise KeyError(f"{path.name} has no slot {sorted(unknown)}")

    def fill(match: re.Match[str]) -> str:
        fragment = slots.get(match["name"])
        return match["default"] if fragment is None else fragment.sql

    values = {key: value for slot in slots.values() for key, value in slot.values.items()}
    return Statement(driver_form(SLOT.sub(fill, text)), values)


@cache
def text_of(path: Path) -> LiteralString:
    """The SQL of a file with the defaults in its slots, in the form that psycopg expects."""
    return statement(path).text


async def execute(
    connection: AsyncConnection[Any],
    path: Path,
    values: Mapping[str, Any] | None = None,
    slots: Mapping[str, Fragment] | None = None,
) -> AsyncCursor[Any]:
    """Runs a .sql file on this connection."""
    text = statement(path, slots).text if slots else text_of(path)
    return await connection.execute(text, values)


@lru_cache(maxsize=256)
def driver_form(text: str) -> LiteralString:
    """SQL with %(name)s for each :name, as psycopg expects.

    The cast is safe: the text comes from .sql files and Fragments, which are part of the program.
    """
    return cast(LiteralString, PARAMETER.sub(r"%(\1)s", text.replace("%", "%%")))
