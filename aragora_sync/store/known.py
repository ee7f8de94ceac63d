"""What one stream has named, read page by page, so that no read transaction outlives a page."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from ..core.source import Known
from .connect import Readers

PAGE = 1000

_VERSION = "iif(EXISTS (SELECT 1 FROM failure f WHERE f.stream = e.stream AND f.id = e.id), '', e.version)"
_DETAILS = ", ifnull(b.title, ''), b.metadata"
_JOIN = " LEFT JOIN body b ON b.key = e.body"


class SqliteKnown:
    """The committed rows of one stream; implements `core.source.KnownItems`."""

    def __init__(self, readers: Readers, stream: int | None, hide_versions: bool) -> None:
        self._readers = readers
        self._stream = stream  # None: the store has not met this stream, so nothing is known
        self._version = "''" if hide_versions else _VERSION

    def get(self, ids: Collection[str], details: bool = False) -> dict[str, Known]:
        """The known ones among `ids`; one query."""
        if self._stream is None or not ids:
            return {}
        query = f"{self._select(details)} AND e.id IN (SELECT value FROM json_each(?))"
        with self._readers.reading() as db:
            rows = db.execute(query, (self._stream, json.dumps(list(ids)))).fetchall()
        return {row[0]: _detailed(row) if details else Known(*row) for row in rows}

    def items(self, kind: str | None = None, after: str = "") -> Iterator[Known]:
        """All in byte order of id, those above `after`."""
        where, values = ("", ()) if kind is None else (" AND e.kind = ?", (kind,))
        return self._pages(where, values, after)

    def children(self, parent: str) -> Iterator[Known]:
        """All whose parent is `parent`, in byte order of id."""
        return self._pages(" AND e.parent = ? AND e.parent <> ''", (parent,), "")

    def _pages(self, where: str, values: tuple[str, ...], after: str) -> Iterator[Known]:
        query = f"{self._select()}{where} AND e.id > ? ORDER BY e.id LIMIT {PAGE}"
        while self._stream is not None:
            with self._readers.reading() as db:
                rows = db.execute(query, (self._stream, *values, after)).fetchall()
            for row in rows:
                yield Known(*row)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def _select(self, details: bool = False) -> str:
        more, join = (_DETAILS, _JOIN) if details else ("", "")
        return (
            f"SELECT e.id, {self._version}, e.kind, e.parent, e.updated_at{more} FROM entry e{join} "
            "WHERE e.stream = ? AND e.deleted_at IS NULL"
        )


def _detailed(row: tuple[Any, ...]) -> Known:
    item_id, version, kind, parent, updated_micros, title, metadata = row
    return Known(item_id, version, kind, parent, updated_micros, title, json.loads(metadata or "{}"))
