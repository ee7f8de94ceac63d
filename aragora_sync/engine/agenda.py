"""What is due next, of thousands. No threads, no clock: whoever asks says what time it is."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from .schedule import SyncSchedule, next_run

Key: TypeAlias = tuple[str, str]  # tenant and connector


@dataclass(frozen=True, slots=True)
class LastRun:
    """When the latest run of a connector began, and whether it came to its end."""

    started_at: datetime
    ended: bool = True


@dataclass(slots=True)
class _Entry:
    schedule: SyncSchedule
    due: datetime
    last: datetime | None = None
    running: bool = False
    asked: bool = False  # somebody wants it now, whatever the schedule says
    again: bool = False  # was asked for while it ran


LastRunOf: TypeAlias = Callable[[Key], LastRun | None]


class Agenda:
    """One entry for each connector, in the order in which they are due.

    A connector never runs twice at once; what became due in the meantime is one run afterwards.
    """

    def __init__(self) -> None:
        self._entries: dict[Key, _Entry] = {}
        self._leaving: dict[Key, _Entry] = {}  # run, though they are no longer wanted
        self._heap: list[tuple[datetime, Key]] = []  # may hold what is no longer true; `_entries` decides

    def __len__(self) -> int:
        return len(self._entries)

    def plan(self, wanted: Mapping[Key, SyncSchedule], last_run: LastRunOf, now: datetime) -> None:
        """These and no others are run from now on. What keeps its schedule keeps its place."""
        before, self._entries = {**self._leaving, **self._entries}, {}
        for key, schedule in wanted.items():
            entry = before.get(key)
            if entry is None:
                entry = self._new(key, schedule, last_run(key), now)
            elif entry.schedule != schedule:
                entry.schedule = schedule
                entry.due = self._next(key, entry, now)
            self._entries[key] = entry
        self._leaving = {key: entry for key, entry in before.items() if entry.running and key not in wanted}
        self._rebuild()

    def take(self, now: datetime, most: int) -> Iterator[Key]:
        """Up to so many of those that are due, the one that waits longest first; they are running now.

        One that came too late for the time of day in which it may start waits for the next.
        """
        while most > 0 and (key := self._first()) is not None and self._entries[key].due <= now:
            heapq.heappop(self._heap)
            entry = self._entries[key]
            if not entry.asked and not entry.schedule.is_open(now):
                self._put(key, entry, self._next(key, entry, now))
                continue
            entry.asked = False
            entry.running, entry.last = True, self._served(key, entry.due, now)
            most -= 1
            yield key

    def ended(self, key: Key, now: datetime) -> None:
        """It no longer runs, and is planned anew."""
        self._leaving.pop(key, None)
        if (entry := self._entries.get(key)) is None:
            return  # it was taken out meanwhile
        entry.running = False
        entry.asked, entry.again = entry.again, False
        self._put(key, entry, now if entry.asked else self._next(key, entry, now))

    def run_soon(self, key: Key, now: datetime) -> bool:
        """It is due now, or right after its present run; False where it is not on the agenda."""
        entry = self._entries.get(key)
        if entry is None:
            return False
        if entry.running:
            entry.again = True
        else:
            entry.asked = True
            if entry.due > now:
                self._put(key, entry, now)
        return True

    def replan(self, now: datetime) -> None:
        """The clock was put to another time: what was due meanwhile is due, and nothing waits for a time long gone."""
        for key, entry in self._entries.items():
            entry.due = min(entry.due, self._next(key, entry, now))
        self._rebuild()

    def next_due(self) -> datetime | None:
        """When the next one is due that does not run; None where there is none."""
        key = self._first()
        return None if key is None else self._entries[key].due

    def upcoming(self) -> dict[Key, datetime]:
        """When each is due that does not run."""
        return {key: entry.due for key, entry in self._entries.items() if not entry.running}

    def expected(self) -> dict[Key, tuple[SyncSchedule, datetime]]:
        """When each runs next, as far as that can be told: what runs now, after the moment that it runs for."""
        return {key: (entry.schedule, self._expected(key, entry)) for key, entry in self._entries.items()}

    def after(self, key: Key, due: datetime) -> datetime:
        """When a connector that ran when it was due runs again."""
        schedule = self._entries[key].schedule
        return next_run(schedule, due, due, schedule.delay_of(*key))

    def _new(self, key: Key, schedule: SyncSchedule, last: LastRun | None, now: datetime) -> _Entry:
        entry = _Entry(schedule, now, last.started_at if last else None)
        if last is None or last.ended or not schedule.is_open(now):
            entry.due = self._next(key, entry, now)
        return entry

    def _next(self, key: Key, entry: _Entry, now: datetime) -> datetime:
        return next_run(entry.schedule, entry.last, now, entry.schedule.delay_of(*key))

    def _expected(self, key: Key, entry: _Entry) -> datetime:
        if not entry.running or entry.last is None:
            return entry.due
        return entry.last if entry.again else self.after(key, entry.last)

    def _served(self, key: Key, due: datetime, now: datetime) -> datetime:
        """The moment that a run stands for which begins now: its own, or all that were missed up to now."""
        return due if self.after(key, due) > now else now

    def _put(self, key: Key, entry: _Entry, due: datetime) -> None:
        entry.due = due
        heapq.heappush(self._heap, (due, key))

    def _first(self) -> Key | None:
        while self._heap:
            due, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is not None and not entry.running and entry.due == due:
                return key
            heapq.heappop(self._heap)
        return None

    def _rebuild(self) -> None:
        self._heap = [(entry.due, key) for key, entry in self._entries.items() if not entry.running]
        heapq.heapify(self._heap)
