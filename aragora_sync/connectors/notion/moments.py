"""Times of Notion, which are whole minutes, rounded down: text in an order that is the order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)
SETTLED_AFTER = 2 * MINUTE  # a later edit in the same minute leaves the same time behind
LATENESS = 5 * MINUTE  # an edit shows up in a query so late at most
SEARCH_LATENESS = 60 * MINUTE  # and in a search

LENGTH = len("2026-11-20T10:05")


def minute_of(moment: datetime) -> str:
    """As cursors and versions hold it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def minute_in(text: str) -> str:
    """The minute of a time as the API tells it."""
    return text[:LENGTH]


def moment_of(text: str | None) -> datetime | None:
    """A time as the API tells it."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def asked_for(minute: str) -> str:
    """The minute, as a filter wants it."""
    return f"{minute}:00.000Z"


def later(minute: str, step: timedelta) -> str:
    """The minute so much later."""
    return minute_of(datetime.fromisoformat(f"{minute}:00+00:00") + step)


def is_settled(minute: str, at: datetime) -> bool:
    """Whether at this time of Notion's nothing more can happen within that minute."""
    return minute <= minute_of(at - SETTLED_AFTER)


def reached(before: str, latest: str, at: str, lateness: timedelta) -> str:
    """From when the next read has to begin, after one that began in the minute `at` and saw edits up to `latest`.

    Never goes back, and trusts neither clock alone: whoever is behind decides.
    """
    if not latest:
        return before or later(at, -lateness)
    return max(before, min(later(latest, MINUTE), later(at, -lateness)))
