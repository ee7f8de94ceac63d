"""MongoDB: the documents of collections, as text."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from ... import __version__
from ...auth.secrets import remember
from ...connector import Connector
from ...core.changes import Change, Cursor
from ...core.errors import AccessError, AragoraSyncError, ConfigError, NotFound
from ...core.options import option
from ...core.source import Check, KnownItems, Stream
from .address import Address
from .documents import Reader
from .errors import explained
from .polling import lacks
from .reading import CollectionReading, Manner
from .server import KINDS, Server, Shape, meant
from .watching import Watching

logger = logging.getLogger(__name__)


class MongoDBConnector(Connector):
    """Reads collections, each a stream. What changed, the change stream of the database tells, with all deletions;
    where a server has none, the field with the time of the last change, or else each run compares everything.
    """

    type = "mongodb"
    title = "Collections of a MongoDB database"
    watched_by = "enable_change_streams"
    keys: ClassVar[Mapping[str, str]] = {
        "MONGODB_URI": "where the server is and as whom to log in, mongodb://user:password@host:27017/database",
    }

    uri: str = option(
        "",
        help="Address of the server, without a password; one with a password belongs into ARAGORA_MONGODB_URI.",
        example="mongodb://localhost:27017",
        neutral=True,
    )
    database: str = option(
        "", help="Database to read; by default the one that the address names.", example="myapp", identity=True
    )
    collections: list[str] = option(
        [],
        help="Collections, time series and views to read; by default all but views.",
        example=["documents", "articles"],
    )
    timestamp_field: str = option(
        "",
        help="Field with the time of the last change, dotted where it lies deeper; what changed is found by it where "
        "there are no change streams.",
        example="updatedAt",
    )
    content_fields: list[str] = option(
        [],
        help="Fields that become the text of an item, dotted where they lie deeper, and no others are read; by default "
        "all fields of text, the others become metadata.",
        example=["title", "body", "tags"],
    )
    enable_change_streams: bool = option(
        True,
        help="Let the server tell what changed and was deleted; needs a replica set or a sharded cluster.",
        neutral=True,
    )

    def open(self) -> None:
        """Logs in, and reads which collections there are."""
        self._server = Server(self._address(), f"aragora-sync {__version__}", self.timeout)
        try:
            self._shapes, self._sees_all = self._server.shapes()
        except BaseException:
            self._server.close()
            raise
        for warning in self._warnings():
            logger.warning("%s", warning)

    def close(self) -> None:
        """No connection stays open."""
        server: Server | None = getattr(self, "_server", None)
        if server is not None:
            server.close()
        super().close()

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """The collections named in the options, or all; also a stored one that may only be hidden from us."""
        for name in self._names(stored):
            shape = self._shapes.get(name)
            title = f"{self._server.address.database}.{name}"
            if shape is None:
                yield Stream(name, title)
            else:
                tells = self._manner(shape) is Manner.STREAM and not shape.capped  # what is pushed out, nobody tells
                yield Stream(name, title, reports_deletes=tells, expected=self._server.expected(shape))

    def check(self) -> Iterator[Check]:
        """Whether the server lets us in, and how each collection can be read."""
        try:
            self.open()
        except AragoraSyncError as error:
            yield Check("connection", False, error.message, error.hint)
            return
        try:
            address = self._server.address
            told = "; ".join([f"{address.user or 'nobody'} reads {address.database} at {address}", *self._warnings()])
            yield Check("connection", True, told)
            for name in self._names([]):
                yield self._check_collection(name)
        finally:
            self.close()

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """What changed since the cursor; without one, all documents."""
        return self._reading(stream.name, known).changes(cursor)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The documents of these ids."""
        return self._reading(stream.name, known).single(refs)

    def watch(
        self, streams: Sequence[Stream], cursors: Mapping[str, Cursor], known: Mapping[str, KnownItems]
    ) -> Iterator[tuple[Stream, Change] | None]:
        """Changes as they happen, without end where there are change streams; None whenever there are none."""
        readings: dict[Stream, CollectionReading] = {}
        for stream in streams:
            with contextlib.suppress(AccessError, NotFound):  # a run says so
                readings[stream] = self._reading(stream.name, known[stream.name])
        return Watching(self._server, readings, self._has_others).changes(cursors)

    def _names(self, stored: Collection[str]) -> Iterable[str]:
        if self.collections:
            return dict.fromkeys(self.collections)
        hidden = [] if self._sees_all else stored
        return dict.fromkeys([*self._all(self._shapes), *hidden])

    def _has_others(self) -> bool:
        """Whether collections came that are to be read, too."""
        if self.collections:
            return False
        return bool(set(self._all(self._server.shapes()[0])) - set(self._all(self._shapes)))

    @staticmethod
    def _all(shapes: Mapping[str, Shape]) -> Iterator[str]:
        return (name for name, shape in shapes.items() if shape.kind != "view")

    def _reading(self, name: str, known: KnownItems) -> CollectionReading:
        shape = self._server.shape(name)
        reader = Reader(name, self.content_fields, self.timestamp_field)
        return CollectionReading(self._server, shape, self._manner(shape), reader, self.timestamp_field, known)

    def _manner(self, shape: Shape) -> Manner:
        if self.enable_change_streams and self._server.replicated and shape.kind == "collection":
            return Manner.STREAM
        return Manner.TIME if self.timestamp_field else Manner.WHOLE

    def _warnings(self) -> Iterator[str]:
        """What works, but not as well as it could."""
        address = self._server.address
        if self.enable_change_streams and not self._server.replicated:
            instead = f"read by {self.timestamp_field}" if self.timestamp_field else "compared as a whole"
            yield (
                f"{address} is no replica set and has no change streams: in each run collections are {instead}, and "
                "deletions are found by a reconcile"
            )
        if not address.encrypted and not address.local:
            yield f"the connection to {address} is not encrypted; add tls=true to the uri"
        if address.trusting:
            yield f"whoever answers in the place of {address} is believed: the uri switches off its certificate"
        if self._server.unknown:
            yield f"the uri has options that are passed over, as nobody knows them: {', '.join(self._server.unknown)}"
        if not self._shapes and self._sees_all:
            question = meant(address.database, self._server.databases())
            yield f"the database {address.database} has no collections" + (f"; {question}" if question else "")

    def _check_collection(self, name: str) -> Check:
        try:
            shape = self._server.shape(name)
            documents = self._server.database[name]
            with explained(self._server.address, f"{self._server.address.database}.{name}"):
                documents.find_one({}, {"_id": 1})
                lacking = self.timestamp_field and lacks(documents, self.timestamp_field)
                absent = [field for field in self.content_fields if lacks(documents, field)]
                indexed = shape.kind != "view" and any(
                    next(iter(index["key"])) == self.timestamp_field for index in documents.list_indexes()
                )
        except AragoraSyncError as error:
            return Check(name, False, error.message, error.hint)
        manner = self._manner(shape)
        told = f"{KINDS.get(shape.kind, shape.kind)}, read {manner.value}"
        if manner is Manner.TIME and lacking:
            told += f"; no document of {name} has the field {self.timestamp_field}"
        elif manner is Manner.TIME and not indexed:
            told += f"; each run looks through all of it, as no index begins with {self.timestamp_field}"
        if absent:
            told += f"; no document of {name} has {' or '.join(absent)}"
        return Check(name, True, told)

    def _address(self) -> Address:
        if "@" in self.uri:
            remember(self.uri)  # a password in it is masked like that of a credential
        address = Address.read(self.uri or self.credential("MONGODB_URI"), self.database)
        if not address.database:
            raise ConfigError(
                "mongodb: neither the option 'database' nor the address names a database.",
                hint="set `database:` in the configuration",
            )
        return address
