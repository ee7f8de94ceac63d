"""Confluence's search index: it hears of every change, and shows it later."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta

from .confluence_model import Content


class Index:
    """`lag`: seconds until a change is found. `list_lag`: seconds until lists show it, with the time it was made."""

    def __init__(self, tick: Callable[[float], datetime]) -> None:
        self._tick = tick
        self.lag = 0.0
        self.list_lag = 0.0
        self._told: dict[str, list[tuple[datetime, Content | None]]] = {}

    def note(self, content: Content) -> None:
        """It is now as it is."""
        kept = copy(content)
        kept.labels, kept.versions = dict(content.labels), [content.version]
        self._told.setdefault(content.id, []).append((self._tick(0), kept))

    def forget(self, content: Content) -> None:
        self._told.setdefault(content.id, []).append((self._tick(0), None))

    def found(self) -> list[Content]:
        """All that a search finds, as it was when the index last heard of it."""
        return self._known(self.lag)

    def listed(self) -> list[Content]:
        """All that a list shows, as it was when that was last told of it."""
        return self._known(self.list_lag)

    def _known(self, lag: float) -> list[Content]:
        until = self._tick(0) - timedelta(seconds=lag)
        found = []
        for told in self._told.values():
            known = [content for at, content in told if at <= until]
            if known and known[-1] is not None:
                found.append(known[-1])
        return found


def minute(moment: datetime) -> datetime:
    """What the index keeps of a moment."""
    return moment.replace(second=0, microsecond=0)
