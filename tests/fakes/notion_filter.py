"""Which rows a query of Notion finds, and in which order; what it does not know is refused."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .notion_model import Page, Property, Source
from .notion_sight import Raw, stamp
from .notion_values import Values

TIMESTAMPS = ("created_time", "last_edited_time")
DEEPEST = 2  # levels of and, or
DAY = timedelta(days=1)
SPANS = {"week": 7, "month": 30, "year": 365}
RELATIVE = {"today": 0, "tomorrow": 1, "yesterday": -1, "one_week_ago": -7, "one_week_from_now": 7}
RELATIVE |= {"one_month_ago": -30, "one_month_from_now": 30}
Row = Page | Source
Holds = Callable[[Row], bool]


class Unfit(Exception):
    """What was asked for is no filter or sort."""


def plain_value(values: Values, row: Row, column: Property) -> Any:
    """A value to compare with: text, a number, a date's start, a list of ids or names; None where there is none."""
    if not isinstance(row, Page):
        return None
    held = values.held(row, column)
    return None if held is None else plain_of(column.kind, held)


def plain_of(kind: str, held: Any) -> Any:
    readers: Mapping[str, Callable[[Any], Any]] = {
        "title": lambda held: "".join(each["plain_text"] for each in held),
        "rich_text": lambda held: "".join(each["plain_text"] for each in held),
        "select": lambda held: held["name"],
        "status": lambda held: held["name"],
        "multi_select": lambda held: [each["name"] for each in held],
        "people": lambda held: [each["id"] for each in held],
        "relation": lambda held: [each["id"] for each in held],
        "created_by": lambda held: [held["id"]],
        "last_edited_by": lambda held: [held["id"]],
        "date": lambda held: held["start"],
        "unique_id": lambda held: held["number"],
        "formula": lambda held: held[held["type"]],
        "rollup": lambda held: held.get(held["type"]) if held["type"] != "date" else (held["date"] or {}).get("start"),
        "verification": lambda held: held["state"],
    }
    return readers[kind](held) if kind in readers and held is not None else held


# Conditions


def _text(value: Any) -> str:
    return str(value or "").lower()


def _contains(value: Any, wanted: Any) -> bool:
    several = wanted if isinstance(wanted, list) else [wanted]
    if isinstance(value, list):
        return any(each in value for each in several)
    return any(_text(each) in _text(value) for each in several)


COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, wanted: value in wanted if isinstance(wanted, list) else value == wanted,
    "does_not_equal": lambda value, wanted: value not in wanted if isinstance(wanted, list) else value != wanted,
    "contains": _contains,
    "does_not_contain": lambda value, wanted: not _contains(value, wanted),
    "starts_with": lambda value, wanted: _text(value).startswith(_text(wanted)),
    "ends_with": lambda value, wanted: _text(value).endswith(_text(wanted)),
    "greater_than": lambda value, wanted: value is not None and value > wanted,
    "less_than": lambda value, wanted: value is not None and value < wanted,
    "greater_than_or_equal_to": lambda value, wanted: value is not None and value >= wanted,
    "less_than_or_equal_to": lambda value, wanted: value is not None and value <= wanted,
    "is_empty": lambda value, _wanted: value in (None, "", []),
    "is_not_empty": lambda value, _wanted: value not in (None, "", []),
    "status": lambda value, wanted: value == wanted,
}
EXISTENCE = ("is_empty", "is_not_empty")
TEXT = ("equals", "does_not_equal", "contains", "does_not_contain", "starts_with", "ends_with", *EXISTENCE)
NUMBER = ("equals", "does_not_equal", "greater_than", "less_than", "greater_than_or_equal_to", "less_than_or_equal_to")
LISTED = ("contains", "does_not_contain", *EXISTENCE)
CHOSEN = ("equals", "does_not_equal", *EXISTENCE)
ALLOWED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("title", "rich_text", "url", "email", "phone_number", "string"), TEXT),
    **dict.fromkeys(("number", "unique_id"), (*NUMBER, *EXISTENCE)),
    **dict.fromkeys(("select", "status"), CHOSEN),
    **dict.fromkeys(("multi_select", "people", "relation", "created_by", "last_edited_by"), LISTED),
    "checkbox": ("equals", "does_not_equal"),
    "files": EXISTENCE,
    "verification": ("status", "does_not_equal"),
}
DATED = ("date", "created_time", "last_edited_time")


def condition(kind: str, asked: Any, now: datetime) -> Callable[[Any], bool]:
    """What a value of this kind has to be."""
    if not isinstance(asked, dict) or len(asked) != 1:
        raise Unfit(f"body failed validation: body.filter.{kind} should have one condition, instead was `{asked}`.")
    (name, wanted), *_ = asked.items()
    if kind in DATED:
        return _dated(name, wanted, now)
    if name not in ALLOWED.get(kind, ()):
        raise Unfit(f"body failed validation: body.filter.{kind}.{name} should be not present.")
    return lambda value: COMPARED[name](value, wanted)


def _dated(name: str, wanted: Any, now: datetime) -> Callable[[Any], bool]:
    """Days compare with days; a moment with a moment. What is asked for has seconds, what is kept may have none."""
    if name in EXISTENCE:
        return lambda value: COMPARED[name](value, wanted)
    way, _, span = name.partition("_")
    if way in ("past", "next", "this") and span in SPANS:
        reach = timedelta(days=SPANS[span])
        first, last = (now - reach if way != "next" else now), (now + reach if way != "past" else now)
        return lambda value: value is not None and first <= moment(value) <= last
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "equals": lambda have, want: have == want,
        "before": lambda have, want: have < want,
        "after": lambda have, want: have > want,
        "on_or_before": lambda have, want: have <= want,
        "on_or_after": lambda have, want: have >= want,
    }
    if name not in tests or not isinstance(wanted, str):
        raise Unfit(f"body failed validation: body.filter.{name} should be not present.")
    whole_day = wanted in RELATIVE or len(wanted) == len("2026-11-20")
    bound: Any = (now + RELATIVE[wanted] * DAY).date() if wanted in RELATIVE else moment(wanted)
    bound = moment(wanted).date() if whole_day and wanted not in RELATIVE else bound
    return lambda value: value is not None and tests[name](_as(value, whole_day), bound)


