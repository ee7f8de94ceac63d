"""What a batch does to rows: pure decisions, the same for every store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

from ..core.changes import Deleted, Failed, Item, Named, Seen, Skipped
from .base import Counts
from .digest import Prepared, check_ids, clean_text, prepare

HELD_RUNS = 3  # so often a failure that nobody can fetch holds the cursor back
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=24)

Said = Prepared | Item | Seen | Skipped | Deleted | Failed


class Row(NamedTuple):
    """The narrow row of one id, in the order of the table's columns. It is an item where `body` is set, skipped
    where `skipped` is, a tombstone where `deleted_at` is."""

    stream: int
    id: str
    kind: str
    parent: str
    version: str
    updated_at: int | None
    hash: bytes | None
    generation: int
    seq: int
    changed_at: int
    deleted_at: int | None
    skipped: str | None
    body: int | None


class FailureRow(NamedTuple):
    """The row of one open failure, in the order of the table's columns."""

    stream: int
    id: str
    ref: str
    error: str
    attempts: int
    run: int
    next_at: int
    generation: int


class BodyRow(NamedTuple):
    """The text of one item, in the order of the table's columns."""

    key: int
    stream: int
    id: str
    title: str
    content: str
    url: str
    author: str
    created_at: int | None
    metadata: str
    acl: str | None


@dataclass(slots=True)
class Place:
    """Where a batch is written: which stream, run and generation, when, and the numbers that were given last."""

    stream: int
    run: int
    generation: int
    now: int
    last_seq: int
    last_body: int
    indexed_seq: int


