"""Scalars as YAML 1.2 reads them, places as an editor counts them, and no text that breaks the reader."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.config import load_config, nodes
from aragora_sync.config.nodes import Node, parse
from aragora_sync.config.scalars import resolve
from aragora_sync.core.errors import ConfigError


@pytest.mark.parametrize("word", ["", "~", "null", "Null", "NULL"])
def test_null(word: str) -> None:
    assert resolve(word) is None


@pytest.mark.parametrize(("word", "value"), [("true", True), ("True", True), ("false", False), ("FALSE", False)])
def test_truth(word: str, value: bool) -> None:
    assert resolve(word) is value


@pytest.mark.parametrize(
    ("word", "value"),
    [("0", 0), ("-7", -7), ("+7", 7), ("012", 12), ("0o14", 12), ("0xFF", 255), ("1.5", 1.5), ("1.", 1.0), (".5", 0.5)],
)
def test_numbers(word: str, value: float) -> None:
    assert (resolve(word), type(resolve(word))) == (value, type(value))


@pytest.mark.parametrize(("word", "value"), [("1e3", 1000.0), (".inf", math.inf), ("-.INF", -math.inf)])
def test_floats(word: str, value: float) -> None:
    assert resolve(word) == value


def test_not_a_number() -> None:
    assert math.isnan(float(resolve(".nan") or 0))


TEXTS = "yes no on off y n 20:00 08:00 2024-01-01 1_000 0b11 tRUE nULL nan inf . - = << 0x 0o8 1e --1 1.2.3 +.nan ٣"


@pytest.mark.parametrize("word", TEXTS.split())
def test_all_else_is_text(word: str) -> None:
    assert resolve(word) == word


@pytest.mark.parametrize("text", ["'12'", '"12"', "!!str 12", "! 12", "|-\n  12", ">-\n  12"])
def test_what_is_quoted_is_text(text: str) -> None:
    assert at(f"a: {text}\n", "a").value == "12"


def test_places_count_lines_and_characters_from_one() -> None:
    root = parse("größe: 1\nb:\n  - ü: x\n").root

    assert root
    assert root.keys == {"größe": (1, 1), "b": (2, 1)}
    assert [root.at(path) for path in [(), ("größe",), ("b",), ("b", 0), ("b", 0, "ü")]] == [
        (1, 1),
        (1, 8),
        (3, 3),
        (3, 5),
        (3, 8),
    ]


def test_place_of_what_is_not_written_is_that_of_what_holds_it() -> None:
    assert at("a: {b: [1]}\n").at(("a", "b", 7, "c")) == (1, 8)


def test_anchor_may_be_given_again() -> None:
    assert at("a: &x first\nb: &x second\nc: *x\n", "c").value == "second"


def at(text: str, *path: str) -> Node:
    node = parse(text).root
    assert node
    for name in path:
        assert isinstance(node.value, dict)
        node = node.value[name]
    return node


# Whatever the text, it loads or is refused

PIECES = [
    "tenants:",
    "connectors:",
    "- ",
    "  ",
    "\n",
    "\n  ",
    "\n- ",
    "type: ",
    "notion",
    "workspace: ",
    "id: ",
    "a",
    "1",
]
PIECES += [
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "!x ",
    "'",
    '"',
    "|",
    ">",
    "#",
    "---",
    "...",
    "%",
]
PIECES += [
    "${A}",
    "${",
    "$${",
    "~",
    "\t",
    "\r",
    "\0",
    "\ufeff",
    "\u2028",
    "\x85",
    "\\",
    "? ",
    "@",
    "ü",
    "schedule: ",
    "store: ",
]

texts = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join), st.binary())


@given(texts)
def test_any_text_loads_or_is_refused(text: str | bytes) -> None:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "c.yaml")
        file.write_bytes(raw)
        try:
            load_config(file, environ={"A": "x"})
        except ConfigError as error:
            assert all(problem.startswith(f"{file}:") for problem in error.problems)


@given(texts.filter(lambda text: isinstance(text, str)))
def test_parser_written_in_python_refuses_as_well(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nodes, "Parser", yaml.SafeLoader)

        assert parse(text) is not None
