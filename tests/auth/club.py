"""A connector at which one logs in, and its desk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from aragora_sync.auth.oauth import OAuthClient
from aragora_sync.auth.tokens import Tokens
from aragora_sync.core.changes import Change, Checkpoint, Cursor, Item
from aragora_sync.core.options import option
from aragora_sync.core.source import KnownItems, Stream
from aragora_sync.oauth import OAuthConnector


class ClubConnector(OAuthConnector):
    """Reads who is a member."""

    type = "club"
    title = "A club"
    service = "the club"
    prefix = "CLUB"
    keys: ClassVar[Mapping[str, str]] = {
        "CLUB_CLIENT_ID": "the application",
        "CLUB_CLIENT_SECRET": "its secret",
        "CLUB_REFRESH_TOKEN": "of a login made elsewhere",
        "CLUB_ACCESS_TOKEN": "of a login made elsewhere, used until it is refused",
    }

    base_url: str = option(help="Address of the club.", example="https://club.example", identity=True)

    renewals = 0  # that this one asked for itself

    def oauth_client(self) -> OAuthClient:
        return OAuthClient(
            service=self.service,
            client_id=self.credential("CLUB_CLIENT_ID"),
            client_secret=self.asked_credentials.get("CLUB_CLIENT_SECRET") or "",
            auth_url=f"{self.base_url}/authorize",
            token_url=f"{self.base_url}/token",
            revoke_url=f"{self.base_url}/revoke",
            scopes=["members.read"],
        )

    def next_tokens(self, tokens: Tokens) -> Tokens:
        self.renewals += 1
        return super().next_tokens(tokens)

    def streams(self, stored: Iterable[str]) -> Iterable[Stream]:
        yield Stream("members")

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        yield Item("me", "member", self.me(), "a member")
        yield Checkpoint(None, complete=True)

    def me(self) -> str:
        http = self.http(self.base_url, self.access, place=self.service)
        return str(http.get("api/me").body["name"])


def club(url: str, **options: Any) -> ClubConnector:
    """One that keeps its tokens in a file below HOME."""
    own = {"CLUB_CLIENT_ID": "client-1", "CLUB_CLIENT_SECRET": "secret-of-the-application"}
    usual = {"base_url": url, "connector_id": "club", "token_file": True, "credentials": own}
    return ClubConnector(**{**usual, **options})


def renew_often(url: str, times: int) -> None:
    """What each of several processes does, until it has asked for so many itself; the rest it got from others. Each
    renewal is used at once.
    """
    made = club(url)
    while made.renewals < times:
        made.access.renewed()
        made.me()
    made.close()


def die_at(step: str, url: str) -> None:
    """Renews once, and is killed between two steps of it."""
    from aragora_sync.auth import refreshing, token_store

    made = club(url)
    kill = lambda *_: os.kill(os.getpid(), 9)  # noqa: E731
    store = token_store.TokenStore
    if step == "before the answer is kept":
        proved = store.prove
        store.prove = lambda self, tokens: (proved(self, tokens), setattr(store, "keep", kill))[0]  # type: ignore
    elif step == "while it is written":
        token_store.write_atomically = lambda path, text: (Path(f"{path}.part").write_text(text[:20]), kill())  # type: ignore
        store.prove = lambda self, tokens: None  # type: ignore
    elif step == "before it is used":
        refreshing.bearer = kill  # type: ignore
    made.access.renewed()
    made.me()
