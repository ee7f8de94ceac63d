"""A server and its collections: one client for all threads, made as this program needs it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...core.errors import AccessError, ConfigError, NotFound, TransientError
from .address import Address
from .errors import NO_ACCESS, bad_uri, code_of, explained, misnamed
from .keys import uuid_of

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.database import Database

    Document = dict[str, Any]

CONNECT_MILLISECONDS = 10_000
SELECT_MILLISECONDS = 15_000  # longer than a connection takes to fail, so that the error says why
WIRE_OF_SORTS_ON_DISK = 9  # MongoDB 4.4
SYSTEM = "system."  # what the server keeps for itself; "system.views" beside every view
KINDS = {"collection": "collection", "view": "view", "timeseries": "time series"}


@dataclass(frozen=True, slots=True)
class Shape:
    """One collection, as the server describes it.

    `tag` stands for it as long as it is not dropped; another one of the same name has another.
    """

    name: str
    kind: str
    tag: str
    capped: bool

    @property
    def paged(self) -> bool:
        """Whether there is an index of `_id`, and no two documents with the same."""
        return self.kind == "collection"

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Shape:
        found = uuid_of(raw.get("info", {}).get("uuid"))
        tag = "" if found is None else str(found)
        options = raw.get("options", {})
        kind = "timeseries" if "timeseries" in options else raw["type"]
        return cls(raw["name"], kind, tag, bool(options.get("capped")))


class Server:
    """One client, and what is asked once in each run."""

    def __init__(self, address: Address, application: str, timeout: float) -> None:
        from pymongo import MongoClient

        self.address = address
        settings = {
            "appname": application,
            "serverSelectionTimeoutMS": SELECT_MILLISECONDS,
            "connectTimeoutMS": CONNECT_MILLISECONDS,
            "socketTimeoutMS": int(timeout * 1000),
            "readConcernLevel": "majority",  # what may be rolled back was never there
            "unicode_decode_error_handler": "replace",
        }
        self._names: set[str] = set()  # of the replica sets whose members answered; empty of one that is in none
        fixed = {
            "tz_aware": True,
            "uuidRepresentation": "unspecified",
            "datetime_conversion": "DATETIME_AUTO",
            "event_listeners": [_hearing(self._names)],
        }
        given = {name: value for name, value in settings.items() if name.lower() not in address.options}
        try:
            with explained(address):
                self.unknown = address.unknown
                uri = address.without(self.unknown)
                self.client: MongoClient[Document] = MongoClient(uri, **given, **fixed)  # type: ignore[arg-type]
        except ValueError as error:
            raise bad_uri() from error
        except OSError as error:
            raise ConfigError(
                f"mongodb: the uri names a file that cannot be read: {error.strerror}.", hint="correct its path"
            ) from error
        try:
            self.greeting = self._hello()
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<Server {self.address}>"

    def _hello(self) -> Document:
        try:
            with explained(self.address):
                self.database: Database[Document] = self.client[self.address.database]
                return self.client.admin.command("hello")
        except TransientError as error:
            asked = self.client.options.replica_set_name
            if asked is None or not self._names or asked in self._names:
                raise
            raise misnamed(self.address, asked, self._names) from error

    @property
    def replicated(self) -> bool:
        """Whether it keeps a log of changes, which change streams are made of."""
        return bool(self.greeting.get("setName")) or self.greeting.get("msg") == "isdbgrid"

    @property
    def sorts_on_disk(self) -> bool:
        return int(self.greeting["maxWireVersion"]) >= WIRE_OF_SORTS_ON_DISK

    @property
    def time(self) -> datetime:
        """The server's clock, now."""
        with explained(self.address):
            now: datetime = self.client.admin.command("hello", codec_options=self.client.codec_options)["localTime"]
            return now

    def close(self) -> None:
        self.client.close()

    def shapes(self, **which: str) -> tuple[dict[str, Shape], bool]:
        """All collections by name, in the order of names; whether these are all, or only those that may be read.

        `which`: only those of this `name`.
        """
        from pymongo.errors import OperationFailure

        complete = True
        with explained(self.address, self.address.database):
            try:
                listed = list(self.database.list_collections(filter=which))
            except OperationFailure as error:
                if code_of(error) != NO_ACCESS:
                    raise
                listed, complete = (
                    list(self.database.list_collections(nameOnly=True, authorizedCollections=True)),
                    False,
                )
        found = [Shape.read(raw) for raw in listed if not raw["name"].startswith(SYSTEM)]
        return {shape.name: shape for shape in sorted(found, key=lambda shape: shape.name)}, complete

    def shape(self, name: str) -> Shape:
        """The collection of this name, as it is now; raises NotFound, or AccessError where it may be hidden."""
        shapes, complete = self.shapes(name=name)
        if name in shapes:
            return shapes[name]
        if not complete:
            raise AccessError(
                f"{self.address.user or 'nobody'} may not see whether {name} is in {self.address.database}.",
                hint=f"grant the role 'read' on the database {self.address.database}; nothing was deleted",
            )
        raise NotFound(
            f"the database {self.address.database} has no collection {name}; nothing was deleted.",
            hint=meant(name, self.shapes()[0]) or "correct the option 'collections' or 'database'",
        )

    def databases(self) -> list[str]:
        """Those that may be seen."""
        from pymongo.errors import PyMongoError

        try:
            return self.client.list_database_names()
        except PyMongoError:  # it only helps to find a mistake
            return []

    def expected(self, shape: Shape) -> int | None:
        """About how many documents it has, where that is cheap to tell."""
        from pymongo.errors import PyMongoError

        try:
            return self.database[shape.name].estimated_document_count() if shape.paged else None
        except PyMongoError:  # only progress is drawn from it
            return None


def meant(name: str, known: Iterable[str]) -> str:
    """The question whether another name was meant; empty where none is like this one."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def _hearing(names: set[str]) -> Any:
    """Adds the name of each replica set that the driver hears of."""
    from pymongo.monitoring import ServerHeartbeatListener

    class Hearing(ServerHeartbeatListener):
        def started(self, event: object) -> None:
            pass

        def succeeded(self, event: Any) -> None:
            reply = event.reply.document
            if not reply.get("isreplicaset"):  # one that has no name yet
                names.add(reply.get("setName", ""))

        def failed(self, event: object) -> None:
            pass

    return Hearing()
