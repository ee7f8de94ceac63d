"""A change stream of a database: which documents of some collections changed, and up to where that was told."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ...core.errors import CursorExpired, SourceError
from .errors import explained
from .texts import SURROGATES

if TYPE_CHECKING:
    from bson import Timestamp
    from pymongo.client_session import ClientSession
    from pymongo.synchronous.change_stream import DatabaseChangeStream

    from .server import Server

    Event = Mapping[str, Any]

GROUP = 1000  # changes that are looked up at once
WAIT_MILLISECONDS = 100  # for a change, before the server says that there is none
MOST_WAITS = 100  # of a cluster one of whose shards is idle, and tells only from time to time how late it is
LONGEST_SEARCH_SECONDS = 20.0  # for a change among those of other collections
ENDS = ("drop", "rename", "dropDatabase", "invalidate")
TOLD = {"operationType": 1, "ns": 1, "to": 1, "documentKey": 1, "clusterTime": 1}  # and _id, which is the token
DATED = "82"  # how a token begins whose next 16 digits are the time of its change


class Feed(AbstractContextManager["Feed"]):
    """The changes of these collections since a token, or from now on. One thread uses it, and its session."""

    def __init__(
        self, server: Server, session: ClientSession, names: Sequence[str], token: Mapping[str, Any] | None = None
    ) -> None:
        self._server = server
        self._session = session
        self._resuming = token is not None
        self._stood = token  # after the latest answer
        self.reached = False  # whether `until_now` came to its end
        pipeline: list[Mapping[str, Any]] = [{"$match": _concerning(names)}, {"$project": TOLD}]
        exact = server.client.codec_options.with_options(unicode_decode_error_handler=SURROGATES)
        with self._explained():
            self._stream: DatabaseChangeStream[dict[str, Any]] = server.database.with_options(exact).watch(
                pipeline,
                resume_after=token,
                max_await_time_ms=WAIT_MILLISECONDS,
                batch_size=GROUP,
                session=session,
            )
        self._resuming = True  # the driver goes on from a token of its own when the connection breaks

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()

    @property
    def token(self) -> Mapping[str, Any]:
        """Stands for all that `next` gave, and for the time since in which nothing happened. Raises SourceError."""
        token: Mapping[str, Any] | None = self._stream.resume_token
        if token is None:  # every MongoDB tells it with each answer, but not every server that speaks like one
            raise SourceError(
                f"the server at {self._server.address} does not tell how far its change stream has come.",
                hint="set `enable_change_streams: false`",
            )
        return token

    def next(self) -> Event | None:
        """The next change, None where there was none for a moment. Raises CursorExpired where a collection ended."""
        with self._explained():
            event = self._stream.try_next()
        if event is None and not self._stream.alive:
            raise CursorExpired("the database was dropped.")
        if event is not None and event["operationType"] in ENDS:
            name = event.get("ns", {}).get("coll", self._server.database.name)
            raise CursorExpired(f"{name} was dropped, renamed or replaced ({event['operationType']}).")
        return event

    def until_now(self) -> Iterator[list[Event]]:
        """All changes up to this moment in groups, each to be dealt with before `token` is kept; some may be empty.

        `reached` tells afterwards whether that was all: some servers do not say so for long.
        """
        with explained(self._server.address):
            now = self._server.database.command("ping", session=self._session).get("operationTime")
        group: list[Event] = []
        waits, until = 0, time.monotonic() + LONGEST_SEARCH_SECONDS
        while waits < MOST_WAITS and time.monotonic() < until:
            event = self.next()
            if event is not None:
                group.append(event)
                until = time.monotonic() + LONGEST_SEARCH_SECONDS
            before, self._stood = self._stood, self.token
            waits += event is None and before == self._stood
            self.reached = self._is_past(event, now, before)
            if event is None or self.reached or len(group) >= GROUP:
                yield group
                group = []
            if self.reached:
                return

    def _is_past(self, event: Event | None, now: Timestamp | None, before: Mapping[str, Any] | None) -> bool:
        """Whether everything up to then was told.

        Not every maker says of when changes and tokens are. There, only a token that stands still tells that nothing
        more comes: a server that looks through the changes of other collections says now and then that it found none.
        """
        if event is not None:
            return now is not None and "clusterTime" in event and bool(event["clusterTime"] > now)
        moment = _time_of(self.token)
        return self._stood == before if now is None or moment is None else bool(moment >= now)

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self._server.address, self._server.address.database, resuming=self._resuming)


def _concerning(names: Sequence[str]) -> Mapping[str, Any]:
    """What concerns these collections: a change, their end, another one that takes the place of one."""
    here = {"$in": list(names)}
    whole = {"operationType": {"$in": ["dropDatabase", "invalidate"]}}
    return {"$or": [{"ns.coll": here}, {"to.coll": here}, whole]}


def _time_of(token: Mapping[str, Any]) -> Timestamp | None:
    from bson import Timestamp

    digits = token.get("_data")
    if not isinstance(digits, str) or not digits.startswith(DATED):
        return None
    return Timestamp(int(digits[2:10], 16), int(digits[10:18], 16))
