"""A collection of documents, served as a member of a replica set does: a process of its own, so that it costs whoever
asks nothing. It answers what the mongodb connector and its floor ask, and refuses everything else.

    python -m bench.mongo_server DOCUMENTS

prints its address. Documents are encoded once, and every answer is put together of them.
"""

from __future__ import annotations

import asyncio
import mmap
import struct
import sys
import tempfile
import time
import uuid
from array import array
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import bson
from bson import Int64, ObjectId, Timestamp
from bson.raw_bson import RawBSONDocument

from .mongodb import COLLECTION, DATABASE, document

Body = Mapping[str, Any]

HEADER = struct.Struct("<iiii")  # length, id of the message, of which it is an answer, kind
LENGTH = struct.Struct("<i")
REPLY, QUERY, MESSAGE = 1, 2004, 2013
REPLY_HEAD = struct.Struct("<iqii")  # flags, cursor, first, number
LARGEST_DOCUMENT, LARGEST_MESSAGE = 16 * 1024 * 1024, 48_000_000
WIRE = 21  # MongoDB 7.0
BAD_VALUE, CURSOR_NOT_FOUND, COMMAND_NOT_FOUND = 2, 43, 59
FIRST_BATCH = 101  # of a query that names no size
WATCHING = Int64(1)  # the cursor of every change stream: nothing ever changes


class Refused(Exception):
    """What is asked is not served here."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Documents:
    """The documents by number, in the order of their `_id`, as BSON in a file that is mapped into memory."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._ends = array("Q", [0])
        with tempfile.TemporaryFile() as file:
            for each in range(number):
                raw = bson.encode(document(each))
                file.write(raw)
                self._ends.append(self._ends[-1] + len(raw))
            file.flush()
            self._raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if number else b""
        self._heads = [b"\x03%d\0" % index for index in range(10_000)]

    def batch(self, first: int, size: int) -> tuple[bytes, int]:
        """The members of a BSON array: so many documents from the first on, as many as an answer holds; behind which
        one it ends."""
        ends, raw = self._ends, self._raw
        end = min(first + size, self.number, first + len(self._heads))
        while ends[end] - ends[first] > LARGEST_DOCUMENT:
            end -= 1
        parts = [part for at in range(first, end) for part in (self._heads[at - first], raw[ends[at] : ends[at + 1]])]
        return b"".join(parts), end

    def first_of(self, condition: Body) -> int:
        """The number of the first document that meets a condition on `_id`, as all behind it do."""
        if not condition:
            return 0
        if set(condition) == {"$or"}:
            return min(self.first_of(part) for part in condition["$or"])
        asked = condition["_id"] if set(condition) == {"_id"} else None
        if isinstance(asked, dict) and set(asked) == {"$gt"} and isinstance(asked["$gt"], ObjectId):
            return self._behind(asked["$gt"])
        if isinstance(asked, dict) and set(asked) == {"$type"} and isinstance(asked["$type"], list):
            return 0 if "objectId" in asked["$type"] else self.number
        raise Refused(BAD_VALUE, f"this server does not know the condition {condition}")

    def _behind(self, value: ObjectId) -> int:
        low, high = 0, self.number
        while low < high:
            middle = (low + high) // 2
            if self._id(middle) > value:
                high = middle
            else:
                low = middle + 1
        return low

    def _id(self, number: int) -> ObjectId:
        found = RawBSONDocument(self._raw[self._ends[number] : self._ends[number + 1]])["_id"]
        assert isinstance(found, ObjectId)
        return found


