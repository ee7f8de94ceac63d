"""Stretches of days, as Gusto's list of payrolls wants to be asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

AHEAD = timedelta(days=88)  # Gusto allows three months, the shortest of which have 89 days; clocks may be a day apart
SPAN = timedelta(days=364)  # the most it takes at once, in a year of any length
OVERLAP = timedelta(days=93)  # most payrolls are looked up by their pay period: a quarter may lie across a border
LATENESS = timedelta(days=120)  # so far back payrolls are cancelled, reversed, paid later


def windows(first: date, last: date) -> Iterator[tuple[date, date]]:
    """From the first day to the last, each stretch beginning before the one before it ends."""
    start = first
    while start <= last:
        end = min(start + SPAN, last)
        yield start, end
        if end == last:
            return
        start = end - OVERLAP
