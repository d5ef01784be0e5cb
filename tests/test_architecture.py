"""House rules that matter, held by tests."""

import ast
import re
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from settings import Settings

Function = ast.FunctionDef | ast.AsyncFunctionDef

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"

LAYERS = (
    ("providers",),
    ("analytics_client",),
    ("settings",),
    ("api.schema",),
    ("api.errors",),
    ("api.paths", "api.validation"),
    ("api.refusals",),
    ("api.origins",),
    (
        *("api.body_limit", "api.compression", "api.limits", "api.logs", "api.mail"),
        *("api.metrics", "api.retirement", "api.revalidation", "api.text"),
    ),
    ("api.db",),
    ("api.rollups",),
    ("api.sites",),
    ("api.auth",),
    ("api.events",),
    ("api.analytics",),
    ("api.realtime",),
    ("api.submitted",),
    ("api.administration",),
    ("api.sql_access",),
    ("api.jobs", "api.health", "api.version", "importing"),
    ("archives",),
    ("api.openapi",),
    ("tracker", "dashboard"),
    ("main", "bootstrap"),
    ("demo",),
    ("cli",),
)
"""A module imports from its own layer and those above it in this list, never from below."""

LONGEST_TEST_NAME = 75

CONFLICT = re.compile(rb"^(<{7}|>{7}|\|{7}) ", re.MULTILINE)

MODULES = sorted(SRC.rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    return ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")


def layer_of(module: str) -> int | None:
    """The place of a module's layer; None for the packages that only hold others."""
    for place, prefixes in enumerate(LAYERS):
        if any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes):
            return place
    return None


def imports_of(path: Path) -> list[str]:
    """The modules that a file imports, wherever in the file it does."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    own = layer_of(name_of(path))
    for imported in imports_of(path):
        other = layer_of(imported)
        if other is None:
            continue
        assert own is not None, f"{name_of(path)} has no layer"
        assert other <= own, f"{name_of(path)} imports {imported}, which builds upon it"


def test_client_is_imported_by_command_line_only() -> None:
    """It is installed by itself; the layers see to it that it imports nothing of ours."""
    importing = {
        package_of(name_of(path))
        for path in MODULES
        if any(package_of(imported) == "analytics_client" for imported in imports_of(path))
    }
    assert importing <= {"analytics_client", "cli"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_has_docstring(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def package_of(module: str) -> str:
    """The package that a module is part of: api.events, cli, settings."""
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] == "api" else 1])


def imported_elsewhere() -> set[tuple[str, str]]:
    """Every (module, name) that a module of another package imports."""
    return {
        (node.module, alias.name)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
        if package_of(node.module) != package_of(name_of(path))
        for alias in node.names
    }


def test_names_imported_by_other_packages_have_docstrings() -> None:
    imported = imported_elsewhere()
    missing = [
        f"{name_of(path)}.{node.name}"
        for path in MODULES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef | Function) and (name_of(path), node.name) in imported
        if not ast.get_docstring(node)
    ]
    assert len(imported) > 100
    assert not missing


RETIRED = {
    "by_sets": "variants",
    "change_log": "late_log",
    "counted_for": "ranking_slots",
    "declared_as": "fingerprint",
    "finalists": "candidates",
    "finer": "built_from",
    "forget_the_dead": "remove_stale_files",
    "form_of": "fingerprint",
    "hold_writers": "block_writers",
    "introduce": "print_banner",
    "is_brief": "prepare",
    "known_as": "stored_visitor_id",
    "known_fields": "accepted_fields",
    "knows(": "is_folded_in",
    "plain_words": "friendly_errors",
    "pull_back": "put_watermark_back",
    "stand_in": "available_rollups",
    "stored_forms": "stored_rollups",
    "viewers(": "page_visitor_bitmaps",
    "EditedSite": "EditableSite",
    "Fate": "Outcome",
    "class Link(": "PathLink",
    "PatientConnection": "DeadlineConnection",
    "Places(": "GeoLocator",
    "class Share(": "BreakdownRow",
    "class Stage(": "LifecyclePeriod",
    "Stock": "Existing",
    "admission": "rate_limits",
    "edited_site": "editable_site_in_path",
    "event_change": "late_event",
    "fates": "submissions",
    "furnish": "create_defaults",
    "hang_up": "abort",
    "hygiene": "redaction",
    "intake": "ingest",
    "leaders": "top",
    "mark_left": "mark_visitor_departures",
    "may_write_as_others": "can_edit",
    "meet_visitors": "resolve_visitors",
    "of_firsts": "needs_full_history",
    "retention_of_sets": "distinct_visitors",
    "patiently": "wait_at_most",
    "prepared(": "migrated_database",
    "store_batch": "_transaction",
    "store_in_turn": "write_batch",
    "store_with_retries": "_with_retry",
    "take_stock": "load_existing",
    "visit_change": "late_visit",
    "was_cut": "closed_by_server",
    "write_new": "_apply",
}
"""Words that the project once used for what the glossary calls otherwise."""

RETIRED_IN_EVENTS = {
    "Places": "GeoLocator",
    "ask_for_": "query_",
    "fate": "outcome",
    "forget": "delete",
    "wait_for_turn": "lock_sites",
}
"""Words that have another meaning elsewhere."""

DECISIONS = ("docs/decisions/", "docs/benchmarks.md")
"""What was measured and decided at a time is told in the words of that time."""

TEXTS = {
    name: path.read_text()
    for top in ("src", "docs", "tests", "README.md", "CONTRIBUTING.md")
    for path in ([ROOT / top] if top.endswith(".md") else sorted((ROOT / top).rglob("*")))
    if path.suffix in (".py", ".sql", ".md", ".js", ".html")
    if "node_modules" not in path.parts and path != Path(__file__)
    if not (name := str(path.relative_to(ROOT))).startswith(DECISIONS)
}


@pytest.mark.parametrize(("word", "instead"), [*RETIRED.items()])
def test_retired_words_are_not_used(word: str, instead: str) -> None:
    whole = re.compile(rf"(?<!\w){re.escape(word)}" + (r"(?!\w)" if word[-1].isalpha() else ""))
    used = [name for name, text in TEXTS.items() if whole.search(text)]
    assert not used, f"say {instead} instead of {word}"


def test_events_use_no_retired_words() -> None:
    texts = {name: text for name, text in TEXTS.items() if name.startswith("src/api/events/")}
    used = [
        f"{name}: {word} (say {instead})"
        for name, text in texts.items()
        for word, instead in RETIRED_IN_EVENTS.items()
        if word in text
    ]
    assert not used


def test_test_modules_have_distinct_names() -> None:
    """pytest imports them by their names alone."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, number in names.items() if number > 1] == []


