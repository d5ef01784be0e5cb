"""Every regular expression of the product, found in its source, and the worst texts for each."""

import ast
import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from re import _parser  # pyright: ignore[reportAttributeAccessIssue]
from typing import Any

SRC = Path(__file__).parents[2] / "src"

METHODS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "subn", "split")


@dataclass(frozen=True)
class Expression:
    """A regular expression, where it stands, and the ways in which it is used."""

    name: str
    pattern: re.Pattern[Any] | None
    """None when it is not known before it is used."""
    methods: tuple[str, ...] = ("search",)


def expressions() -> Iterator[Expression]:
    """Every regular expression of the product."""
    for path in sorted(SRC.rglob("*.py")):
        text = path.read_text()
        if re.search(r"\bre\.|pattern=|import re|from re ", text):
            yield from expressions_of(path, text)


def expressions_of(path: Path, text: str) -> Iterator[Expression]:
    """Those of a module."""
    module = ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
    names = vars(importlib.import_module(module))
    tree = ast.parse(text)
    assert not [
        node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "re"
    ]
    for place in top(tree):
        for call in ast.walk(place):
            if isinstance(call, ast.Call) and (made := made_by(call)):
                name = name_of(place)
                known = patterns_of(call, made, names, name)
                methods = used(name, path) if made == "compile" else (made,)
                for pattern in known or (None,):
                    yield Expression(f"{module}:{name}", pattern, methods)


def top(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements of a module; of a class its own, too."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from node.body
        else:
            yield node


def name_of(place: ast.stmt) -> str:
    """What a definition or an assignment is called."""
    match place:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case _:
            return f"line {place.lineno}"


def made_by(call: ast.Call) -> str:
    """The function of the standard library that makes or uses a regular expression here; '' for
    any other call. What a model checks text with is searched for."""
    function = ast.unparse(call.func)
    if function in ("Meta", "Field", "StringConstraints", "Query", "Path", "constr"):
        return "search" if any(keyword.arg == "pattern" for keyword in call.keywords) else ""
    module, _, name = function.rpartition(".")
    return name if module == "re" and name in ("compile", *METHODS) else ""


def patterns_of(
    call: ast.Call, made: str, names: dict[str, Any], name: str
) -> Sequence[re.Pattern[Any]]:
    """The compiled expressions of a call; none where they depend on what happens."""
    keywords = [keyword.value for keyword in call.keywords if keyword.arg == "pattern"]
    wanted = call if made == "compile" else (keywords or call.args)[0]
    try:
        found = eval(compile(ast.Expression(wanted), "", "eval"), dict(names))
    except NameError:
        return [*within(names.get(name))]
    return [re.compile(found)]


def within(value: object) -> Iterator[re.Pattern[Any]]:
    """The compiled expressions in a constant."""
    if isinstance(value, re.Pattern):
        yield value
    if isinstance(value, tuple | list):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from within(item)  # pyright: ignore[reportUnknownArgumentType]


def used(name: str, path: Path) -> tuple[str, ...]:
    """How a constant is used, in its own module or another one."""
    texts = (other.read_text() for other in sorted(SRC.rglob("*.py")))
    calls = re.compile(rf"\b{re.escape(name)}\.(\w+)\(")
    methods = {method for text in texts for method in calls.findall(text)} & {*METHODS}
    return tuple(sorted(methods)) or ("search",)


PREFIXES = ("", '"', "//", "?", "a")
PREFIXES_OF_PAIRS = PREFIXES[:2]
"""Pairs are many: all prefixes with each take minutes."""


def pumps(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """Texts that, repeated after a prefix, could be slow to look through: what it is made of, and
    all pairs of that. Prefix and text."""
    pieces = sorted({*parts(_parser.parse(pattern.pattern, pattern.flags)), "a", "1", " "})
    yield from product(PREFIXES, pieces)
    yield from product(PREFIXES_OF_PAIRS, ("".join(pair) for pair in product(pieces, repeat=2)))


def parts(tree: Any) -> Iterator[str]:
    """The characters that an expression names, one of each class, and the words it consists of."""
    word = ""
    for operation, value in [*tree, (None, None)]:
        if str(operation) == "LITERAL":
            word += chr(value)
            yield chr(value)
            continue
        if len(word) > 1:
            yield word
        word = ""
        yield from inner(str(operation), value)


def inner(operation: str, value: Any) -> Iterator[str]:
    """What an operation other than a literal brings."""
    match operation, value:
        case "ANY" | "NOT_LITERAL", _:
            yield "x"
        case "RANGE", (first, _):
            yield chr(first)
        case "CATEGORY", category:
            yield {"SPACE": " ", "DIGIT": "7"}.get(str(category).rpartition("_")[2], "w")
        case "IN", items:
            for item in items:
                yield from parts([item])
        case "BRANCH", (_, branches):
            for branch in branches:
                yield from parts(branch)
        case _, tuple():
            for item in value:
                if isinstance(item, _parser.SubPattern):
                    yield from parts(item)
        case _, _parser.SubPattern():
            yield from parts(value)
        case _:
            pass
