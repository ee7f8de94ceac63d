"""What a MongoDB server holds: collections, the log of changes, and the change streams that read it.

From the specification "Change Streams" of the drivers and the manual's "Change Events": tokens and what may be
resumed with them, the high-water mark of an answer without changes, invalidate, history that is lost, and events
beyond 16 MB, which only `$changeStreamSplitLargeEvent` divides.
"""

from __future__ import annotations

import functools
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec

import bson
from bson import DBRef, Timestamp
from bson.binary import STANDARD
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument

from .mongo_order import Refused, matches, order

CODEC: CodecOptions[Any] = CodecOptions(
    datetime_conversion=DatetimeConversion.DATETIME_MS, unicode_decode_error_handler="surrogateescape"
)
WRITING: CodecOptions[Any] = CodecOptions(uuid_representation=STANDARD)
VALUE = len(b"size" + b"\2_id\0")  # where the value of `_id` begins in a document
LARGEST = 16 * 1024 * 1024 + 16 * 1024  # bytes of an answer's document
BOUNDLESS = 1 << 62
BEGAN = 1_790_000_000  # seconds; when the log begins
RESUMABLE = ("ResumableChangeStreamError",)
LOST = ("NonResumableChangeStreamError",)


def read_raw(raw: bytes) -> dict[str, Any]:
    found: dict[str, Any] = bson.decode(raw, CODEC)
    return found


@dataclass
class Collection:
    name: str
    kind: str = "collection"
    options: dict[str, Any] = field(default_factory=dict)
    uuid: uuid.UUID = field(default_factory=uuid.uuid4)
    documents: dict[Any, bytes] = field(default_factory=dict)  # by the order of their `_id`


@dataclass
class Entry:
    """One change of the log. `event` is None for what the server writes only to move on."""

    ts: Timestamp
    database: str
    event: dict[str, Any] | None


def mark(ts: Timestamp) -> dict[str, str]:
    """The token of a moment, at which nothing happened."""
    return {"_data": f"82{ts.time:08X}{ts.inc:08X}2B0229296E04"}


def token(ts: Timestamp, *, invalidate: bool = False) -> dict[str, str]:
    """The token of a change."""
    return {"_data": f"82{ts.time:08X}{ts.inc:08X}2B0{2 if not invalidate else 3}2C0100296E5A1004"}


def _key(raw: bytes, value: Any) -> Mapping[str, Any]:
    """What names a document in a change: texts as they were written, whatever their bytes."""
    if not isinstance(value, str | dict | DBRef):
        return {"_id": value}
    size = int.from_bytes(raw[VALUE : VALUE + 4], "little")
    end = VALUE + size + (4 if isinstance(value, str) and getattr(value, "scope", None) is None else 0)
    return RawBSONDocument((end + 1).to_bytes(4, "little") + raw[4:end] + b"\0")


P = ParamSpec("P")


def held(act: Callable[Concatenate[World, P], None]) -> Callable[Concatenate[World, P], None]:
    """One thread at a time; who waits for changes is told."""

    @functools.wraps(act)
    def acting(self: World, *args: P.args, **named: P.kwargs) -> None:
        with self.lock:
            act(self, *args, **named)
            self.lock.notify_all()

    return acting


