"""Questions are .sql files. This module finds them, fills their slots and binds their values.

A slot is a pair of comments round a default, so that every file is valid SQL as it stands:

    select /*dimension*/ channel /*end*/ as value from visits(:site, :lower, :upper)

Only a Fragment may fill a slot, and it is made of literal text. Values are named :like_this.

/*include counted*/ is the text of counted.sql beside it, /*include ../reports/counted*/ that of
the file at this place; /*include counted value_in=top*/ has its slot `value_in` under the name
`top`.
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
    """A piece of SQL that the program itself contains, with the values it binds."""

    sql: LiteralString
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Statement:
    """A question ready to be run: text in the driver's own form, and the values of its slots."""

    text: LiteralString
    values: Mapping[str, Any]


@cache
def read(path: Path) -> str:
    """The text of a .sql file and of the files it includes, without its prose (a ':word' in a
    comment is no parameter)."""

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
    """The question in this file, its slots filled where a fragment is given.

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
    """The text of a .sql file with the defaults in its slots, in the driver's form."""
    return statement(path).text


async def execute(
    connection: AsyncConnection[Any],
    path: Path,
    values: Mapping[str, Any] | None = None,
    slots: Mapping[str, Fragment] | None = None,
) -> AsyncCursor[Any]:
    """Runs the statement in a .sql file on a connection."""
    text = statement(path, slots).text if slots else text_of(path)
    return await connection.execute(text, values)


@lru_cache(maxsize=256)
def driver_form(text: str) -> LiteralString:
    """:name as %(name)s, which is how psycopg spells it.

    The cast is safe: the text comes from a .sql file and from Fragments, both of which are
    part of the program.
    """
    return cast(LiteralString, PARAMETER.sub(r"%(\1)s", text.replace("%", "%%")))
