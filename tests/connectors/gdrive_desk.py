"""Google's login as the tests use it, and the least that can be read with one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from aragora_sync.connectors.gdrive import GoogleDriveLogin
from aragora_sync.core.changes import Change, Checkpoint, Cursor, Item
from aragora_sync.core.options import option
from aragora_sync.core.source import KnownItems, Stream

from ..fakes.google import FakeGoogle
from ..fakes.web import running
from ..net.clock import patient

CLOCKS = ("aragora_sync.auth.refreshing.utc_now", "aragora_sync.connectors.gdrive.login.utc_now")
BACK = "http://localhost:8080/oauth/callback"


class WhoseDrive(GoogleDriveLogin):
    """Reads whose drive it is."""

    base_url: str = option("https://www.googleapis.com", help="Address of the API.", neutral=True)

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        yield Stream("about")

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        yield Item("me", "person", self.whose(), "whose drive it is")
        yield Checkpoint(None, complete=True)

    def whose(self) -> str:
        http = self.http(self.base_url, self.access, place=self.service)
        return str(http.get("drive/v3/about").body["user"]["displayName"])


def whose_drive(fake: FakeGoogle, folder: Path, **options: Any) -> WhoseDrive:
    """One that leads to the fake, and keeps its tokens in a file."""
    own = {"GDRIVE_CLIENT_ID": fake.app.client_id, "GDRIVE_CLIENT_SECRET": fake.app.secret}
    given = {**own, **options.pop("credentials", {})}
    places = {**fake.places, "base_url": fake.url, "connector_id": "gdrive", "state_dir": folder / "state"}
    return WhoseDrive(**{**places, "store": folder / "store", "token_file": True, "credentials": given, **options})


@contextmanager
def google() -> Iterator[FakeGoogle]:
    """Google, whose clock everybody follows."""
    with (
        running(FakeGoogle()) as made,
        patient(made),
        mock.patch(CLOCKS[0], lambda: made.now),
        mock.patch(CLOCKS[1], lambda: made.now),
    ):
        yield made
