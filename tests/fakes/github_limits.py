"""How much GitHub lets each token ask: primary limits by the hour, secondary ones by the minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .web import Answer

HOURLY = {"core": 5000, "graphql": 5000}
ANONYMOUS = 60
POINTS_A_MINUTE = {"core": 900, "graphql": 2000}
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
DOCUMENTATION = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"


@dataclass
class Window:
    """What one token used of one limit in the hour that began with its first request."""

    used: int
    resets_at: datetime
    latest: list[datetime] = field(default_factory=list)


class Limits:
    """`on`: False, as on a server of one's own. `hourly` may be set lower. `by_minute`: secondary limits hold, too.

    `status`: with which requests beyond a limit are refused, 403 or 429. `refuse_every`: every so many requests.
    `manner` of a secondary refusal: "retry-after", "reset" (the header of the primary limit), "bare" (neither).
    """

    def __init__(self) -> None:
        self.on = True
        self.hourly = {**HOURLY}
        self.by_minute = False
        self.status = 403
        self.refuse_every = 0
        self.manner = "retry-after"
        self.pause_seconds = 7
        self._windows: dict[tuple[str, str], Window] = {}
        self._count = 0

    def window(self, key: str, resource: str, now: datetime) -> Window:
        found = self._windows.get((key, resource))
        if found is None or found.resets_at <= now:
            found = self._windows[key, resource] = Window(0, now + timedelta(hours=1))
        return found

    def refusal(self, key: str, resource: str, now: datetime) -> Answer | None:
        """Why this request is not answered, if it is not. Nothing is counted here."""
        self._count += 1
        if self.refuse_every and self._count % self.refuse_every == 0:
            return secondary(self.pause_seconds, manner=self.manner, status=self.status, now=now)
        if not self.on:
            return None
        window = self.window(key, resource, now)
        if window.used >= self._most(key, resource):
            return self._used_up(key, resource, now)
        if self.by_minute:
            window.latest = [moment for moment in window.latest if now - moment < timedelta(minutes=1)]
            if len(window.latest) >= POINTS_A_MINUTE[resource]:
                return secondary(60, manner=self.manner, status=self.status, now=now)
            window.latest.append(now)
        return None

    def _most(self, key: str, resource: str) -> int:
        return self.hourly[resource] if key else ANONYMOUS

    def spend(self, key: str, resource: str, points: int, now: datetime) -> None:
        self.window(key, resource, now).used += points

    def headers(self, key: str, resource: str, now: datetime) -> dict[str, str]:
        return {f"x-ratelimit-{name}": str(value) for name, value in self.told(key, resource, now).items()} | (
            {"x-ratelimit-resource": resource} if self.on else {}
        )

    def told(self, key: str, resource: str, now: datetime) -> dict[str, int]:
        if not self.on:
            return {}
        window, most = self.window(key, resource, now), self._most(key, resource)
        left = max(0, most - window.used)
        return {"limit": most, "remaining": left, "used": window.used, "reset": int(window.resets_at.timestamp())}

    def _used_up(self, key: str, resource: str, now: datetime) -> Answer:
        if resource == "graphql":
            error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
            return Answer(200, {"errors": [error]}, self.headers(key, resource, now))
        body = {"message": "API rate limit exceeded for user ID 1.", "documentation_url": DOCUMENTATION}
        return Answer(self.status, body, self.headers(key, resource, now))


def secondary(
    seconds: int = 60, *, manner: str = "retry-after", status: int = 403, now: datetime | None = None
) -> Answer:
    """The refusal by a secondary limit, for `order`, too."""
    body = {"documentation_url": f"{DOCUMENTATION}#about-secondary-rate-limits", "message": SECONDARY}
    headers: dict[str, str] = {}
    if manner == "retry-after":
        headers["retry-after"] = str(seconds)
    elif manner == "reset" and now is not None:
        reset = int((now + timedelta(seconds=seconds)).timestamp())
        headers |= {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
    return Answer(status, body, headers)


def primary(now: datetime, seconds: int = 1800, *, status: int = 403) -> Answer:
    """The refusal by the primary limit, for `order`."""
    reset = int((now + timedelta(seconds=seconds)).timestamp())
    headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-used": "5000"}
    headers |= {"x-ratelimit-reset": str(reset), "x-ratelimit-resource": "core"}
    body = {"message": "API rate limit exceeded for user ID 1.", "documentation_url": DOCUMENTATION}
    return Answer(status, body, headers)


def graphql_limit(*, newer: bool = False) -> dict[str, Any]:
    """The body of an answer with status 200 by which GraphQL says that the limit is used up, in both ways it does."""
    if newer:
        error = {"type": "RATE_LIMIT", "code": "graphql_rate_limit"}
        return {"errors": [{**error, "message": "API rate limit already exceeded for user ID 1."}]}
    return {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for installation ID 1."}]}