def test_no_file_has_markers_of_a_merge_conflict() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    files = [ROOT / name for name in listed.stdout.splitlines()]
    assert [path for path in files if path.is_file() and CONFLICT.search(path.read_bytes())] == []


def test_files_that_documents_name_exist() -> None:
    roots = (ROOT, SRC, SRC / "api", ROOT / "tests")
    named = {
        (name, file)
        for name, text in TEXTS.items()
        if name.endswith(".md")
        for file in re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|sql|md))`", text)
    }
    assert len(named) > 10
    assert not [pair for pair in named if not any((root / pair[1]).exists() for root in roots)]


def test_tables_of_rollups_are_named_in_their_package_only() -> None:
    tables = re.compile(r"\b(rollup_state|rollup_dirty|late_visit|late_event|change_number)\b")
    assert not [
        name
        for name, text in TEXTS.items()
        if name.startswith("src/") and not name.startswith("src/api/rollups/")
        if tables.search(text)
    ]


def test_modules_have_no_vague_names() -> None:
    vague = {"utils", "helpers", "manager", "common", "misc", "service"}
    assert not [path for path in MODULES if path.stem in vague]


CONTAINERS = {"dict", "list", "set", "defaultdict", "deque", "Counter", "OrderedDict"}
WRITES = {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem"}
WRITES |= {"popleft", "remove", "setdefault", "update"}


def containers_of(tree: ast.Module) -> set[str]:
    """The names of dicts, lists and sets that a module makes for itself."""
    made: set[str] = set()
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        value = node.value
        named = value.func if isinstance(value, ast.Call) else None
        displays = ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp
        if isinstance(value, displays) or (isinstance(named, ast.Name) and named.id in CONTAINERS):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            made |= {target.id for target in targets if isinstance(target, ast.Name)}
    return made


def written_in(node: ast.AST) -> set[str]:
    """The names of what this statement or expression writes to, whole or in part."""
    if isinstance(node, ast.Global):
        return {*node.names}
    found: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        found += [target for target in node.targets if isinstance(target, ast.Subscript)]
    if isinstance(node, ast.AugAssign):
        found.append(node.target)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        found += [node.func.value] if node.func.attr in WRITES else []
    for place, whole in enumerate(found):
        while isinstance(whole, ast.Subscript):
            whole = found[place] = whole.value
    return {whole.id for whole in found if isinstance(whole, ast.Name)}


def test_no_function_writes_to_state_of_its_module() -> None:
    found = {
        f"{name_of(path)}.{name}"
        for path in MODULES
        for tree in [ast.parse(path.read_text())]
        for function in ast.walk(tree)
        if isinstance(function, Function)
        for node in ast.walk(function)
        for name in written_in(node)
        if isinstance(node, ast.Global) or name in containers_of(tree)
    }
    assert not found


NO_SUBJECT = re.compile(r"test_(an?|are|at|but|has|have|in|is|its?|on|that|the|they|what|who)_")
"""Begins a riddle, or a name that is complete only with the name of its class."""


def test_test_names_are_short_and_begin_with_their_subject() -> None:
    found = [
        (path, node.name)
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, Function) and node.name.startswith("test_")
    ]
    assert len(found) > 700
    assert not [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in found
        if len(name) > LONGEST_TEST_NAME or NO_SUBJECT.match(name)
    ]


def test_functions_are_short() -> None:
    """The median is under ten lines and nothing is past forty."""
    lengths = sorted(
        (node.end_lineno or 0) - node.body[0].lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[len(lengths) // 2] < 10
    assert lengths[-1] <= 60


def test_layers_are_disjoint() -> None:
    assert all(not set(a) & set(b) for a, b in pairwise(LAYERS))


def test_every_setting_is_documented() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`{name.upper()}`" in readme, f"{name.upper()} is missing in the README"


def test_advisory_locks_are_distinct() -> None:
    """Two kinds of work with one lock wait for each other, some of them for ever."""
    locks = Counter(
        node.value.value
        for path in MODULES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.endswith("LOCK")
        and isinstance(node.value.value, int)
        and node.value.value > 20_000_000
    )
    assert len(locks) > 8
    assert [lock for lock, number in locks.items() if number > 1] == []