@dataclass(slots=True)
class Plan:
    """What has to be written, by id or key, each once. `rows` and `bodies` hold the values of a Row and a BodyRow as
    plain tuples, which sqlite3 binds faster."""

    rows: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    bodies: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    dropped_bodies: set[int] = field(default_factory=set)
    unindexed: set[int] = field(default_factory=set)  # bodies whose old text must leave the search index first
    stamped: list[str] = field(default_factory=list)  # only their generation moves
    failures: dict[str, FailureRow | None] = field(default_factory=dict)  # None: ended
    counts: Counts = field(default_factory=Counts)
    items: list[Item] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether a failure is young enough to hold back the cursor of a connector that cannot fetch."""
        return any(failure is not None and failure.attempts <= HELD_RUNS for failure in self.failures.values())


class Planner:
    """Goes through a batch in its order; what an id became is what the next change of that id finds."""

    def __init__(
        self,
        place: Place,
        rows: dict[str, Row],
        failures: dict[str, FailureRow],
        *,
        stored_text: Callable[[int], str] = lambda _body: "",
        want_items: bool = False,
        hold_failures: bool = False,
    ) -> None:
        self.place = place
        self.known = rows
        self.failing = failures
        self.stored_text = stored_text  # by the key of its body
        self.want_items = want_items
        self.hold_failures = hold_failures
        self.plan = Plan()

    def decide(self, batch: Sequence[Said]) -> Plan:
        """What the batch does; `place` ends with the numbers that were given."""
        decision: dict[type, Callable[..., None]] = {
            Prepared: self._item,
            Item: self._item_without_content,
            Seen: self._seen,
            Skipped: self._skipped,
            Deleted: self._deleted,
            Failed: self._failed,
        }
        for change in batch:
            decision[type(change)](change)
        return self.plan

    def _item(self, prepared: Prepared) -> None:
        item = prepared.item
        row = self._row(item.id)
        counts = self.plan.counts
        if self.failing:
            self._end_failure(item.id)
        if row is not None and row.hash == prepared.hash:
            counts.unchanged += 1
            self._touch(row, item.version)
            return
        self._write_item(prepared, self._body_for(row))
        if row is None or row.body is None:
            counts.created += 1
        else:
            counts.updated += 1
        if self.want_items:
            self.plan.items.append(item)

    def _write_item(self, prepared: Prepared, body: int) -> None:
        item, digest, created_at, updated_at, metadata, acl = prepared
        place, item_id = self.place, item.id
        place.last_seq = seq = place.last_seq + 1
        stream, kind, parent, version, generation = place.stream, item.kind, item.parent, item.version, place.generation
        row = (stream, item_id, kind, parent, version, updated_at, digest, generation, seq, place.now, None, None, body)
        text = (body, stream, item_id, item.title, item.content, item.url, item.author, created_at, metadata, acl)
        self.plan.rows[item_id], self.plan.bodies[body] = row, text

    def _item_without_content(self, item: Item) -> None:
        """The stored text stays: the item is what it says, with that text."""
        row = self._row(item.id)
        if row is None or row.body is None or item.id in self.failing:
            self._failed(Failed(item.id, "its content was not read, and the store holds none to keep"))
            return
        written = self.plan.bodies.get(row.body)
        text = self.stored_text(row.body) if written is None else BodyRow._make(written).content
        self._item(prepare(replace(item, content=text)))

    def _seen(self, seen: Seen) -> None:
        row, failure = self._row(seen.id), self.failing.get(seen.id)
        if row is None or row.deleted_at is not None:
            unheld = Failed(seen.id, "it was said to be unchanged, but the store does not hold it")
            self._failed(unheld if failure is None else Failed(seen.id, failure.error, failure.ref))
            return
        self.plan.counts.unchanged += 1
        self._touch(row, row.version if seen.version is None else seen.version)
        if failure is not None and self.hold_failures:  # nobody else asks for it: this run counts
            self._note_failed_run(failure.id, failure.ref, failure.error)
        elif failure is not None:
            self._note_failure(failure._replace(generation=self.place.generation))

    def _skipped(self, skipped: Skipped) -> None:
        self.plan.counts.skipped += 1
        place, row = self.place, self._row(skipped.id)
        if self.failing:
            self._end_failure(skipped.id)
        if row is not None and row.skipped == skipped.reason and row.deleted_at is None:
            self._touch(row, skipped.version)
            return
        kind, parent, seq = ("", "", 0) if row is None else (row.kind, row.parent, row.seq)
        if row is not None and row.body is not None:
            self._drop_body(row)
            seq = self._next_seq()
        written = (place.stream, skipped.id, kind, parent, skipped.version, None, None)
        self._write(Row(*written, place.generation, seq, place.now, None, skipped.reason, None))

    def _deleted(self, deleted: Deleted) -> None:
        row = self._row(deleted.id)
        if self.failing:
            self._end_failure(deleted.id)
        if row is None or row.deleted_at is not None:
            self.plan.counts.unchanged += 1
            return
        self.plan.counts.deleted += 1
        self.bury(row)

    def _failed(self, failed: Failed) -> None:
        self.plan.counts.failed += 1
        row = self._row(failed.id)
        if row is not None:
            self._touch(row, row.version)
        self._note_failed_run(failed.id, failed.id if failed.ref is None else failed.ref, failed.error)

    def bury(self, row: Row) -> None:
        """The row becomes a tombstone: its text leaves, id and time stay, and readers of the feed hear of it."""
        seq = row.seq
        if row.body is not None:
            self._drop_body(row)
            seq = self._next_seq()
        place = self.place
        written = (place.stream, row.id, row.kind, "", "", None, None)
        self._write(Row(*written, place.generation, seq, place.now, place.now, None, None))

    def _touch(self, row: Row, version: str) -> None:
        if row.version != version:
            self._write(row._replace(version=version, generation=self.place.generation))
        elif row.generation != self.place.generation:
            self.plan.stamped.append(row.id)

    def _row(self, item_id: str) -> Row | None:
        """What the store holds of an id, or will hold after what was said of it before in this batch."""
        written = self.plan.rows.get(item_id)
        return self.known.get(item_id) if written is None else Row._make(written)

    def _write(self, row: Row) -> None:
        self.plan.rows[row.id] = tuple(row)

    def _body_for(self, row: Row | None) -> int:
        if row is not None and row.body is not None:
            self._unindex(row)
            return row.body
        self.place.last_body += 1
        return self.place.last_body

    def _drop_body(self, row: Row) -> None:
        assert row.body is not None
        self._unindex(row)
        self.plan.bodies.pop(row.body, None)
        self.plan.dropped_bodies.add(row.body)

    def _unindex(self, row: Row) -> None:
        if row.body is not None and row.seq <= self.place.indexed_seq:
            self.plan.unindexed.add(row.body)

    def _next_seq(self) -> int:
        self.place.last_seq += 1
        return self.place.last_seq

    def _note_failed_run(self, item_id: str, ref: str, error: str) -> None:
        place, old = self.place, self.failing.get(item_id)
        attempts = 1 if old is None else old.attempts + (old.run != place.run)
        next_at = place.now + retry_after(attempts) // timedelta(microseconds=1)
        self._note_failure(
            FailureRow(place.stream, item_id, ref, error, attempts, place.run, next_at, place.generation)
        )

    def _note_failure(self, failure: FailureRow) -> None:
        self.failing[failure.id] = self.plan.failures[failure.id] = failure

    def _end_failure(self, item_id: str) -> None:
        if self.failing.pop(item_id, None) is not None:
            self.plan.failures[item_id] = None


def said_of(changes: Sequence[Named]) -> list[Said]:
    """The changes as a planner takes them: items in their canonical form, texts valid, ids and refs checked."""
    check_ids([change.id for change in changes])
    return [
        prepare(change) if type(change) is Item and change.content is not None else _said_of(change)
        for change in changes
    ]


def _said_of(change: Named) -> Said:
    if isinstance(change, Failed):
        if change.ref is not None:
            check_ids([change.ref])
        return Failed(change.id, clean_text(change.error), change.ref)
    if isinstance(change, Skipped):
        return Skipped(change.id, clean_text(change.reason), clean_text(change.version))
    if isinstance(change, Seen) and change.version:
        return Seen(change.id, clean_text(change.version))
    return change


def retry_after(attempts: int) -> timedelta:
    """How long a failure rests before it is asked for again; doubles with each run, up to a day."""
    return min(LONGEST_RETRY, FIRST_RETRY * (1 << min(attempts - 1, 20)))
