"""A server that speaks MongoDB's protocol (OP_MSG) over a `World`, and fails where a test wants it.

It models what the real servers on which the other tests run cannot show. Users, indexes and writes it does not know.
"""

from __future__ import annotations

import contextlib
import itertools
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import bson
from bson import Int64
from bson.raw_bson import RawBSONDocument

from .mongo_order import Refused, matches, sorted_by
from .mongo_world import WRITING, ChangeStream, World, read_raw

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
BATCH = 101
Command = Mapping[str, Any]


@dataclass
class Fault:
    """What a command is answered with, so many times, after `spared` ones."""

    command: str
    error: Refused | None  # None cuts the connection
    times: int
    spared: int = 0
    concerns: Callable[[Command], bool] = lambda command: True


@dataclass
class Listing:
    """A cursor on documents that were found."""

    documents: list[bytes]

    def batch(self, size: int) -> list[RawBSONDocument]:
        taken, self.documents = self.documents[:size], self.documents[size:]
        return [RawBSONDocument(each) for each in taken]


@dataclass
class FakeMongo:
    """The server. `greeting` overrides what it says of itself; `log` is what it was asked."""

    world: World = field(default_factory=World)
    greeting: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)  # the codes of its refusals
    marks: bool = True  # whether answers without changes tell how far they go
    before: Callable[[str], None] = lambda name: None  # called before each command that reads
    port: int = 0

    def __post_init__(self) -> None:
        self.cursors: dict[int, Listing | ChangeStream] = {}
        self._ids = itertools.count(7)

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def fail(
        self, command: str, code: int, name: str = "", message: str = "", labels: tuple[str, ...] = (), **more: Any
    ) -> None:
        """The next such command, or the next `times`, are refused."""
        error = Refused(code, name or f"Location{code}", message or name, labels)
        self.faults.append(Fault(command, error, more.pop("times", 1), **more))

    def cut(self, command: str, times: int = 1, **more: Any) -> None:
        """The connection breaks before the answer to the next such commands."""
        self.faults.append(Fault(command, None, times, **more))

    def step_down(self) -> None:
        """Whoever is in the middle of something is told so; cursors are gone."""
        for command in ("getMore", "find"):
            self.fail(command, 10107, "NotWritablePrimary", "not primary", ("ResumableChangeStreamError",))
        with self.world.lock:
            self.cursors.clear()

    def answer(self, command: Command) -> dict[str, Any]:
        """The answer to one command. Raises ConnectionResetError where a fault says so."""
        name = next(iter(command))
        if name not in ("hello", "isMaster", "ismaster", "endSessions", "killCursors"):
            self.log.append(name)
            self.before(name)
        with self.world.lock:
            try:
                self._fail(name, command)
                act = getattr(self, f"_{name.lower()}", None)
                if act is None:
                    raise Refused(59, "CommandNotFound", f"no such command: '{name}'")
                said = act(command)
            except Refused as error:
                self.refused.append(error.code)
                said = {"ok": 0.0, "errmsg": str(error), "code": error.code, "codeName": error.name}
                said |= {"errorLabels": list(error.labels)} if error.labels else {}
            if not self.greeting.get("silent") and self._hello(command).keys() & {"setName", "msg"}:
                now = self.world.now()
                said |= {"operationTime": now}
                said |= {"$clusterTime": {"clusterTime": now, "signature": {"hash": bytes(20), "keyId": Int64(0)}}}
            return said

    def _fail(self, name: str, command: Command) -> None:
        for fault in self.faults:
            if fault.command == name and fault.times and fault.concerns(command):
                if fault.spared:
                    fault.spared -= 1
                    continue
                fault.times -= 1
                if fault.error is None:
                    raise ConnectionResetError
                raise fault.error

    # Commands

    def _hello(self, command: Command) -> dict[str, Any]:
        here = f"127.0.0.1:{self.port}"
        said = {
            "helloOk": True,
            "isWritablePrimary": True,
            "ismaster": True,
            "maxBsonObjectSize": 16777216,
            "maxMessageSizeBytes": 48000000,
            "maxWriteBatchSize": 100000,
            "localTime": datetime.now(UTC),
            "logicalSessionTimeoutMinutes": 30,
            "connectionId": 1,
            "minWireVersion": 0,
            "maxWireVersion": 25,
            "readOnly": False,
            "setName": "rs0",
            "setVersion": 1,
            "hosts": [here],
            "primary": here,
            "me": here,
            "ok": 1.0,
            **self.greeting,
        }
        return {name: value for name, value in said.items() if value is not None}

    _ismaster = _hello

    def _ping(self, command: Command) -> dict[str, Any]:
        return {"ok": 1.0}

    _endsessions = _ping

    def _killcursors(self, command: Command) -> dict[str, Any]:
        for each in command["cursors"]:
            self.cursors.pop(each, None)
        return {"cursorsKilled": command["cursors"], "ok": 1.0}

    def _count(self, command: Command) -> dict[str, Any]:
        held = self.world.databases.get(command["$db"], {}).get(command["count"])
        return {"n": len(held.documents) if held else 0, "ok": 1.0}

    def _listdatabases(self, command: Command) -> dict[str, Any]:
        return {"databases": [{"name": each} for each in self.world.databases], "ok": 1.0}

    def _listindexes(self, command: Command) -> dict[str, Any]:
        return self._first(command, Listing([bson.encode({"v": 2, "key": {"_id": 1}, "name": "_id_"})]), BATCH)

    def _listcollections(self, command: Command) -> dict[str, Any]:
        found = []
        for each in self.world.databases.get(command["$db"], {}).values():
            if matches({"name": each.name}, command.get("filter", {})):
                one: dict[str, Any] = {"name": each.name, "type": each.kind}
                if not command.get("nameOnly"):
                    one |= {"options": each.options, "info": {"readOnly": False, "uuid": each.uuid}}
                found.append(bson.encode(one, codec_options=WRITING))
        return self._first(command, Listing(found), len(found))

    def _find(self, command: Command) -> dict[str, Any]:
        held = self.world.databases.get(command["$db"], {}).get(command["find"])
        documents = [] if held is None else [held.documents[key] for key in sorted(held.documents)]
        documents = [each for each in documents if matches(self.world.read(each), command.get("filter", {}))]
        if (sort := command.get("sort")) and list(sort) != ["_id"]:
            documents = sorted_by(documents, sort, self.world.read)
        if limit := abs(command.get("limit", 0)):
            documents = documents[:limit]
        if wanted := command.get("projection"):
            tops = {"_id", *(path.split(".")[0] for path in wanted)}
            documents = [
                bson.encode({name: part for name, part in read_raw(each).items() if name in tops}) for each in documents
            ]
        size = command.get("batchSize", BATCH)
        return self._first(command, Listing(documents), len(documents) if command.get("singleBatch") else size)

    def _aggregate(self, command: Command) -> dict[str, Any]:
        stages = command["pipeline"]
        if not stages or "$changeStream" not in stages[0]:
            raise Refused(115, "CommandNotSupported", "only change streams")
        stream = ChangeStream.open(self.world, command["$db"], stages)
        return self._first(command, stream, command["cursor"].get("batchSize", BATCH))

    def _getmore(self, command: Command) -> dict[str, Any]:
        cursor = self.cursors.get(command["getMore"])
        if cursor is None:
            raise Refused(43, "CursorNotFound", f"cursor id {command['getMore']} not found", _resumable())
        size = command.get("batchSize", BATCH)
        before = cursor.last if isinstance(cursor, ChangeStream) else None
        batch = cursor.batch(size)
        if not batch and isinstance(cursor, ChangeStream) and cursor.last == before:
            self.world.lock.wait((command.get("maxTimeMS") or 1000) / 1000)
            batch = cursor.batch(size)
        return self._batch(command, "nextBatch", cursor, command["getMore"], batch)

    def _first(self, command: Command, cursor: Listing | ChangeStream, size: int) -> dict[str, Any]:
        cursor_id = next(self._ids)
        self.cursors[cursor_id] = cursor
        return self._batch(command, "firstBatch", cursor, cursor_id, cursor.batch(size))

    def _batch(
        self, command: Command, name: str, cursor: Listing | ChangeStream, cursor_id: int, batch: Any
    ) -> dict[str, Any]:
        ended = not cursor.documents if isinstance(cursor, Listing) else cursor.ended and not cursor.waiting
        if ended:
            del self.cursors[cursor_id]
        said: dict[str, Any] = {"id": Int64(0 if ended else cursor_id), "ns": f"{command['$db']}.x", name: batch}
        if isinstance(cursor, ChangeStream) and self.marks:
            said["postBatchResumeToken"] = cursor.last
        return {"cursor": said, "ok": 1.0}


