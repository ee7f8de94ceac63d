"""Collections as they change: those with a change stream at once, others beside them by timestamp, now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...core.changes import Change, Checkpoint, Cursor
from ...core.errors import AccessError, NotFound, ReadAgain
from ...core.source import Stream
from .feed import GROUP, Feed
from .place import Place
from .reading import CollectionReading, Manner

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession

    from .server import Server

BURST_SECONDS = 0.1  # what comes within it is looked up at once, and each document once
ROUNDS = 600  # of a burst or a wait, after which tokens of quiet collections are kept, and others are looked for

Told = tuple[Stream, Change]


class Watching:
    """The changes of some collections, without end. `is_outdated` tells whether there are others now."""

    def __init__(
        self, server: Server, readings: Mapping[Stream, CollectionReading], is_outdated: Callable[[], bool]
    ) -> None:
        self._server = server
        self._is_outdated = is_outdated
        self._readings = dict(readings)
        self._cursors: dict[str, Cursor] = {}

    def changes(self, cursors: Mapping[str, Cursor]) -> Iterator[Told | None]:
        """Listens, then tells what was missed since the cursors, then what comes.

        A collection without a cursor is due for a pass and is left to it. Raises CursorExpired where one ends: then
        a run must read what took its place. Comes to an end at once where there is no change stream to follow.
        """
        self._cursors = {stream.name: cursors[stream.name] for stream in self._readings if cursors.get(stream.name)}
        live = [stream.name for stream in self._of(Manner.STREAM)]
        if not live:
            return
        with self._server.client.start_session() as session, Feed(self._server, session, live) as feed:
            event = feed.next()
            yield from self._catch_up([*self._of(Manner.STREAM), *self._of(Manner.TIME)])
            yield from self._follow(feed, session, [event] if event else [])

    def _of(self, manner: Manner) -> list[Stream]:
        """The streams that are read so, as far as they were read before."""
        return [
            stream
            for stream, reading in self._readings.items()
            if reading.manner is manner and stream.name in self._cursors
        ]

    def _catch_up(self, streams: list[Stream]) -> Iterator[Told]:
        """What changed since the cursors. What cannot be read is left to runs, which say why.

        Raises ReadAgain where it did not come so far: what is missing lies before all that the watch will hear.
        """
        for stream in streams:
            complete = False
            try:
                for change in self._readings[stream].changes(self._cursors[stream.name]):
                    if isinstance(change, Checkpoint):
                        self._cursors[stream.name], complete = change.cursor, change.complete
                    yield stream, change
            except (AccessError, NotFound):
                del self._cursors[stream.name]
                continue
            if not complete:
                raise ReadAgain(f"not all that changed in {stream.name} was told yet.")

    def _follow(self, feed: Feed, session: ClientSession, events: list[Mapping[str, Any]]) -> Iterator[Told | None]:
        """What the change stream tells as it comes."""
        rounds = 0
        while True:
            yield from self._tell(feed, session, events)
            yield None
            rounds += 1
            if rounds % ROUNDS == 0:
                yield from ((stream, self._reached(stream, feed)) for stream in self._of(Manner.STREAM))
                yield from self._catch_up(self._of(Manner.TIME))
                if self._is_outdated():
                    raise ReadAgain("there are other collections now.")
            events = _burst(feed)

    def _tell(self, feed: Feed, session: ClientSession, events: list[Mapping[str, Any]]) -> Iterator[Told]:
        by_name = {stream.name: stream for stream in self._of(Manner.STREAM)}
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for event in events:
            groups.setdefault(event["ns"]["coll"], []).append(event)
        for name, group in groups.items():
            if (stream := by_name.get(name)) is not None:
                yield from ((stream, named) for named in self._readings[stream].changed(group, session))
                yield stream, self._reached(stream, feed)

    def _reached(self, stream: Stream, feed: Feed) -> Checkpoint:
        cursor: Any = self._cursors[stream.name]
        self._cursors[stream.name] = replace(Place.read(cursor, cursor["tag"]), token=feed.token).cursor
        return Checkpoint(self._cursors[stream.name])


def _burst(feed: Feed) -> list[Mapping[str, Any]]:
    """What comes within a moment; nothing, where nothing comes for one."""
    events: list[Mapping[str, Any]] = []
    began = time.monotonic()
    while (event := feed.next()) is not None:
        events.append(event)
        if len(events) >= GROUP or time.monotonic() - began > BURST_SECONDS:
            break
    return events
