"""Who may import whom: read from the source with `ast`, so that no import can hide."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "aragora_sync"
MODULES = sorted(ROOT.rglob("*.py"))

# A room may import the rooms after it in its own line, and itself.
ALLOWED = {
    "core": [],
    "extract": ["core"],
    "state": ["core"],
    "store": ["core"],
    "net": ["core"],
    "auth": ["net", "core"],
    "audit": ["core"],
    "report": ["store", "extract", "core"],
    "engine": ["state", "store", "auth", "net", "extract", "core"],
    "connector": ["audit", "engine", "state", "store", "auth", "net", "extract", "core"],
    "oauth": ["audit", "connector", "auth", "net", "core"],
    "scheduler": ["connector", "engine", "store", "core"],
    "connectors": ["audit", "oauth", "connector", "auth", "net", "extract", "core"],
    "serve": ["connector", "store", "core"],
    "config": ["connectors", "oauth", "connector", "engine", "state", "store", "auth", "core"],
    "cli": [
        "audit",
        "config",
        "connectors",
        "report",
        "serve",
        "oauth",
        "connector",
        "engine",
        "state",
        "store",
        "auth",
        "core",
    ],
    "testing": ["connector", "connectors", "engine", "state", "store", "core"],
    "__main__": ["cli", "core"],
    "__init__": ["scheduler", "connectors", "connector", "engine", "state", "store", "auth", "core"],
}
ONLY_IN = {
    "keyring": {"auth"},
    "msal": {"auth"},
    "google_auth_oauthlib": {"auth"},
    "hvac": {"auth"},
    "oauthlib": {"auth"},
    "requests": {"auth"},
    "httpx": {"net"},
    "tenacity": {"net"},
    "typer": {"cli"},
    "rich": {"cli"},
    "yaml": {"config"},
    "sqlite3": {"store", "serve"},
    "waitress": {"serve"},
}
HEAVY = {
    "boto3",
    "botocore",
    "charset_normalizer",
    "cronsim",
    "google",
    "httpx",
    "hvac",
    "keyring",
    "msal",
    "pathspec",
    "psycopg",
    "pydantic",
    "pymongo",
    "requests",
    "rich",
}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Every imported module by its absolute name, and whether that happens when the module is loaded."""
    package = ["aragora_sync", *path.relative_to(ROOT).parts[:-1]]
    tree = ast.parse(path.read_text())
    at_load = {id(node) for node in _at_load(tree.body)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{module}.{alias.name}", id(node) in at_load


def _at_load(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        for inner in ("body", "orelse", "handlers", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _at_load(getattr(node, inner, []))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    room = room_of(path)
    ours = {name.split(".")[1] for name, _ in imports_of(path) if name.startswith("aragora_sync.")}

    assert ours - {room, "__version__"} <= set(ALLOWED[room])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_talks_to_the_world_stays_in_its_room(path):
    theirs = {name.split(".")[0] for name, _ in imports_of(path)}

    for module in theirs & set(ONLY_IN):
        assert room_of(path) in ONLY_IN[module], f"{module} in {path.name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_modules_are_imported_where_they_are_needed(path):
    loaded = {name.split(".")[0] for name, at_load in imports_of(path) if at_load}
    loaded_late = {"cli/live.py": {"rich"}}  # a module that is itself imported where it is needed

    assert not loaded & HEAVY - loaded_late.get(str(path.relative_to(ROOT)), set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_connector_knows_another(path):
    if room_of(path) != "connectors" or path.name == "__init__.py":
        return
    others = {name.split(".")[2] for name, _ in imports_of(path) if name.startswith("aragora_sync.connectors.")}

    assert others <= {path.stem, path.parent.name}


def test_no_file_is_longer_than_400_lines():
    everything = [
        path for folder in ("aragora_sync", "bench", "tests") for path in (ROOT.parent / folder).rglob("*.py")
    ]

    assert [path for path in everything if len(path.read_text().splitlines()) > 400] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_longer_than_40_lines(path):
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]

    assert [each.name for each in functions if (each.end_lineno or 0) - each.lineno >= 40] == []


def test_one_except_exception_stands_around_a_stream():
    found = [
        str(path.relative_to(ROOT))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name) and node.type.id == "Exception"
    ]

    foreign_code = {"auth", "connectors", "cli/building.py", "cli/check.py", "serve/served.py"}  # of others
    ours = [path for path in found if not {path, Path(path).parts[0]} & foreign_code]

    assert ours == ["engine/run.py"]