def _resumable() -> tuple[str, ...]:
    return ("ResumableChangeStreamError",)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, OSError):
            while head := self._read(16):
                length, number, _, code = struct.unpack("<iiii", head)
                self._answer(number, code, self._read(length - 16))

    def _answer(self, number: int, code: int, body: bytes) -> None:
        fake: FakeMongo = self.server.fake  # type: ignore[attr-defined]
        if code == OP_QUERY:
            start = body.index(b"\0", 4) + 9
            said = bson.encode(fake.answer(bson.decode(body[start:])), codec_options=WRITING)
            packed, code = struct.pack("<iqii", 8, 0, 0, 1) + said, OP_REPLY
        else:
            said = bson.encode(fake.answer(read_raw(body[5:])), codec_options=WRITING)
            packed = struct.pack("<iB", 0, 0) + said
        self.request.sendall(struct.pack("<iiii", len(packed) + 16, 1, number, code) + packed)

    def _read(self, length: int) -> bytes:
        held = b""
        while len(held) < length:
            block = self.request.recv(length - len(held))
            if not block:
                return b""
            held += block
        return held


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextlib.contextmanager
def running(fake: FakeMongo) -> Iterator[FakeMongo]:
    """The server on a port of its own."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.fake = fake  # type: ignore[attr-defined]
        fake.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
