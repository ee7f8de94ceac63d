"""The query language of QuickBooks: SELECT … FROM … WHERE … ORDERBY … STARTPOSITION … MAXRESULTS …."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from .qbo_books import Books
from .qbo_json import Row, instant, invalid
from .qbo_kinds import CLOCKS, LISTS, SINGLE, by_name, filters_of

MOST_RESULTS = 1000
USUAL_RESULTS = 100
TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?)|(<=|>=|!=|[=<>(),*]))")
UTC = ZoneInfo("UTC")
COMPARISONS = ("=", "<", ">", "<=", ">=", "IN", "LIKE")
CLAUSES = ("WHERE", "ORDERBY", "ORDER", "STARTPOSITION", "MAXRESULTS")


@dataclass(frozen=True)
class Condition:
    name: str
    comparison: str
    values: tuple[Any, ...]


@dataclass
class Query:
    kind: str = ""
    columns: tuple[str, ...] = ()  # none: all
    counts: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)  # property, and whether it descends
    start: int = 1
    most: int = USUAL_RESULTS


def parse(text: str, *, second_key: bool = True) -> Query:
    """What is asked. Raises Refused as QuickBooks does."""
    return _Parser(text, second_key).query()


def answer(query: Query, books: Books) -> Row:
    """The QueryResponse: without a member for the kind where nothing was found."""
    rows = _found(query, books)
    if query.counts:
        return {"totalCount": len(rows)}
    page = rows[query.start - 1 : query.start - 1 + query.most]
    if not page:
        return {}
    page = [books.shown(query.kind, row) for row in page]
    told = [_columns(row, query.columns) for row in page] if query.columns else page
    return {query.kind: told, "startPosition": query.start, "maxResults": len(told)}


def _found(query: Query, books: Books) -> list[Row]:
    rows: list[Row] = []
    if query.kind in SINGLE:
        return [{"Id": "1"}]
    hides = query.kind in LISTS and not any(each.name == "Active" for each in query.conditions)
    for version in books.seen(query.kind):
        row = version.row
        if row is None or (hides and not row.get("Active", True)):
            continue
        if all(_holds(row, each, books.zone) for each in query.conditions):
            rows.append(row)
    rows.sort(key=lambda row: int(row["Id"]))
    for name, descends in reversed(query.order):
        rows.sort(key=lambda row: _sortable(_value(row, name, books.zone)), reverse=descends)
    return rows


def _columns(row: Row, names: tuple[str, ...]) -> Row:
    """Only these, and what says that it is not all."""
    made: Row = {"domain": "QBO", "sparse": True}
    for name in names:
        outer, _, inner = name.partition(".")
        if outer in row:
            made[outer] = {**made.get(outer, {}), inner: row[outer].get(inner)} if inner else row[outer]
    return made


# Comparing


def _value(row: Row, name: str, zone: ZoneInfo) -> Any:
    outer, _, inner = name.partition(".")
    value = row.get(outer)
    if name == "Id":
        return int(row["Id"])
    if isinstance(value, dict):
        value = value.get(inner or ("Address" if "Address" in value else "value"))
    return instant(str(value), zone) if name.startswith("MetaData.") else value


def _sortable(value: Any) -> tuple[bool, Any]:
    if isinstance(value, str):
        value = value.casefold()
    return value is not None, (0 if value is None else value)


def _holds(row: Row, condition: Condition, zone: ZoneInfo) -> bool:
    value = _value(row, condition.name, zone)
    if value is None:
        return False
    wanted = [_typed(each, value, condition.name, zone) for each in condition.values]
    if condition.comparison == "LIKE":
        pattern = ".*".join(re.escape(part) for part in str(wanted[0]).split("%"))
        return re.fullmatch(pattern, str(value), re.IGNORECASE | re.DOTALL) is not None
    if condition.comparison == "IN":
        return value in wanted
    first: Any = wanted[0]
    if condition.comparison == "=":
        return bool(value == first)
    held = {"<": value < first, ">": value > first, "<=": value <= first, ">=": value >= first}
    return bool(held[condition.comparison])


def _typed(given: Any, value: Any, name: str, zone: ZoneInfo) -> Any:
    """The value of a query as what it is compared with."""
    try:
        if name.startswith("MetaData."):
            return instant(given, zone)
        if isinstance(value, bool):
            return {"true": True, "false": False}[str(given).lower()]
        if isinstance(value, int):
            return int(given)
        return Decimal(given) if isinstance(value, Decimal) else str(given)
    except (ValueError, KeyError, TypeError, InvalidOperation) as error:
        raise _wrong(f"value {given} is not valid for {name}") from error


# Parsing


class _Parser:
    def __init__(self, text: str, second_key: bool) -> None:
        self._tokens = list(_tokens(text))
        self._second_key = second_key
        self._place = 0

    def query(self) -> Query:
        self._expect("SELECT")
        made = Query()
        self._selected(made)
        self._expect("FROM")
        made.kind = by_name(name := self._next()) or ""
        if not made.kind:
            raise invalid("4000", "Error parsing query", f"QueryValidationError: invalid entity {name}")
        while self._place < len(self._tokens):
            self._clause(made, self._next().upper())
        self._check(made)
        return made

    def _selected(self, made: Query) -> None:
        if self._peek() == "*":
            self._next()
            return
        if self._peek() == "COUNT":
            for expected in ("COUNT", "(", "*", ")"):
                self._expect(expected)
            made.counts = True
            return
        names = [self._next()]
        while self._peek() == ",":
            self._next()
            names.append(self._next())
        made.columns = tuple(name for name in names if name != "*")

    def _clause(self, made: Query, word: str) -> None:
        if word == "WHERE":
            made.conditions.append(self._condition())
            while self._peek() == "AND":
                self._next()
                made.conditions.append(self._condition())
        elif word in ("ORDERBY", "ORDER"):
            if word == "ORDER":
                self._expect("BY")
            self._ordered(made)
        elif word == "STARTPOSITION":
            made.start = self._number(1, None)
        elif word == "MAXRESULTS":
            made.most = self._number(0, MOST_RESULTS)
        else:
            raise _unparsed(word)

    def _ordered(self, made: Query) -> None:
        while True:
            name = self._next()
            descends = False
            if self._peek() in ("ASC", "DESC"):
                descends = self._next().upper() == "DESC"
            made.order.append((name, descends))
            if self._peek() != ",":
                return
            if not self._second_key:
                raise _unparsed(",")
            self._next()

    def _condition(self) -> Condition:
        name, comparison = self._next(), self._next().upper()
        if comparison not in COMPARISONS:
            raise _unparsed(comparison)
        if comparison != "IN":
            return Condition(name, comparison, (self._literal(),))
        self._expect("(")
        values = [self._literal()]
        while self._peek() == ",":
            self._next()
            values.append(self._literal())
        self._expect(")")
        return Condition(name, "IN", tuple(values))

    def _literal(self) -> str:
        token = self._next()
        if token.startswith("'"):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if token.lower() in ("true", "false") or re.fullmatch(r"-?\d+(\.\d+)?", token):
            return token
        raise _unparsed(token)

    def _number(self, least: int, most: int | None) -> int:
        token = self._next()
        if not token.isdecimal():
            raise _unparsed(token)
        value = int(token)
        if value < least or (most is not None and value > most):
            raise _wrong(f"{value} is not within {least} and {most}")
        return value

    def _check(self, made: Query) -> None:
        allowed = filters_of(made.kind)
        for name in [each.name for each in made.conditions] + [name for name, _ in made.order]:
            if name not in allowed:
                raise _wrong(f"property '{name}' is not queryable")
        for each in made.conditions:
            if each.name in CLOCKS:
                for value in each.values:
                    _typed(value, None, each.name, UTC)

    def _peek(self) -> str:
        token = self._tokens[self._place] if self._place < len(self._tokens) else ""
        return token.upper()

    def _next(self) -> str:
        if self._place >= len(self._tokens):
            raise _unparsed("<EOF>")
        self._place += 1
        return self._tokens[self._place - 1]

    def _expect(self, word: str) -> None:
        token = self._next()
        if token.upper() != word:
            raise _unparsed(token)


def _tokens(text: str) -> Iterator[str]:
    place = 0
    text = text.rstrip().rstrip(";")
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise _unparsed(text[place : place + 10])
        yield next(part for part in match.groups() if part is not None)
        place = match.end()


def _unparsed(token: str) -> Exception:
    return invalid("4000", "Error parsing query", f"QueryParserError: Encountered '{token}'")


def _wrong(detail: str) -> Exception:
    return invalid("4001", "Invalid query", f"QueryValidationError: {detail}")
