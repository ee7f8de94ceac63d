"""How much Xero lets an application ask: of each organisation by the minute, the day and at once; of all together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from .web import Answer

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DAILY = {"Starter": 1000}
REST_DAILY = 5000


class Limits:
    """`on`: False lets everything through, and tells nothing. The numbers may be set lower.

    `problems` are the words by which a refusal names its limit; Xero was seen to write them in several ways.
    `refuse_every`: every so many requests end as beyond the limit of a minute. `day_begins` is the hour at which a new
    day begins, by tenant.
    """

    def __init__(self) -> None:
        self.on = True
        self.by_minute = 60
        self.at_once = 5
        self.app_by_minute = 10_000
        self.by_day: int | None = None  # None: by the tier
        self.problems = {name: name for name in ("minute", "day", "concurrent", "appminute")}
        self.refuse_every = 0
        self.pause_seconds = 37
        self.day_begins: dict[str, int] = {}
        self._latest: dict[str, list[datetime]] = {}
        self._days: dict[str, tuple[datetime, int]] = {}
        self._count = 0
        self._inside = 0
        self._place = threading.local()
        self._counting = threading.Condition()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """While a request waits or is answered."""
        with self._counting:
            self._inside += 1
            self._place.number = self._inside
            self._counting.notify_all()
        try:
            yield
        finally:
            with self._counting:
                self._inside -= 1

    def await_inside(self, number: int) -> bool:
        """Until so many requests wait or are answered."""
        with self._counting:
            return self._counting.wait_for(lambda: self._inside >= number, timeout=10)

    def refusal(self, app: str, tier: str, tenant: str, now: datetime) -> Answer | None:
        """Why this request is not answered, if it is not; else it counts. Without `tenant` only all together do."""
        self._count += 1
        if self.refuse_every and self._count % self.refuse_every == 0:
            return too_many("minute", self.pause_seconds)
        if not self.on:
            return None
        key = f"{app} {tenant}"
        problem, seconds = self._problem(app, tier, tenant, now)
        if problem:
            return too_many(self.problems[problem], seconds, self.headers(app, tier, tenant, now))
        self._recent(app, now).append(now)
        if tenant:
            self._recent(key, now).append(now)
            began, used = self._day(key, tenant, now)
            self._days[key] = (began, used + 1)
        return None

    def _problem(self, app: str, tier: str, tenant: str, now: datetime) -> tuple[str, int]:
        """Which limit is reached, and for how many seconds."""
        key = f"{app} {tenant}"
        if tenant and getattr(self._place, "number", 1) > self.at_once:
            return "concurrent", 1
        if tenant and self._day(key, tenant, now)[1] >= self._daily(tier):
            return "day", _until(self._day(key, tenant, now)[0] + DAY, now)
        for limit, name, log in (
            (self.by_minute, "minute", self._recent(key, now) if tenant else []),
            (self.app_by_minute, "appminute", self._recent(app, now)),
        ):
            if len(log) >= limit:
                return name, _until((log[0] if log else now) + MINUTE, now)
        return "", 0

    def headers(self, app: str, tier: str, tenant: str, now: datetime) -> dict[str, str]:
        """What is left."""
        if not self.on:
            return {}
        told = {"X-AppMinLimit-Remaining": self.app_by_minute - len(self._recent(app, now))}
        if tenant:
            key = f"{app} {tenant}"
            told["X-MinLimit-Remaining"] = self.by_minute - len(self._recent(key, now))
            told["X-DayLimit-Remaining"] = self._daily(tier) - self._day(key, tenant, now)[1]
        return {name: str(max(0, left)) for name, left in told.items()}

    def spend_day(self, app: str, tier: str, tenant: str, now: datetime, left: int = 0) -> None:
        """This application has used up the day of an organisation, but for so many requests."""
        key = f"{app} {tenant}"
        self._days[key] = (self._day(key, tenant, now)[0], self._daily(tier) - left)

    def _daily(self, tier: str) -> int:
        return DAILY.get(tier, REST_DAILY) if self.by_day is None else self.by_day

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        log = self._latest.setdefault(key, [])
        while log and now - log[0] >= MINUTE:
            del log[0]
        return log

    def _day(self, key: str, tenant: str, now: datetime) -> tuple[datetime, int]:
        """When this day of the tenant began, and how much of it is used."""
        began = now.replace(hour=self.day_begins.get(tenant, 0), minute=0, second=0, microsecond=0)
        began -= DAY if began > now else timedelta()
        known = self._days.get(key)
        if known is None or known[0] != began:
            known = self._days[key] = (began, 0)
        return known


def too_many(problem: str, seconds: int, headers: dict[str, str] | None = None) -> Answer:
    """The refusal by a limit, for `order`, too: its body is empty."""
    told = {"Retry-After": str(seconds), "X-Rate-Limit-Problem": problem, **(headers or {})}
    if problem.lower() == "day":
        told.setdefault("X-DayLimit-Remaining", "0")
    return Answer(429, b"", told)


def offline() -> Answer:
    """An organisation that is being maintained, for `order`."""
    return Answer(503, b"The Organisation is offline", {"Content-Type": "text/html; charset=utf-8"})


def _until(moment: datetime, now: datetime) -> int:
    return max(1, -int((now - moment) // timedelta(seconds=1)))
