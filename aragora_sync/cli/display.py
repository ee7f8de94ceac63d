"""What a person or a program sees while connectors run."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol

from ..engine.events import RunEnded, Watched
from ..engine.result import Status
from .outcome import closing_line, result_lines, result_object, watched_line, watched_object
from .output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.events import Event
    from ..engine.result import SyncResult


class Display(Protocol):
    """Hears every event, in one thread."""

    def __enter__(self) -> Display: ...
    def __exit__(self, *_: object) -> None: ...
    def hear(self, event: Event) -> None: ...
    def note(self, text: str) -> None:
        """What is done now, for who watches."""

    def tell(self, text: str) -> None:
        """Something urgent; called from a signal handler."""

    def leave(self) -> None:
        """The terminal is as it was found; called from a signal handler, before a sudden end."""

    def close(self, results: Sequence[SyncResult], exit_code: int) -> None:
        """All connectors ended."""


class Lines:
    """One line for each connector when it ends; when quiet, only for those with problems.

    With `watch` connectors run again and again: there is a line where something changed, or the problem is another.
    """

    def __init__(self, widths: tuple[int, int], *, dry_run: bool, quiet: bool, watch: bool = False) -> None:
        self._widths = widths
        self._dry_run = dry_run
        self._quiet = quiet
        self._watch = watch
        self._problems: dict[tuple[str, str], list[str]] = {}  # of the latest run of each connector

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def hear(self, event: Event) -> None:
        if isinstance(event, RunEnded) and self._is_news(event.result):
            for line in result_lines(event.result, self._widths, dry_run=self._dry_run):
                say(line)

    def _is_news(self, result: SyncResult) -> bool:
        key, counts = (result.tenant_id, result.connector_id), result.counts
        before, self._problems[key] = self._problems.get(key), result.errors
        if self._quiet and result.status is Status.OK and not before:
            return False
        named = counts.named - counts.unchanged + counts.swept
        return not self._watch or before != result.errors or (named > 0 and not self._quiet)

    def note(self, text: str) -> None:
        return

    def tell(self, text: str) -> None:
        os.write(sys.stderr.fileno(), f"{text}\n".encode())  # a stream may be in use where the signal struck

    def leave(self) -> None:
        return

    def close(self, results: Sequence[SyncResult], exit_code: int) -> None:
        if not (self._quiet and exit_code == 0):
            say("")
            say(watched_line(results) if self._watch else closing_line(results, dry_run=self._dry_run))


class JsonLines(Lines):
    """One JSON object for each connector that ends, for each batch that a watch brought, and at the end of all."""

    def hear(self, event: Event) -> None:
        if isinstance(event, RunEnded):
            say_json(result_object(event.result, dry_run=self._dry_run))
        elif isinstance(event, Watched):
            say_json(watched_object(event))

    def close(self, results: Sequence[SyncResult], exit_code: int) -> None:
        say_json({"event": "done", "exit_code": int(exit_code)})
