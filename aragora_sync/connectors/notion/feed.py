"""What a search tells of edits: the latest first, listed once for all streams, and only as far back as one asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

from ...core.clock import utc_now
from ...core.errors import CursorExpired
from ...net.answer import Answer
from .api import Api, Told, at, is_cut
from .moments import minute_in
from .pages import is_whole

logger = logging.getLogger(__name__)

LATEST_FIRST = {"sort": {"timestamp": "last_edited_time", "direction": "descending"}}
LATEST_LAST = {"sort": {"timestamp": "last_edited_time", "direction": "ascending"}}
TRASH = {"filter": {"in_trash": True}}


class Feed:
    """Pages and data sources, the latest edit first. Safe among threads."""

    def __init__(self, api: Api, asked: dict[str, Any]) -> None:
        self._answers: Iterator[Answer] = api.search({**asked, **LATEST_FIRST})
        self._listed: list[Told] = []
        self.at = utc_now()  # Notion's clock when the first of it was listed
        self._ended = False
        self._begun = self._cut = False
        self._reading = threading.Lock()

    def since(self, minute: str) -> list[Told]:
        """All that was edited in this minute or later."""
        with self._reading:
            while not self._ended and not self._is_older(minute):
                self._read_page()
            if self._cut and not self._is_older(minute):
                raise CursorExpired("more was edited than Notion lists.")
            return [told for told in self._listed if _minute(told) >= minute]

    def is_empty(self) -> bool:
        """Whether nothing at all is listed."""
        with self._reading:
            while not self._listed and not self._ended:
                self._read_page()
            return not self._listed

    def _is_older(self, minute: str) -> bool:
        return bool(self._listed) and _minute(self._listed[-1]) < minute

    def _read_page(self) -> None:
        answer = next(self._answers, None)
        if answer is None:
            self._ended = True
            return
        if not self._begun:
            self._begun, self.at = True, at(answer)
        self._cut = self._cut or is_cut(answer)
        self._listed += [Told(raw, at(answer)) for raw in answer.body["results"] if is_whole(raw)]


def edited(api: Api) -> Feed:
    """What is there, by its latest edit."""
    return api.once("edited", lambda: Feed(api, {}))


def trashed(api: Api) -> Feed:
    """What is in the trash."""
    return api.once("trashed", lambda: Feed(api, TRASH))


def everything(api: Api) -> Iterator[Told]:
    """All that a search shows, the latest edit last: what is edited meanwhile comes once more. Of more than 10,000
    the oldest and the latest are shown; those between are found as far as they hang below others.
    """
    cut = False
    for answer in api.search(LATEST_LAST):
        cut = cut or is_cut(answer)
        yield from (Told(raw, at(answer)) for raw in answer.body["results"])
    if not cut:
        return
    logger.warning("Notion's search shows only a part of all that is shared: name pages and databases in the options")
    for answer in api.search(LATEST_FIRST):
        yield from (Told(raw, at(answer)) for raw in answer.body["results"])


def _minute(told: Told) -> str:
    return minute_in(told.raw["last_edited_time"])
