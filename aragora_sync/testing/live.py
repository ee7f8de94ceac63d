"""What a connector owes that hears of changes while they happen: by watching, or by webhooks."""

from __future__ import annotations

import gc
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import SkipTest

from ..core.changes import Change, Cursor
from ..core.source import KnownItems, Stream
from ..core.webhook import Refused, Request
from ..engine.job import Ask
from ..engine.live import ConnectorLive
from ..engine.stop import Stop, StopReason
from ..state import StateFile
from ..store.base import PassKind
from .bench import Bench, owed_by

PATIENCE_SECONDS = 60.0  # with what never comes
SILENCE_SECONDS = 1.0  # the longest that a watch may be mute
WAITS = 5  # one of them is as short as it should be, whatever else the machine has to do
ADDED_MEANWHILE = 12

Told = tuple[Stream, Change] | None


class LiveContract(Bench):
    """The part of the suite for `watch` and `receive`."""

    @owed_by("watch")
    def test_watch_tells_what_was_missed_and_what_comes(self) -> None:
        """Something happens before it, and whenever it has said something: none falls between reading and listening."""
        self._require_watch()
        names = [f"meanwhile{number}" for number in range(ADDED_MEANWHILE)]

        def add_meanwhile(said: Told) -> bool:
            is_at_an_end = said is None or getattr(said[1], "complete", False)
            if names and (is_at_an_end or len(names) > ADDED_MEANWHILE // 2):
                self.add(name := names.pop(), f"{name} was made ends.")
                return False
            return said is None and self._is_equal()

        self.watch_until(add_meanwhile, before=self._edit_unseen)
        self.assert_equal()
        counts = self.sync(PassKind.RECONCILE).counts

        assert (counts.created, counts.updated, counts.swept) == (0, 0, 0), f"watch tells other than read: {counts}"

    @owed_by("watch")
    def test_watch_tells_what_is_gone(self) -> None:
        self._require_watch()
        steps = itertools.count()

        def remove_one(said: Told) -> bool:
            if said is None and next(steps) == 0:
                self.remove(min(self.texts))
            return said is None and self._is_equal()

        self.watch_until(remove_one)
        self.assert_equal()

    @owed_by("watch")
    def test_watch_shows_every_second_that_it_lives(self) -> None:
        """So that a stop is heard, and what came is stored."""
        waits: list[float] = []
        with closing(self._require_watch()) as connector:
            self.sync()
            connector.open()
            with closing(self._watch(connector)) as told:
                next(one for one in told if one is None)
                while len(waits) < WAITS and min(waits, default=SILENCE_SECONDS + 1) > SILENCE_SECONDS:
                    began = self.seconds()
                    next(told)
                    waits.append(self.seconds() - began)

        assert min(waits) <= SILENCE_SECONDS, f"nothing was said for {min(waits):.1f} s"

    @owed_by("watch")
    def test_watch_that_is_closed_leaves_nothing_open(self) -> None:
        with closing(self._require_watch()) as connector:
            self.sync()
            connector.open()
            self._watch_and_close(connector, 5)  # whatever is made once, is made
            files, threads = open_files(), threading.active_count()
            for taken in (0, 1, 2, 5):
                self._watch_and_close(connector, taken)
                assert open_files() <= files, "what watch opened was left open"
                assert threading.active_count() <= threads, "a thread of watch goes on"

    @owed_by("receive")
    def test_a_webhook_without_its_signature_is_refused(self) -> None:
        connector = self._receiver()
        terms = connector.webhook_terms
        assert terms.keys, "no credential stands for a signature"
        for body in (b"", b"{}", b'{"id": 1}'):
            request = Request({}, body, self._clock(), dict.fromkeys(terms.keys, "the secret"))
            assert _is_refused(connector, request), f"{body!r} was taken, though nobody signed it"

    @owed_by("receive")
    def test_what_a_webhook_names_is_read(self) -> None:
        connector = self._receiver()
        webhook = getattr(self.world, "webhook", None)
        assert webhook, "this connector hears webhooks, but the world has no webhook(id) that posts one"
        self.sync()
        changed = min(self.texts)
        self.edit(changed, "told by a webhook ends.")
        cursors = self._cursors(connector.connector_id)
        request = webhook(changed)
        receipt = connector.receive(request)
        assert receipt.hints, "it says nothing of what changed"
        assert connector.receive(request).once == receipt.once, "the same delivery has two names"
        assert _is_refused(connector, replace(request, body=request.body + b" ")), "another body has the same signature"

        self._run(self.made(), self.store, Ask(hints=receipt.hints))
        self.assert_equal()
        if all(hint.refs for hint in receipt.hints):
            assert self._cursors(connector.connector_id) == cursors, "a hint with refs moved a cursor"

    # Pieces

    def seconds(self) -> float:
        """The clock by which a watch must not be silent for long."""
        return time.monotonic()

    def watch_until(self, done: Callable[[Told], bool], before: Callable[[], None] = lambda: None) -> None:
        """The engine watches until `done` says so, which hears each thing before the engine does."""
        connector, stop = self.made(), Stop()
        until = time.monotonic() + PATIENCE_SECONDS
        real: Any = connector.watch  # type: ignore[attr-defined]
        begun, ended = itertools.count(), list[str]()

        def watch(
            streams: Sequence[Stream], cursors: Mapping[str, Cursor], known: Mapping[str, KnownItems]
        ) -> Iterator[Told]:
            if next(begun) == 0:
                before()
            with closing(real(streams, cursors, known)) as told:
                for said in told:
                    if done(said):
                        stop.request(StopReason.CANCEL)
                    elif time.monotonic() > until:
                        ended.append(f"it was not told within {PATIENCE_SECONDS} s")
                        stop.request(StopReason.CANCEL)
                    yield said
            ended.append("watch came to an end by itself")
            stop.request(StopReason.CANCEL)

        vars(connector)["watch"] = watch
        state = StateFile(self._folder / "state", connector.connector_id, connector.tenant_id)
        lock = self._folder / "watch.lock"
        live = ConnectorLive(connector, self.store, state, lock=lock, stop=stop, every=timedelta(seconds=1))
        result = live.sync()
        if ended:
            self.assert_equal()  # says what is missing
        assert not ended, ended
        assert not result.stream_errors, result.errors

    def _require_watch(self) -> Any:
        connector = self.made()
        if not hasattr(connector, "watch"):
            raise SkipTest("this connector cannot be watched")
        return connector

    def _watch(self, connector: Any) -> Any:
        streams = list(connector.streams([]))
        return connector.watch(
            streams, self._cursors(connector.connector_id), {each.name: self.known(each.name) for each in streams}
        )

    def _watch_and_close(self, connector: Any, taken: int) -> None:
        told = self._watch(connector)
        list(itertools.islice(told, taken))
        told.close()
        gc.collect()

    def _cursors(self, connector_id: str) -> dict[str, Cursor]:
        return {name: row.cursor for name, row in self.store.streams(connector_id).items()}

    def _edit_unseen(self) -> None:
        self.edit(min(self.texts), "edited while nobody watched ends.")
        self.add("unseen", "made while nobody watched ends.")
        self.remove(max(self.texts))

    def _is_equal(self) -> bool:
        try:
            self.assert_equal()
        except AssertionError:
            return False
        return True

    def _receiver(self) -> Any:
        connector = self.made()
        if not hasattr(connector, "receive"):
            raise SkipTest("this connector hears no webhooks")
        return connector


def open_files() -> int:
    """How many files and connections this process has open."""
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - a Path would keep it open


def _is_refused(connector: Any, request: Request) -> bool:
    try:
        connector.receive(request)
    except Refused:
        return True
    return False
