"""A collection of documents, served as a member of a replica set does: a process of its own, so that it costs whoever
asks nothing. It answers what the mongodb connector, its floor and the edits of the bench ask, and refuses everything
else.

    python -m bench.mongo_server DOCUMENTS

prints its address. Documents are encoded once, and every answer is put together of them. Each edit is told to all
change streams when it is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import mmap
import struct
import sys
import tempfile
import time
import uuid
from array import array
from collections.abc import Callable, Mapping, Sequence
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
BAD_VALUE, CURSOR_NOT_FOUND, COMMAND_NOT_FOUND, HISTORY_LOST = 2, 43, 59, 286
FIRST_BATCH = 101  # of a query that names no size
TOKEN = "82"  # how a token begins whose next 16 digits are the time of its change


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
        self._edited: dict[int, bytes] = {}
        self._heads = [b"\x03%d\0" % index for index in range(10_000)]

    def batch(self, first: int, size: int) -> tuple[bytes, int]:
        """The members of a BSON array: so many documents from the first on, as many as an answer holds; behind which
        one it ends."""
        ends = self._ends
        end = min(first + size, self.number, first + len(self._heads))
        while ends[end] - ends[first] > LARGEST_DOCUMENT:
            end -= 1
        return self.members(range(first, end)), end

    def members(self, numbers: Sequence[int]) -> bytes:
        """These documents as the members of a BSON array."""
        return b"".join(part for head, at in zip(self._heads, numbers, strict=False) for part in (head, self._at(at)))

    def edit(self, value: ObjectId, fields: Body) -> bool:
        """Gives the document with this `_id` other values; whether there is one."""
        for number in self.found([value]):
            self._edited[number] = bson.encode({**bson.decode(self._at(number)), **fields})
            return True
        return False

    def found(self, values: Sequence[ObjectId]) -> list[int]:
        """The numbers of the documents that have one of these `_id`s."""
        before = ((self._behind(value) - 1, value) for value in values)
        return [number for number, value in before if number >= 0 and self._id(number) == value]

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
        found = RawBSONDocument(self._at(number))["_id"]
        assert isinstance(found, ObjectId)
        return found

    def _at(self, number: int) -> bytes:
        return self._edited.get(number) or self._raw[self._ends[number] : self._ends[number + 1]]


class Database:
    """Answers commands: of each the document, as BSON."""

    def __init__(self, documents: Documents, address: str) -> None:
        self._documents = documents
        self._address = address
        self._tag = uuid.uuid4()
        self._began = int(time.time())
        self._log: list[ObjectId] = []  # of each edit, the `_id`
        self._news = asyncio.Event()  # of the next edit
        self._open: dict[int, tuple[int, int]] = {}  # of a cursor, which document is next and behind which it ends
        self._streams: dict[int, int] = {}  # of a change stream, which edit is next
        self._cursors = itertools.count(1)
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
            "update": self._update,
        }

    async def answer(self, command: Body) -> bytes:
        """What goes back, also where that is an error. A change stream waits for news as long as it is asked to."""
        name = next(iter(command))
        if name == "getMore" and self._streams.get(int(command[name])) == len(self._log):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), command.get("maxTimeMS", 1000) / 1000)
        try:
            known = self._commands.get(name.lower())
            if known is None:
                raise Refused(COMMAND_NOT_FOUND, f"this server does not know the command {name}")
            return known(command)
        except Refused as error:
            return bson.encode({"ok": 0.0, "errmsg": str(error), "code": error.code})

    def _ok(self, said: Body) -> bytes:
        return bson.encode({**said, "ok": 1.0, "operationTime": self._time(len(self._log))})

    def _time(self, edits: int) -> Timestamp:
        return Timestamp(self._began, 1 + edits)

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
        since = command["pipeline"][0]["$changeStream"].get("resumeAfter")
        cursor = next(self._cursors)
        self._streams[cursor] = self._edit_of(since) if since else len(self._log)
        return self._changes("firstBatch", cursor, command["cursor"].get("batchSize", FIRST_BATCH))

    def _find(self, command: Body) -> bytes:
        asked = command["find"], command["$db"], command.get("sort", {"_id": 1}), command.get("projection")
        if asked != (COLLECTION, DATABASE, {"_id": 1}, None) or command.get("skip"):
            raise Refused(BAD_VALUE, f"this server does not find {command}")
        condition = command.get("filter", {})
        if isinstance(chosen := condition.get("_id"), dict) and set(chosen) == {"$in"}:
            return self._cursor("firstBatch", Int64(0), self._documents.members(self._documents.found(chosen["$in"])))
        first = self._documents.first_of(condition)
        limit = command.get("limit") or self._documents.number
        return self._batch("firstBatch", first, min(first + limit, self._documents.number), command)

    def _get_more(self, command: Body) -> bytes:
        cursor = int(command["getMore"])
        if cursor in self._streams:
            return self._changes("nextBatch", cursor, command.get("batchSize", FIRST_BATCH))
        if cursor not in self._open:
            raise Refused(CURSOR_NOT_FOUND, f"cursor id {cursor} not found")
        return self._batch("nextBatch", *self._open.pop(cursor), command)

    def _kill_cursors(self, command: Body) -> bytes:
        for cursor in command["cursors"]:
            self._open.pop(int(cursor), None)
            self._streams.pop(int(cursor), None)
        return self._ok({"cursorsKilled": command["cursors"]})

    def _update(self, command: Body) -> bytes:
        if command["update"] != COLLECTION or command["$db"] != DATABASE:
            raise Refused(BAD_VALUE, f"this server does not update {command['update']}")
        edited = 0
        for each in command["updates"]:
            if set(each["q"]) != {"_id"} or set(each["u"]) != {"$set"}:
                raise Refused(BAD_VALUE, f"this server does not know the update {each}")
            if self._documents.edit(each["q"]["_id"], each["u"]["$set"]):
                self._log.append(each["q"]["_id"])
                edited += 1
        self._news.set()
        self._news = asyncio.Event()
        return self._ok({"n": edited, "nModified": edited})

    def _batch(self, name: str, first: int, end: int, command: Body) -> bytes:
        size = command.get("batchSize", FIRST_BATCH if name == "firstBatch" else self._documents.number)
        members, reached = self._documents.batch(first, min(size, end - first))
        if reached >= end:
            return self._cursor(name, Int64(0), members)
        cursor = next(self._cursors)
        self._open[cursor] = (reached, end)
        return self._cursor(name, Int64(cursor), members)

    def _changes(self, name: str, cursor: int, size: int) -> bytes:
        """The next edits, with what the connector asks of each, and how far they go."""
        first = self._streams[cursor]
        edits = self._log[first : first + size]
        self._streams[cursor] = reached = first + len(edits)
        members = b"".join(
            b"\x03%d\0" % place + bson.encode(self._event(value, first + place + 1))
            for place, value in enumerate(edits)
        )
        return self._cursor(name, Int64(cursor), members, {"postBatchResumeToken": self._token(reached)})

    def _event(self, value: ObjectId, edits: int) -> Body:
        return {
            "_id": self._token(edits),
            "operationType": "update",
            "clusterTime": self._time(edits),
            "ns": {"db": DATABASE, "coll": COLLECTION},
            "documentKey": {"_id": value},
        }

    def _cursor(self, name: str, cursor: Int64, members: bytes, more: Body | None = None) -> bytes:
        """The documents are not decoded on their way."""
        batch = _document(members)
        rest = bson.encode({"id": cursor, "ns": f"{DATABASE}.{COLLECTION}", **(more or {})})[4:-1]
        inner = _document(b"\x04" + name.encode() + b"\0" + batch + rest)
        return _document(b"\x03cursor\0" + inner + self._ok({})[4:-1])

    def _token(self, edits: int) -> Body:
        """Of the moment after so many edits, as MongoDB writes it."""
        moment = self._time(edits)
        return {"_data": f"{TOKEN}{moment.time:08X}{moment.inc:08X}"}

    def _edit_of(self, token: Body) -> int:
        began, edits = int(token["_data"][2:10], 16), int(token["_data"][10:18], 16) - 1
        if began != self._began:
            raise Refused(HISTORY_LOST, "the token is of another server")
        return edits


def _document(members: bytes) -> bytes:
    return LENGTH.pack(len(members) + 5) + members + b"\0"


async def converse(database: Database, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, kept open; one message after the other."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
        while True:
            length, request, _, kind = HEADER.unpack(await reader.readexactly(HEADER.size))
            answer = await _answer(database, kind, await reader.readexactly(length - HEADER.size))
            answering = MESSAGE if kind == MESSAGE else REPLY
            writer.write(HEADER.pack(HEADER.size + len(answer), 0, request, answering) + answer)
            await writer.drain()


async def _answer(database: Database, kind: int, message: bytes) -> bytes:
    """Greetings come in the old form, everything else in the new one."""
    if kind == QUERY:
        command = bson.decode(message[message.index(b"\0", 4) + 9 :])
        return REPLY_HEAD.pack(8, 0, 0, 1) + await database.answer(command)
    assert kind == MESSAGE and message[4] == 0, "the command comes first"
    end = 5 + LENGTH.unpack_from(message, 5)[0]
    command = bson.decode(message[5:end])
    if end < len(message):  # what is to be written comes beside it
        assert message[end] == 1, "only one sequence of documents comes with a command"
        name, _, documents = message[end + 5 :].partition(b"\0")
        command[name.decode()] = bson.decode_all(documents)
    return b"\0\0\0\0\0" + await database.answer(command)


async def serve(documents: Documents, tell: Callable[[str], None], until: Callable[[], object]) -> None:
    """`tell` is given the address."""
    database: Database
    server = await asyncio.start_server(lambda *streams: converse(database, *streams), "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    database = Database(documents, address)
    tell(f"mongodb://{address}")
    await asyncio.get_running_loop().run_in_executor(None, until)


if __name__ == "__main__":
    asyncio.run(serve(Documents(int(sys.argv[1])), partial(print, flush=True), sys.stdin.read))
