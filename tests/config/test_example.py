"""The example file and the starter file: made of the declarations, and well themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.config import example as module
from aragora_sync.config import load_config
from aragora_sync.config.example import EXAMPLE_FILE, as_yaml, example, main, our_classes, starter
from aragora_sync.config.nodes import Node, parse

from .toys import TOYS

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Load


REAL = example(our_classes())  # before toys take the place of the real connectors


def test_file_at_the_top_of_the_repository_is_fresh() -> None:
    assert EXAMPLE_FILE.read_text(encoding="utf-8") == REAL, f"stale; run: {module.COMMAND}"


def test_file_at_the_top_of_the_repository_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # with the real connectors

    assert len(load_config(EXAMPLE_FILE, environ={}).tenants) == 2


def test_example_syncs_this_repository_into_two_tenants(load: Load, tmp_path: Path) -> None:
    enabled = [
        (tenant.id, one.id, one.options["root"], one.options["include_patterns"])
        for tenant in load(example(TOYS)).tenants
        for one in tenant.connectors
        if one.enabled
    ]

    assert enabled == [
        ("workspace-1", "docs", tmp_path, ["*.md"]),
        ("workspace-2", "source", tmp_path / "aragora_sync", ["*.py"]),
    ]


def test_every_other_type_stands_there_disabled_and_lacks_nothing(load: Load) -> None:
    others = [one for tenant in load(example(TOYS)).tenants for one in tenant.connectors if not one.enabled]

    assert [(one.type, one.lacks) for one in others] == [("notion", ()), ("postgresql", ())]


def test_entry_is_complete_with_help_and_values() -> None:
    assert example({"filesystem": TOYS["filesystem"], "notion": TOYS["notion"]}).endswith("""
      # Pages and databases of Notion.
      # Credential ARAGORA_NOTION_TOKEN: the secret of an internal integration
      - type: notion
        enabled: false
        # Name of the workspace. Required.
        workspace: acme
        # Databases to sync, by id. By default [].
        databases: [d1, d2]
        # How far the first sync reaches back, in days.
        days_back: 90
        # How pages are written. One of markdown, text.
        content: markdown
        # Columns by database. By default {}.
        columns: {d1: [Name]}
        # Where Notion is. Else read from ARAGORA_NOTION_URL.
        base_url: https://api.notion.com
""")


@pytest.mark.parametrize("name", ["parallel", "reconcile_every", "enabled", "keep_deleted_days", "provider"])
def test_what_is_common_to_all_is_explained_once(name: str) -> None:
    text = example({"filesystem": TOYS["filesystem"]})

    assert sum(line.lstrip("# ").startswith(f"{name}:") for line in text.splitlines()) == 1


def test_lines_stay_short() -> None:
    assert max(map(len, example(TOYS).splitlines())) <= 120


def test_commented_part_is_well_when_it_is_uncommented(load: Load) -> None:
    text = example(TOYS)
    store = text[text.index("# store:") : text.index("# # Folder of the state")]

    assert load(store.replace("# ", "", 1).replace("\n#", "\n") + "connectors: [{type: filesystem, root: .}]")


def test_starter_is_well_as_it_is(load: Load, tmp_path: Path) -> None:
    ((tenant),) = load(starter()).tenants

    assert [(one.type, one.id, one.options["root"]) for one in tenant.connectors] == [
        ("filesystem", "documents", tmp_path)
    ]


def test_check_tells_whether_the_file_is_stale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "EXAMPLE_FILE", tmp_path / "connectors.example.yaml")
    monkeypatch.setattr(module, "our_classes", lambda: TOYS)
    before = main(["--check"])
    written = main([])
    after = main(["--check"])

    assert (before, written, after) == (1, 0, 0)


text = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | text | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_written_values_are_read_back(value: Any) -> None:
    assert plain(parse(f"x: {as_yaml(value)}").root) == {"x": value}


def plain(node: Node | None) -> object:
    value = node.value if node else None
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value
