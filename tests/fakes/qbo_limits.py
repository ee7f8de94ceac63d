"""How much QuickBooks lets one app ask of one company, and of all of them in a month."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime

from .qbo_json import Refused

MINUTE = 60.0
DETAIL = "You have exceeded the maximum number of requests for this application. Please try again later."
SPENT = "The monthly CorePlus API call limit of this application is reached. It is offline until next month."


class Limits:
    """`on`: False switches all of them off. Numbers may be set lower.

    `retry_after`: seconds that a 429 tells, None where it tells nothing (as often). `code`: "3001" or "003001".
    `core_plus`: calls that were metered, by (client id, "2026-11").
    """

    def __init__(self) -> None:
        self.on = True
        self.per_minute = 500  # of one realm
        self.per_second = 10  # of one realm and app, in the sandbox
        self.batches_per_minute = 120
        self.reports_per_minute = 200
        self.concurrent = 10  # of one realm and app
        self.monthly = 500_000  # reads of one app at the free tier
        self.retry_after: int | None = None
        self.code = "003001"
        self.core_plus: Counter[tuple[str, str]] = Counter()
        self._asked: dict[tuple[str, ...], deque[datetime]] = {}

    def admit(self, realm: str, client: str, path: str, now: datetime, *, sandbox: bool, reads: bool) -> None:
        """One request is counted. Raises Refused where it is one too many; such a request counts for nothing."""
        if not self.on:
            return
        windows: list[tuple[tuple[str, ...], int, float]] = [(("minute", realm), self.per_minute, MINUTE)]
        if sandbox:
            windows.append((("second", realm, client), self.per_second, 1.0))
        if path == "/batch":
            windows.append((("batch", realm), self.batches_per_minute, MINUTE))
        if path.startswith("/reports/"):
            windows.append((("reports", realm), self.reports_per_minute, MINUTE))
        for key, most, seconds in windows:
            if self._recent(key, now, seconds) >= most:
                raise self.throttled()
        month = client, now.strftime("%Y-%m")
        if reads and self.core_plus[month] >= self.monthly:
            raise self.throttled(SPENT)
        for key, _, _ in windows:
            self._asked.setdefault(key, deque()).append(now)
        self.core_plus[month] += reads

    def throttled(self, detail: str = DETAIL) -> Refused:
        message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Refused(429, self.code, message, detail, "THROTTLE", headers=headers)

    def _recent(self, key: tuple[str, ...], now: datetime, seconds: float) -> int:
        asked = self._asked.setdefault(key, deque())
        while asked and (now - asked[0]).total_seconds() >= seconds:
            asked.popleft()
        return len(asked)
