"""Slack's timestamps: decimal text that names a message and tells its time; compared as text, never as a float."""

from __future__ import annotations

from datetime import datetime

from ...core.clock import from_micros, to_micros

MICROS = 1_000_000


def ts_of(moment: datetime) -> str:
    """The timestamp of a moment."""
    return _ts(to_micros(moment))


def moment_of(ts: str) -> datetime:
    """The moment that a timestamp tells."""
    return from_micros(micros_of(ts))


def micros_of(ts: str) -> int:
    seconds, _, rest = ts.partition(".")
    return int(seconds) * MICROS + int(rest[:6].ljust(6, "0"))


def before(ts: str, seconds: float) -> str:
    """The timestamp so many seconds earlier."""
    return _ts(max(0, micros_of(ts) - round(seconds * MICROS)))


def _ts(micros: int) -> str:
    return f"{micros // MICROS:010d}.{micros % MICROS:06d}"