def _as(value: str, whole_day: bool) -> datetime | date:
    return moment(value).date() if whole_day else moment(value)


@functools.lru_cache(maxsize=50_000)
def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unfit(f"body failed validation: body.filter should be a valid ISO 8601 date, was `{text}`.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# Filters


class Query:
    """A filter and sorts, for the rows of one data source."""

    def __init__(self, values: Values, source: Source, now: datetime) -> None:
        self.values, self.source, self.now = values, source, now

    def filter(self, asked: Any, level: int = 0) -> Holds:
        if asked is None:
            return lambda _row: True
        if not isinstance(asked, dict):
            raise Unfit("body failed validation: body.filter should be an object.")
        for name, together in (("and", all), ("or", any)):
            if name in asked:
                return self._group(asked, name, together, level + 1)
        if "timestamp" in asked:
            return self._timestamp(asked)
        if "property" in asked:
            return self._property(asked)
        raise Unfit("body failed validation: body.filter should have `and`, `or`, `property` or `timestamp`.")

    def _group(self, asked: Raw, name: str, together: Callable[..., bool], level: int) -> Holds:
        if level > DEEPEST:
            raise Unfit("body failed validation: filters may be nested two levels deep.")
        if set(asked) != {name} or not isinstance(asked[name], list):
            raise Unfit(f"body failed validation: body.filter.{name} should be a list, and alone.")
        parts = [self.filter(each, level) for each in asked[name]]
        return lambda row: together(part(row) for part in parts)

    def _timestamp(self, asked: Raw) -> Holds:
        name = asked["timestamp"]
        if name not in TIMESTAMPS or set(asked) - {"timestamp", "type", name} or name not in asked:
            raise Unfit(f"body failed validation: body.filter.timestamp should be one of {TIMESTAMPS}: `{asked}`.")
        holds = condition(name, asked[name], self.now)
        return lambda row: holds(time_of(row, name))

    def _property(self, asked: Raw) -> Holds:
        column = self.column(asked["property"])
        kinds = set(asked) - {"property", "type"}
        if kinds != {column.kind}:
            raise Unfit(f"database property {column.kind} does not match filter {', '.join(sorted(kinds))}")
        inner = asked[column.kind]
        if column.kind == "rollup":
            return self._rollup(column, inner)
        if column.kind == "formula" and isinstance(inner, dict) and len(inner) == 1:
            (kind, inner), *_ = inner.items()
            holds = condition(kind, inner, self.now)
        else:
            holds = condition(column.kind, inner, self.now)
        return lambda row: holds(plain_value(self.values, row, column))

    def _rollup(self, column: Property, asked: Any) -> Holds:
        """Over all values of a rollup, or what they come to."""
        ways: dict[str, Callable[..., bool]] = {"any": any, "every": all, "none": lambda held: not any(held)}
        name = next(iter(asked), "") if isinstance(asked, dict) and len(asked) == 1 else ""
        if name in ("number", "date"):
            holds = condition(name, asked[name], self.now)
            return lambda row: holds(plain_value(self.values, row, column))
        inner = asked.get(name) if name in ways else None
        if not isinstance(inner, dict) or len(inner) != 1:
            raise Unfit(f"body failed validation: body.filter.rollup should have one condition, instead was `{asked}`.")
        (kind, wanted), *_ = inner.items()
        holds, together = condition(kind, wanted, self.now), ways[name]
        return lambda row: together(
            holds(plain_of(each["type"], each[each["type"]])) for each in self.values.rolled(row, column)
        )

    def column(self, name: Any) -> Property:
        found = self.source.property(name) if isinstance(name, str) else None
        if found is None:
            raise Unfit(f"Could not find property with name or id: {name}")
        return found

    # Sorts

    def sorts(self, asked: Any) -> tuple[Callable[[Row], list[Any]], list[bool]]:
        """What is compared, and which of it descends. What is alike comes in the order of ids, which means nothing."""
        if not isinstance(asked, list):
            raise Unfit("body failed validation: body.sorts should be an array.")
        keys = [self._sort(each) for each in asked]
        descending = [each["direction"] == "descending" for each in asked]
        return lambda row: [*(key(row) for key in keys), row.id], [*descending, False]

    def _sort(self, asked: Any) -> Callable[[Row], Any]:
        if not isinstance(asked, dict) or asked.get("direction") not in ("ascending", "descending"):
            raise Unfit("body failed validation: body.sorts.direction should be `ascending` or `descending`.")
        names = set(asked) - {"direction"}
        if names == {"timestamp"} and asked["timestamp"] in TIMESTAMPS:
            return lambda row: time_of(row, asked["timestamp"])
        if names != {"property"}:
            raise Unfit(f"body failed validation: body.sorts should name a property or a timestamp: `{asked}`.")
        column = self.column(asked["property"])
        return lambda row: sortable(plain_value(self.values, row, column))


def time_of(row: Row, name: str) -> str:
    return stamp(row.created if name == "created_time" else row.edited)


def sortable(value: Any) -> tuple[int, Any]:
    """What is empty comes last."""
    if value is None:
        return (2, "")
    return (0, value) if isinstance(value, int | float) else (1, str(value))
