"""The fake site, in the cloud or on a Data Center, a store, and the connector between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aragora_sync.connectors.confluence import ConfluenceConnector
from aragora_sync.engine.result import SyncResult
from aragora_sync.store.base import PassKind

from ..fakes.confluence import EMAIL, PAT, TOKEN, FakeConfluence, FakeDataCenter
from ..fakes.web import running
from ..net.clock import PatientClock, patient
from .service_desk import ServiceDesk, problem

__all__ = ["SOME_TIME", "ConfluenceDesk", "opened_desk", "options_for", "problem"]

SOME_TIME = 3600  # seconds; longer than any list reaches back


def options_for(fake: FakeConfluence) -> dict[str, Any]:
    """Where the fake is, and how it is asked."""
    secrets = {"CONFLUENCE_EMAIL": EMAIL, "CONFLUENCE_API_TOKEN": TOKEN}
    return {"base_url": fake.base, "credentials": {"CONFLUENCE_API_TOKEN": PAT} if fake.data_center else secrets}


class ConfluenceDesk(ServiceDesk):
    """One site with a space ENG."""

    make = ConfluenceConnector

    def __init__(self, folder: Path, fake: FakeConfluence, time: PatientClock) -> None:
        super().__init__(folder)
        self.fake, self.time = fake, time
        self.site = fake.site
        self.space = self.site.create_space("ENG", "Engineering")

    def usual(self) -> Mapping[str, Any]:
        return options_for(self.fake)

    def later(self, kind: PassKind | None = None) -> SyncResult:
        """One run, when whatever happened is long past."""
        self.fake.tick(SOME_TIME)
        return self.sync(kind)

    def reconcile(self) -> SyncResult:
        return self.later(PassKind.RECONCILE)

    # What people do on the site

    def page(self, text: str, *, space: str = "", title: str = "", **more: Any) -> str:
        return self.site.create(space or self.space, title or f"Page of {text}", f"<p>{text}</p>", **more)

    def edit(self, page_id: str, text: str) -> None:
        self.site.edit(page_id, f"<p>{text}</p>")

    # What is stored and was asked

    def cursor(self, space: str = "") -> Any:
        return self.cursor_of(space or self.space)

    def calls(self) -> dict[str, int]:
        """How often each address was asked for, without what stands before the API's own."""
        return dict(Counter(_short(path) for path in self.fake.paths()))

    def asked(self, path: str) -> list[dict[str, str]]:
        """What the requests for this address asked."""
        return [dict(each.query) for each in self.fake.asked if _short(each.path) == path]

    def fetch(self, *refs: str) -> list[Any]:
        return super().fetch(self.space, *refs)


def _short(path: str) -> str:
    return path.removeprefix("/wiki").removeprefix("/api/v2/").removeprefix("/rest/api/")


@contextmanager
def opened_desk(folder: Path, *, cloud: bool = True) -> Iterator[ConfluenceDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    with running(FakeConfluence() if cloud else FakeDataCenter()) as fake, patient(fake) as time:
        yield ConfluenceDesk(folder, fake, time)
