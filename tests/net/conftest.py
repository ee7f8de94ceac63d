"""A service that says what it was asked, and a client of it that nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aragora_sync.net.access import bearer
from aragora_sync.net.http import Http

from ..fakes.web import Answer, Asked, FakeService, running
from .clock import PatientClock, patient

TOKEN = "token-of-a-user"


class Echo(FakeService):
    """Says what it was asked."""

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/list":
            page = int(asked.query.get("page", "1"))
            link = {"Link": f'<{self.url}/list?page={page + 1}>; rel="next", <x>; rel="last"'} if page < 3 else {}
            return Answer(body=[page], headers=link)
        if asked.headers.get("if-none-match") == '"same"':
            return Answer(304)
        body = {"path": asked.path, "query": dict(asked.query), "authorization": asked.headers.get("authorization")}
        return Answer(body=body, headers={"ETag": '"same"'})


@pytest.fixture
def echo() -> Iterator[Echo]:
    with running(Echo()) as service:
        yield service


@pytest.fixture
def time(echo: Echo) -> Iterator[PatientClock]:
    with patient(echo) as clock:
        yield clock


@pytest.fixture
def http(echo: Echo, time: PatientClock) -> Iterator[Http]:
    made = Http(f"{echo.url}/api/", bearer(TOKEN), place="Echo")
    yield made
    made.close()
