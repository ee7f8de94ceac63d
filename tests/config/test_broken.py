"""Whatever is wrong with a file is said with its place, and never with a value."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aragora_sync.config import load_config
from aragora_sync.core.errors import ConfigError

if TYPE_CHECKING:
    from .conftest import Load, Refused

TABLE = Path(__file__).with_name("broken.txt").read_text(encoding="utf-8")
CASES = dict(case.split("\n", 1) for case in TABLE.split("### ")[1:])

PLANTED = "hunter2-correct-horse"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_problem_of_a_broken_file_is_said_exactly(case: str, refused: Refused) -> None:
    text, *problems = case.replace("⇥", "\t").rstrip().split("→ ")

    assert refused(text) == [problem.rstrip() for problem in problems]


@pytest.mark.parametrize("name", ["\0", "\a", "\ufeff", "\x7f"])
def test_invisible_characters_are_named(name: str, refused: Refused) -> None:
    said = f"2:9: the invisible character U+{ord(name):04X} is not allowed here; delete it"

    assert refused(f"connectors:\n- type: {name}notion\n") == [said]


def test_bytes_that_are_not_utf_8_have_a_place() -> None:
    Path("latin.yaml").write_bytes("connectors:\n- größe: 1".encode("latin-1"))

    with pytest.raises(ConfigError, match=r"^latin\.yaml:2:5: this is not UTF-8; save the file as UTF-8$"):
        load_config("latin.yaml", environ={})


def test_utf_16_is_recognised() -> None:
    Path("windows.yaml").write_text("connectors: []", encoding="utf-16")

    with pytest.raises(ConfigError, match=r"^windows\.yaml: this is UTF-16; save the file as UTF-8$"):
        load_config("windows.yaml", environ={})


def test_missing_file_names_itself_and_the_next_command() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("none.yaml", environ={})

    assert (caught.value.message, caught.value.hint) == ("none.yaml: there is no such file", "aragora-sync init")


def test_folder_is_no_file() -> None:
    Path("folder").mkdir()

    with pytest.raises(ConfigError, match=r"^folder: this is a folder; name the file in it$"):
        load_config("folder", environ={})


def test_file_that_may_not_be_read_says_why() -> None:
    Path("loop.yaml").symlink_to("loop.yaml")

    with pytest.raises(ConfigError, match=r"^loop\.yaml: cannot be read: Too many levels of symbolic links$"):
        load_config("loop.yaml", environ={})


def test_file_name_with_nul_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config("a\0b.yaml", environ={})


def test_endless_file_is_refused(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aragora_sync.config.load.MOST_BYTES", 1000)

    assert refused("#" * 1001) == [" larger than 1,000 bytes; that is no configuration"]


# Hostile structures: refused in a blink, without using memory


def doubling(levels: int) -> str:
    lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"x-{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels)]
    return "\n".join(lines)


def merging(levels: int) -> str:
    lines = ["x-0: &a0 {k0: 1}"]
    lines += [f"x-{level}: &a{level} {{<<: *a{level - 1}, k{level}: 1}}" for level in range(1, levels)]
    return "\n".join(lines)


def chained(levels: int) -> str:
    return "\n".join(["x-0: &a0 [x]", *(f"x-{level}: &a{level} [*a{level - 1}]" for level in range(1, levels))])


HOSTILE = {
    "aliases of aliases": (doubling(30), "more than 1,000,000 values, counting what aliases stand for"),
    "merges of merges": (merging(3000), "more than 1,000,000 values, counting what aliases stand for"),
    "aliases in a chain": (chained(3000), "nested deeper than 50 levels"),
    "brackets": ("connectors: " + "[" * 100_000, "nested deeper than 50 levels"),
    "braces": ("connectors: " + "{a: " * 100_000, "nested deeper than 50 levels"),
    "dashes": ("connectors: \n" + "- " * 100_000, "nested deeper than 50 levels"),
}


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_structure_is_refused_quickly(text: str, said: str, refused: Refused) -> None:
    begun = time.process_time()

    (problem,) = refused(text)

    assert re.sub(r"^\d+:\d+: ", "", problem) == said
    assert time.process_time() - begun < 1


def test_numbers_of_thousands_of_digits_are_refused(refused: Refused) -> None:
    (problem,) = refused(f"connectors:\n- {{type: notion, workspace: a, days_back: {'9' * 5000}}}\n")

    assert problem == "2:43: connectors[0] (notion): option 'days_back': expected a finite number"


# Secrets


PLACES = {
    "token": "connectors:\n- {type: notion, workspace: a, credentials: {NOTION_TOKEN: %s, OTHER: %s}}",
    "token that is no text": "connectors:\n- {type: notion, workspace: a, credentials: {NOTION_TOKEN: [%s]}}",
    "credentials as text": "connectors:\n- {type: notion, workspace: a, credentials: %s}",
    "options": "connectors:\n- {type: notion, workspace: [%s], databases: %s, days_back: %s, columns: %s, content: %s}",
    "common options": "connectors:\n- {type: notion, workspace: a, parallel: %s, enabled: %s, schedule: %s}",
    "schedule": "connectors:\n- {type: notion, workspace: a, schedule: {interval_hours: %s, cron: [%s], nothing: %s}}",
    "unknown option": "connectors:\n- {type: notion, workspace: a, password: %s}",
    "provider": "credentials: {provider: %s, options: %s}\nstore: %s\nconnectors: %s\nstate_dir: [%s]",
    "tenants": "tenants:\n- {shared_credentials: %s, credentials: %s, connectors: %s}\n- %s",
    "syntax": "connectors:\n- type: notion\n  workspace: %s: %s",
    "unclosed": "connectors:\n- type: notion\n  workspace: '%s",
    "alias": "connectors:\n- type: notion\n  workspace: *%s",
    "tag": "connectors:\n- type: notion\n  workspace: !%s x",
    "reserved": "connectors:\n- type: notion\n  workspace: @%s",
    "malformed variable": "connectors:\n- type: notion\n  workspace: ${%s!}",
    "path": "store: {path: ~%s/x}\nconnectors: []",
}


@pytest.mark.parametrize("text", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("written", [PLANTED, "'${PLANTED}'"], ids=["in the file", "in a variable"])
def test_no_error_contains_a_value(text: str, written: str, refused: Refused) -> None:
    said = "\n".join(refused(text.replace("%s", written), PLANTED=PLANTED))

    assert said
    assert PLANTED not in said


def test_nothing_that_was_loaded_shows_a_value(load: Load) -> None:
    config = load(
        "credentials: {provider: 'a.b:C', options: {token: '${PLANTED}'}}\n"
        "tenants:\n- credentials: {NOTION_TOKEN: '${PLANTED}'}\n  connectors:\n"
        "  - {type: notion, workspace: a, credentials: {NOTION_TOKEN: '${PLANTED}'}}\n",
        PLANTED=PLANTED,
    )

    assert PLANTED not in repr(config)
    assert PLANTED not in repr(config.tenants[0].connectors[0].build(config.tenants[0]))
