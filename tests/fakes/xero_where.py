"""The language in which lists of Xero are filtered and ordered."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from .xero_json import Raw, unreadable

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<moment>DateTime\([\d,\s]+\))|(?P<guid>Guid\("[^"]*"\))"""
    r"""|(?P<number>-?\d+(?:\.\d+)?)|(?P<op>==|!=|<=|>=|<|>|&&|\|\||[()])|(?P<word>[A-Za-z_][\w.]*))"""
)
Test = Callable[[Raw], bool]
TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one is not None and one < other,
    ">": lambda one, other: one is not None and one > other,
    "<=": lambda one, other: one is not None and one <= other,
    ">=": lambda one, other: one is not None and one >= other,
}
TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "Contains": lambda one, other: other.lower() in one.lower(),
    "StartsWith": lambda one, other: one.lower().startswith(other.lower()),
    "EndsWith": lambda one, other: one.lower().endswith(other.lower()),
}


def value_of(fields: Raw, path: str) -> Any:
    """What a name with dots stands for; None where there is nothing."""
    found: Any = fields
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


class Where:
    """A filter; `names` are the fields it looks at. Refused where it cannot be read."""

    def __init__(self, text: str) -> None:
        self.names: set[str] = set()
        self._tokens = _tokens(text)
        self.matches: Test = self._either()
        if self._tokens:
            raise unreadable(f"Syntax error in filter at {self._tokens[0][1]!r}")

    def _either(self) -> Test:
        tests = [self._all()]
        while self._tokens and self._tokens[0][1].upper() in ("OR", "||"):
            self._tokens.pop(0)
            tests.append(self._all())
        return lambda fields: any(test(fields) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._tokens and self._tokens[0][1].upper() in ("AND", "&&"):
            self._tokens.pop(0)
            tests.append(self._one())
        return lambda fields: all(test(fields) for test in tests)

    def _one(self) -> Test:
        kind, word = self._next()
        if word == "(":
            test = self._either()
            self._expect(")")
            return test
        if kind != "word":
            raise unreadable(f"Syntax error in filter at {word!r}")
        name, _, call = word.rpartition(".")
        if call in TEXT_TESTS:
            return self._call(name, TEXT_TESTS[call])
        return self._compared(word)

    def _call(self, name: str, test: Callable[[str, str], bool]) -> Test:
        self.names.add(name)
        self._expect("(")
        other = _value(*self._next())
        self._expect(")")
        return lambda fields: test(str(value_of(fields, name) or ""), str(other))

    def _compared(self, name: str) -> Test:
        self.names.add(name)
        _, op = self._next()
        if op not in TESTS:
            raise unreadable(f"No property or operator {op!r}")
        other = _value(*self._next())

        def test(fields: Raw) -> bool:
            one = value_of(fields, name)
            try:
                return TESTS[op](*_alike(one, other))
            except TypeError:
                raise unreadable(f"Operator '{op}' incompatible with operand types of {name}") from None

        return test

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise unreadable("Expression expected")
        return self._tokens.pop(0)

    def _expect(self, word: str) -> None:
        if self._next()[1] != word:
            raise unreadable(f"{word!r} expected")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(text.rstrip()):
        match = TOKEN.match(text, place)
        if match is None:
            raise unreadable(f"Syntax error in filter at {text[place:]!r}")
        found.append((str(match.lastgroup), str(match[str(match.lastgroup)])))
        place = match.end()
    return found


def _value(kind: str, word: str) -> Any:
    if kind == "text":
        return word[1:-1].replace('\\"', '"')
    if kind == "guid":
        return word[6:-2].lower()
    if kind == "number":
        return Decimal(word)
    if kind == "moment":
        return datetime(*map(int, word[9:-1].split(",")), tzinfo=UTC)  # type: ignore[arg-type, misc]
    words = {"true": True, "false": False, "null": None}
    if word.lower() not in words:
        raise unreadable(f"No property or value {word!r}")
    return words[word.lower()]


def _alike(one: Any, other: Any) -> tuple[Any, Any]:
    """A day counts as its midnight."""
    if isinstance(one, date) and not isinstance(one, datetime):
        one = datetime(one.year, one.month, one.day, tzinfo=UTC)
    return one, other


def ordered(rows: list[Raw], text: str, known: set[str]) -> list[Raw]:
    """Rows by `Field ASC, Other DESC`; what is alike stays as it was."""
    for part in reversed(text.split(",")):
        name, _, direction = part.strip().partition(" ")
        direction = direction.strip().upper() or "ASC"
        if direction not in ("ASC", "DESC") or name.split(".")[0] not in known:
            raise unreadable(f"No property or field '{name}' to order by")
        rows = sorted(rows, key=cmp_to_key(_by(name)), reverse=direction == "DESC")
    return rows


def _by(name: str) -> Callable[[Raw, Raw], int]:
    def compare(one: Raw, other: Raw) -> int:
        first, second = value_of(one, name), value_of(other, name)
        if first == second:
            return 0
        if first is None or second is None:
            return -1 if first is None else 1
        return -1 if first < second else 1

    return compare
