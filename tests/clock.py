"""A clock that only tests turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands still until it is turned, forward or back."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **amount: float) -> None:
        """`turn(hours=1)`, `turn(days=-1)`."""
        self.now += timedelta(**amount)