class Database:
    """Answers commands: of each the document, as BSON."""

    def __init__(self, documents: Documents, address: str) -> None:
        self._documents = documents
        self._address = address
        self._tag = uuid.uuid4()
        self._time = Timestamp(int(time.time()), 1)
        self._open: dict[int, tuple[int, int]] = {}  # of a cursor, which document is next and behind which it ends
        self._last_cursor = int(WATCHING)
        self._commands: Mapping[str, Callable[[Body], bytes]] = {
            "hello": self._hello,
            "ismaster": self._hello,
            "ping": lambda _: self._ok({}),
            "buildinfo": lambda _: self._ok({"version": "7.0.0", "versionArray": [7, 0, 0, 0]}),
            "endsessions": lambda _: self._ok({}),
            "listcollections": self._list_collections,
            "count": self._count,
            "aggregate": self._aggregate,
            "find": self._find,
            "getmore": self._get_more,
            "killcursors": self._kill_cursors,
        }

    def answer(self, command: Body) -> bytes:
        """What goes back, also where that is an error."""
        name = next(iter(command))
        try:
            known = self._commands.get(name.lower())
            if known is None:
                raise Refused(COMMAND_NOT_FOUND, f"this server does not know the command {name}")
            return known(command)
        except Refused as error:
            return bson.encode({"ok": 0.0, "errmsg": str(error), "code": error.code})

    def _ok(self, said: Body) -> bytes:
        return bson.encode({**said, "ok": 1.0, "operationTime": self._time})

    def _hello(self, _: Body) -> bytes:
        return self._ok(
            {
                "isWritablePrimary": True,
                "ismaster": True,
                "helloOk": True,
                "secondary": False,
                "setName": "bench",
                "setVersion": 1,
                "hosts": [self._address],
                "primary": self._address,
                "me": self._address,
                "maxBsonObjectSize": LARGEST_DOCUMENT,
                "maxMessageSizeBytes": LARGEST_MESSAGE,
                "maxWriteBatchSize": 100_000,
                "localTime": datetime.now(UTC),
                "logicalSessionTimeoutMinutes": 30,
                "minWireVersion": 0,
                "maxWireVersion": WIRE,
                "readOnly": False,
            }
        )

    def _list_collections(self, command: Body) -> bytes:
        wanted = command.get("filter", {})
        if command["$db"] != DATABASE or set(wanted) - {"name"}:
            raise Refused(BAD_VALUE, f"this server does not list {wanted} in {command['$db']}")
        listed = {
            "name": COLLECTION,
            "type": "collection",
            "options": {},
            "info": {"readOnly": False, "uuid": bson.Binary.from_uuid(self._tag)},
        }
        found = [listed] if wanted.get("name", COLLECTION) == COLLECTION else []
        return self._ok({"cursor": {"id": Int64(0), "ns": f"{DATABASE}.$cmd.listCollections", "firstBatch": found}})

    def _count(self, command: Body) -> bytes:
        if command.get("query"):
            raise Refused(BAD_VALUE, "this server counts only all documents")
        return self._ok({"n": self._documents.number})

    def _aggregate(self, command: Body) -> bytes:
        if "$changeStream" not in command["pipeline"][0]:
            raise Refused(BAD_VALUE, "this server knows no aggregation but a change stream")
        return self._cursor("firstBatch", WATCHING, b"", self._token())

    def _find(self, command: Body) -> bytes:
        asked = command["find"], command["$db"], command.get("sort", {"_id": 1}), command.get("projection")
        if asked != (COLLECTION, DATABASE, {"_id": 1}, None) or command.get("skip"):
            raise Refused(BAD_VALUE, f"this server does not find {command}")
        first = self._documents.first_of(command.get("filter", {}))
        limit = command.get("limit") or self._documents.number
        return self._batch("firstBatch", first, min(first + limit, self._documents.number), command)

    def _get_more(self, command: Body) -> bytes:
        cursor = int(command["getMore"])
        if cursor == WATCHING:
            return self._cursor("nextBatch", WATCHING, b"", self._token())
        if cursor not in self._open:
            raise Refused(CURSOR_NOT_FOUND, f"cursor id {cursor} not found")
        return self._batch("nextBatch", *self._open.pop(cursor), command)

    def _kill_cursors(self, command: Body) -> bytes:
        for cursor in command["cursors"]:
            self._open.pop(int(cursor), None)
        return self._ok({"cursorsKilled": command["cursors"]})

    def _batch(self, name: str, first: int, end: int, command: Body) -> bytes:
        size = command.get("batchSize", FIRST_BATCH if name == "firstBatch" else self._documents.number)
        members, reached = self._documents.batch(first, min(size, end - first))
        if reached >= end:
            return self._cursor(name, Int64(0), members)
        self._last_cursor += 1
        self._open[self._last_cursor] = (reached, end)
        return self._cursor(name, Int64(self._last_cursor), members)

    def _cursor(self, name: str, cursor: Int64, members: bytes, more: Body | None = None) -> bytes:
        """The documents are not decoded on their way."""
        batch = _document(members)
        rest = bson.encode({"id": cursor, "ns": f"{DATABASE}.{COLLECTION}", **(more or {})})[4:-1]
        inner = _document(b"\x04" + name.encode() + b"\0" + batch + rest)
        return _document(b"\x03cursor\0" + inner + self._ok({})[4:-1])

    def _token(self) -> Body:
        """Of the present, as MongoDB writes it: nothing that happened before it is still to be told."""
        return {"postBatchResumeToken": {"_data": f"82{self._time.time:08X}{self._time.inc:08X}"}}


def _document(members: bytes) -> bytes:
    return LENGTH.pack(len(members) + 5) + members + b"\0"


class Connection(asyncio.Protocol):
    """One connection, kept open; one message after the other."""

    def __init__(self, database: Callable[[], Database]) -> None:
        self._database = database
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= HEADER.size:
            length, request, _, kind = HEADER.unpack_from(self._received)
            if len(self._received) < length:
                return
            message, self._received = self._received[HEADER.size : length], self._received[length:]
            answer = self._answer(kind, message)
            answering = MESSAGE if kind == MESSAGE else REPLY
            self._transport.write(HEADER.pack(HEADER.size + len(answer), 0, request, answering) + answer)

    def _answer(self, kind: int, message: bytes) -> bytes:
        """Greetings come in the old form, everything else in the new one."""
        if kind == QUERY:
            command = bson.decode(message[message.index(b"\0", 4) + 9 :])
            return REPLY_HEAD.pack(8, 0, 0, 1) + self._database().answer(command)
        assert kind == MESSAGE and message[4] == 0, "commands come as one document"
        (length,) = LENGTH.unpack_from(message, 5)
        return b"\0\0\0\0\0" + self._database().answer(bson.decode(message[5 : 5 + length]))


async def serve(documents: Documents, tell: Callable[[str], None], until: Callable[[], object]) -> None:
    """`tell` is given the address."""
    loop = asyncio.get_running_loop()
    database: Database
    server = await loop.create_server(partial(Connection, lambda: database), "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    database = Database(documents, address)
    tell(f"mongodb://{address}")
    await loop.run_in_executor(None, until)


if __name__ == "__main__":
    asyncio.run(serve(Documents(int(sys.argv[1])), partial(print, flush=True), sys.stdin.read))
