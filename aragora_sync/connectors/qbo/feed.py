"""The feed of changes: one request tells what changed, and what was deleted, in all entities."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ...core.errors import CursorExpired, SourceError, TransientError
from ...net.answer import Answer
from .company import Company, Raw, time_of
from .entities import TRANSACTIONS, Entity

MOST_CHANGES = 1000  # in one answer, which is cut off there without a word
LONGEST = timedelta(days=29)  # of the thirty days that the feed remembers
OVERLAP = timedelta(minutes=2)  # what is written while we ask may be told late
POSTING = frozenset(entity.name for entity in TRANSACTIONS)
TOO_OLD = "the last run was so long ago that QuickBooks tells no longer what changed since."


@dataclass(frozen=True, slots=True)
class Changes:
    """What one answer tells: things as they are now, and ids of those that are gone, by entity."""

    since: datetime
    at: datetime  # the server's clock
    asked: frozenset[str]  # names of entities
    rows: dict[str, list[Raw]] = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing can have been cut off."""
        told = sum(len(rows) for rows in self.rows.values()) + sum(len(ids) for ids in self.gone.values())
        return told < MOST_CHANGES

    @property
    def may_move_balances(self) -> bool:
        """Whether a transaction changed, or one may have of which nobody asked."""
        return not self.asked >= POSTING or not POSTING.isdisjoint([*self.rows, *self.gone])

    @classmethod
    def read(cls, answer: Answer, since: datetime, asked: Sequence[Entity]) -> Changes:
        told = cls(since, time_of(answer), frozenset(entity.name for entity in asked))
        for name, raw in _things(answer.body):
            if raw.get("status") == "Deleted":
                told.gone.setdefault(name, []).append(str(raw["Id"]))
            else:
                told.rows.setdefault(name, []).append(raw)
        return told


class Feed:
    """Shares answers among the streams of one run. Safe among threads."""

    def __init__(self, company: Company, entities: Sequence[Entity]) -> None:
        self._company = company
        self._entities = [entity for entity in entities if entity.in_feed]
        self._shared: list[Changes] = []
        self._too_old: datetime | None = None  # so long ago, and before, it tells nothing
        self._alone = False  # each entity is asked for by itself
        self._asking = threading.Lock()

    def changes(self, entity: Entity, at: datetime) -> Changes:
        """All changes of an entity since shortly before `at`. Raises CursorExpired where QuickBooks cannot tell."""
        since = at - OVERLAP
        found = self._of_all(since)
        if found is None or not found.is_whole:
            found = self._ask([entity], since)
            if not found.is_whole:
                raise CursorExpired("more changed since the last run than QuickBooks tells of at once.")
        return found

    def _of_all(self, since: datetime) -> Changes | None:
        """One answer for all who ask since then; None where each must ask for itself."""
        with self._asking:
            if self._too_old is not None and since <= self._too_old:
                raise CursorExpired(TOO_OLD)
            for told in self._shared:
                if told.since <= since:
                    return told
            if self._alone:
                return None
            try:
                self._shared.append(self._ask(self._entities, since))
                return self._shared[-1]
            except CursorExpired:
                self._too_old = since
                raise
            except TransientError:
                raise
            except SourceError:  # one entity may not be read, and the others need not suffer for it
                self._alone = True
                return None

    def _ask(self, entities: Sequence[Entity], since: datetime) -> Changes:
        told = Changes.read(self._company.changes(entities, since), since, entities)
        if told.at - since > LONGEST:
            raise CursorExpired(TOO_OLD)
        return told


def _things(body: Any) -> Iterator[tuple[str, Raw]]:
    for response in body["CDCResponse"]:
        for part in response.get("QueryResponse", []):
            for name, rows in part.items():
                if isinstance(rows, list):
                    yield from ((name, raw) for raw in rows)
