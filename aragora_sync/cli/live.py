"""Live rows on a terminal: every stream that is read now, how fast, and what it waits for."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..engine.events import Progress, Resting, RunEnded, RunStarted, StreamEnded, StreamStarted, Waiting, Watched
from .display import Lines
from .output import aligned, cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from ..engine.events import Event
    from ..engine.result import SyncResult

REFRESHES_PER_SECOND = 5
LONGEST_TITLE = 40
WATCHING, RESTS = "watching", "rests"
ECHO_WIDTH = 6  # a terminal writes ^C behind the last row; on a full one it would begin another
SHOW_CURSOR = b"\x1b[?25h\n"


@dataclass(frozen=True, slots=True)
class _Row:
    tenant: str
    connector: str
    title: str
    reading: str
    began: float
    before: int = 0  # named in this run before this reading began
    named: int = 0
    expected: int | None = None
    waits_until: float = 0.0
    waits_for: str = ""
    changed_at: float | None = None  # the latest change that a watch brought
    lag: float | None = None  # between the edit at the source and the store


class Rows:
    """The streams that are read now, as lines of text at any moment."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[tuple[str, str, str], _Row] = {}
        self._changing = threading.Lock()

    def hear(self, event: Event) -> None:
        """Takes in what happened."""
        with self._changing:
            if isinstance(event, RunEnded):
                ended = (event.result.tenant_id, event.result.connector_id)
                self._rows = {key: row for key, row in self._rows.items() if key[:2] != ended}
            elif isinstance(event, RunStarted):
                self._rows.pop((event.tenant_id, event.connector_id, ""), None)
            elif isinstance(event, Resting):
                key = (event.tenant_id, event.connector_id, "")
                until = self._clock() + event.seconds
                self._rows[key] = _Row(*key[:2], "", RESTS, self._clock(), waits_until=until, waits_for="nothing")
            elif isinstance(event, StreamStarted | Progress | Waiting | StreamEnded | Watched):
                self._take(event, (event.tenant_id, event.connector_id, event.stream))

    def _take(
        self, event: StreamStarted | Progress | Waiting | StreamEnded | Watched, key: tuple[str, str, str]
    ) -> None:
        row = self._rows.get(key)
        if isinstance(event, StreamStarted):
            named = row.named if row else 0
            title = event.title or event.stream
            self._rows[key] = _Row(*key[:2], title, event.reading, self._clock(), named, named, event.expected)
        elif isinstance(event, StreamEnded):
            self._rows.pop(key, None)
        elif row is not None and isinstance(event, Progress):
            self._rows[key] = replace(row, named=event.counts.named, waits_for="")
        elif row is not None and isinstance(event, Watched):
            self._rows[key] = replace(row, changed_at=self._clock(), lag=event.lag_seconds)
        elif isinstance(event, Waiting):
            until = self._clock() + event.seconds
            for each in [each for each in self._rows if each == key or (not event.stream and each[:2] == key[:2])]:
                self._rows[each] = replace(self._rows[each], waits_until=until, waits_for=event.reason)

    def lines(self) -> list[str]:
        """A line for each stream, aligned."""
        with self._changing:
            rows = list(self._rows.values())
        return aligned([_cells(row, self._clock()) for row in rows]) if rows else []


def _cells(row: _Row, now: float) -> list[str]:
    named = row.named - row.before
    of = f" of {row.expected}" if row.expected else ""
    rate = named / max(now - row.began, 0.1)
    left = row.waits_until - now
    if row.reading == RESTS:
        return [row.tenant, row.connector, "", f"reads again in {max(left, 0):.0f} s", "", "", ""]
    if row.reading == WATCHING:
        return [row.tenant, row.connector, _short(row.title), WATCHING, f"{named:>7} items", "", _latest(row, now)]
    waits = f"waits {left:.0f} s: {row.waits_for}" if row.waits_for and left > 0 else ""
    return [
        row.tenant,
        row.connector,
        _short(row.title),
        row.reading,
        f"{named:>7}{of} items",
        f"{rate:>6.0f}/s",
        waits,
    ]


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"


def _latest(row: _Row, now: float) -> str:
    if row.changed_at is None:
        return ""
    lag = "" if row.lag is None else f", stored {row.lag:.1f} s after the edit"
    return f"last change {now - row.changed_at:.0f} s ago{lag}"


class LiveLines(Lines):
    """Live rows on stderr, and above them the line of each connector that ended, on stdout."""

    def __init__(
        self,
        widths: tuple[int, int],
        *,
        dry_run: bool,
        quiet: bool,
        watch: bool = False,
        console: Console | None = None,
    ) -> None:
        super().__init__(widths, dry_run=dry_run, quiet=quiet, watch=watch)
        self._console = console or _terminal()
        self._rows = Rows()
        self._urgent = ""
        self._live = self._started()

    def hear(self, event: Event) -> None:
        self._rows.hear(event)
        if isinstance(event, RunEnded):
            self._live.stop()  # the rows make room for lines that stay
            super().hear(event)
            self._live = self._started()

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def note(self, text: str) -> None:
        self._urgent = self._urgent or text

    def tell(self, text: str) -> None:
        self._urgent = text  # the next refresh shows it

    def leave(self) -> None:
        os.write(sys.stderr.fileno(), SHOW_CURSOR)

    def close(self, results: Sequence[SyncResult], exit_code: int) -> None:
        self._live.stop()
        super().close(results, exit_code)

    def _started(self) -> Live:
        """Always a new one: a Live that is started again would erase as many lines as it had before."""
        from rich.live import Live

        live = Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
        )
        live.start()
        return live

    def _render(self) -> Text:
        lines = [*self._rows.lines(), *([self._urgent] if self._urgent else [])]
        return _joined([_fitting(line, self._console.width - ECHO_WIDTH) for line in lines])


def _terminal() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _joined(lines: Sequence[Text]) -> Text:
    from rich.text import Text

    return Text("\n").join(lines)


def _fitting(line: str, width: int) -> Text:
    """The line, without secrets and control characters, cut where the terminal ends."""
    from rich.text import Text

    shown = Text(cleaned(line.replace("\n", " ")))
    shown.truncate(width, overflow="ellipsis")
    return shown