class World:
    """Databases, and what changed in them."""

    def __init__(self) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.databases: dict[str, dict[str, Collection]] = {}
        self.seconds, self.inc = BEGAN, 0
        self.log: list[Entry] = []
        self.damaged: dict[bytes, dict[str, Any]] = {}
        self.first = Timestamp(BEGAN, 0)  # of the log
        self.stride = BOUNDLESS  # entries of the log that one answer of a change stream looks through
        self.idle: Timestamp | None = None  # up to which a shard has told of itself, and nothing behind it is told
        self.noop()

    # Writing

    def now(self) -> Timestamp:
        return self.log[-1].ts

    @held
    def noop(self) -> None:
        self._write("", None)

    @held
    def create(self, database: str, name: str, kind: str = "collection", **options: Any) -> None:
        self.databases.setdefault(database, {})[name] = Collection(name, kind, options)
        self.noop()

    def read(self, raw: bytes) -> dict[str, Any]:
        """The document; of one that is damaged, its `_id`."""
        try:
            return read_raw(raw)
        except bson.errors.InvalidBSON:
            return self.damaged[raw]

    @held
    def put(self, database: str, name: str, document: Mapping[str, Any], raw: bytes | None = None) -> None:
        """Inserts or replaces one; `raw` are its bytes where no driver would write such a document."""
        written = raw or bson.encode(document, codec_options=WRITING)
        if name not in self.databases.get(database, {}):
            self.create(database, name)
        collection = self.databases[database][name]
        if raw and "_id" in document:
            self.damaged[raw] = {"_id": document["_id"]}
        value = self.read(written)["_id"]
        kind = "replace" if order(value) in collection.documents else "insert"
        collection.documents[order(value)] = written
        self._changed(database, kind, name, documentKey=_key(written, value), fullDocument=RawBSONDocument(written))

    @held
    def delete(self, database: str, name: str, value: Any) -> None:
        collection = self.databases.get(database, {}).get(name)
        value = read_raw(bson.encode({"_id": value}, codec_options=WRITING))["_id"]
        if collection is not None and collection.documents.pop(order(value), None) is not None:
            self._changed(database, "delete", name, documentKey={"_id": value})

    @held
    def delete_raw(self, database: str, name: str, raw: bytes) -> None:
        """Deletes the document of these bytes."""
        value = self.read(raw)["_id"]
        del self.databases[database][name].documents[order(value)]
        self._changed(database, "delete", name, documentKey=_key(raw, value))

    @held
    def drop(self, database: str, name: str) -> None:
        if self.databases.get(database, {}).pop(name, None) is not None:
            self._changed(database, "drop", name)

    @held
    def rename(self, database: str, name: str, to: str) -> None:
        held = self.databases.get(database, {})
        if name in held:
            held.pop(to, None)
            held[to] = held.pop(name)
            held[to].name = to
            self._changed(database, "rename", name, to={"db": database, "coll": to})

    @held
    def drop_database(self, database: str) -> None:
        for name in list(self.databases.get(database, {})):
            self.drop(database, name)
        if self.databases.pop(database, None) is not None:
            self._write(database, {"operationType": "dropDatabase", "ns": {"db": database}})

    @held
    def forget(self) -> None:
        """All of the log but its last entry is overwritten."""
        self.noop()
        self.first = self.now()
        self.log = self.log[-1:]

    def source(self, database: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, collection in self.databases.get(database, {}).items():
            for raw in collection.documents.values():
                yield name, read_raw(raw)

    def _changed(self, database: str, kind: str, name: str, **more: Any) -> None:
        self._write(database, {"operationType": kind, "ns": {"db": database, "coll": name}, **more})

    def _write(self, database: str, event: dict[str, Any] | None) -> None:
        self.inc += 1
        if self.inc > 50:
            self.seconds, self.inc = self.seconds + 1, 1
        self.log.append(Entry(Timestamp(self.seconds, self.inc), database, event))


@dataclass
class ChangeStream:
    """A cursor on the log of one database."""

    world: World
    database: str
    pipeline: list[Mapping[str, Any]]
    behind: Timestamp  # everything up to here was looked at
    last: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    waiting: list[dict[str, Any]] = field(default_factory=list)  # fragments, and invalidate

    @classmethod
    def open(cls, world: World, database: str, stages: list[Mapping[str, Any]]) -> ChangeStream:
        asked = stages[0]["$changeStream"]
        starts = [name for name in ("resumeAfter", "startAfter", "startAtOperationTime") if name in asked]
        if len(starts) > 1:
            raise Refused(40674, "Location40674", "Only one type of resume option is allowed")
        if not starts:
            return cls(world, database, stages[1:], world.now(), mark(world.now()))
        if starts[0] == "startAtOperationTime":
            return cls(world, database, stages[1:], asked[starts[0]], mark(world.now()))
        data = str(asked[starts[0]].get("_data", ""))
        try:
            ts = Timestamp(int(data[2:10], 16), int(data[10:18], 16))
        except ValueError:
            raise Refused(50811, "Location50811", "KeyString format error") from None
        if data == token(ts, invalidate=True)["_data"] and starts[0] == "resumeAfter":
            message = "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate"
            raise Refused(260, "InvalidResumeToken", message)
        made = cls(world, database, stages[1:], ts, dict(asked[starts[0]]))
        made.check()
        if ts not in [entry.ts for entry in world.log] and data != mark(ts)["_data"]:
            raise Refused(280, "ChangeStreamFatalError", "cannot resume stream; the resume token was not found", LOST)
        return made

    def check(self) -> None:
        """The log still goes back to where it is."""
        if self.behind < self.world.first:
            message = "Resume of change stream was not possible, as the resume point may no longer be in the oplog."
            raise Refused(286, "ChangeStreamHistoryLost", message, LOST)

    def batch(self, size: int) -> list[dict[str, Any]]:
        """What changed since, at most so many."""
        self.check()
        seen = 0
        found: list[dict[str, Any]] = []
        while self.waiting and len(found) < size:
            found.append(self.waiting.pop(0))
        for entry in self.world.log:
            late = self.world.idle is not None and entry.ts > self.world.idle
            if self.ended or self.waiting or len(found) >= size or seen >= self.world.stride or late:
                break
            if entry.ts > self.behind:
                seen += 1
                self.behind = entry.ts
                found += self._told(entry)
                while len(found) > size:
                    self.waiting.insert(0, found.pop())
        self.last = found[-1]["_id"] if found and (self.waiting or len(found) >= size) else mark(self.behind)
        if found and found[-1]["operationType"] == "invalidate":
            self.last = found[-1]["_id"]
        return found

    def _told(self, entry: Entry) -> list[dict[str, Any]]:
        if entry.event is None or entry.database != self.database:
            return []
        whole = {"_id": token(entry.ts), "clusterTime": entry.ts, **entry.event}
        told = self._piped(whole)
        if entry.event["operationType"] == "dropDatabase":
            end = {"_id": token(entry.ts, invalidate=True), "clusterTime": entry.ts, "operationType": "invalidate"}
            told += self._piped(end)
            self.ended = True
        return told

    def _piped(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        splits = False
        for stage in self.pipeline:
            ((name, asked),) = stage.items()
            if name == "$match" and not matches(event, asked):
                return []
            if name == "$project":
                event = {part: event[part] for part in ("_id", *asked) if part in event}
            splits |= name == "$changeStreamSplitLargeEvent"
        size = len(bson.encode(event, codec_options=WRITING))
        if size <= LARGEST:
            return [event]
        if not splits:
            raise Refused(10334, "BSONObjectTooLarge", f"BSONObj size: {size} is invalid", LOST)
        return [
            {"_id": event["_id"], "splitEvent": {"fragment": turn, "of": 2}, "operationType": event["operationType"]}
            for turn in (1, 2)
        ]
