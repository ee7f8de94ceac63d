"""The rows of a data source, in the order in which they were made: edits do not move them while they are listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...core.errors import NotFound, SourceError
from ...net.answer import Answer
from .api import Api, Raw, at, is_cut
from .errors import NotThatKind
from .moments import MINUTE, asked_for, later, minute_in
from .pages import is_whole, schema_of
from .walk import Walk

OLDEST_FIRST = [{"timestamp": "created_time", "direction": "ascending"}]
LATEST_LAST = [{"timestamp": "last_edited_time", "direction": "ascending"}]


class Renamed(SourceError):
    """The properties of a data source are others than before: every row looks different."""

    def __init__(self, schema: str) -> None:
        super().__init__("the properties of the data source changed.")
        self.schema = schema


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page of rows, the ids of data sources among them, as wikis have them, and how far the walk is after it."""

    rows: Sequence[Raw]
    sources: Sequence[str]
    at: datetime
    walk: Walk


def list_rows(api: Api, source_id: str, walk: Walk) -> Iterator[RowPage]:
    """The rows that were edited since the walk's minute, or all; each once, but for partial ones.

    Notion ends a list at 10,000 rows and says so. The next list begins with the minute of the last row; where that
    minute alone has more, the walk remembers it.
    """
    met: set[str] = set()  # of the rows that were made in the minute of the last one
    while True:
        began, cut, last = walk.made, False, ""
        for answer in api.rows(source_id, _asked(walk.since, began)):
            cut = cut or is_cut(answer)
            rows = [raw for raw in answer.body["results"] if raw.get("object") == "page" and raw["id"] not in met]
            whole = [raw for raw in rows if is_whole(raw)]
            walk = _after(walk.begun(at(answer)), whole)
            if whole:
                newest = minute_in(whole[-1]["created_time"])
                met = met if newest == last else set()
                last = newest
                met |= {raw["id"] for raw in whole if minute_in(raw["created_time"]) == newest}
                walk = replace(walk, made=newest)
            sources = [raw["id"] for raw in answer.body["results"] if raw.get("object") == "data_source"]
            yield RowPage(rows, sources, at(answer), walk)
        if not cut:
            return
        if walk.made == began:
            walk = replace(walk, made=later(walk.made, MINUTE), hidden=walk.made)


def refuse_hidden(walk: Walk) -> None:
    """Ends a read that could not see everything, after all the rest was said."""
    if walk.hidden:
        raise SourceError(
            f"Notion shows no more than 10,000 rows that were made within one minute, {walk.hidden}; the others are "
            "missing. Nothing was deleted.",
            hint="move some of them to another database, then: aragora-sync run --full",
        )


def list_trash(api: Api, source_id: str, since: str) -> Iterator[Answer]:
    """The rows that went to the trash, as far as their edit tells; nothing where Notion knows no such list."""
    try:
        yield from api.rows(source_id, {"in_trash": True, "filter": _edited(since), "sorts": LATEST_LAST})
    except (NotFound, NotThatKind):
        return


def trashed(answer: Answer) -> list[Raw]:
    """Those of a page of a list that are in the trash."""
    return [raw for raw in answer.body["results"] if raw.get("in_trash")]


def _asked(since: str, made: str) -> dict[str, Any]:
    wanted = [_edited(since)] if since else []
    if made:
        wanted.append({"timestamp": "created_time", "created_time": {"on_or_after": asked_for(made)}})
    filters: dict[str, Any] = {"filter": wanted[0] if len(wanted) == 1 else {"and": wanted}} if wanted else {}
    return {**filters, "sorts": OLDEST_FIRST}


def _edited(since: str) -> dict[str, Any]:
    """Inclusive: a later edit in the same minute has the same time."""
    return {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": asked_for(since)}}


def _after(walk: Walk, rows: Sequence[Raw]) -> Walk:
    for raw in rows:
        walk = walk.saw(minute_in(raw["last_edited_time"]))
        schema = schema_of(raw)
        if not walk.schema:
            walk = replace(walk, schema=schema)
        elif walk.since and schema != walk.schema:
            raise Renamed(schema)
    return walk
