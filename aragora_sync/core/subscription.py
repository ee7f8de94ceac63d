"""Push channels: what a connector made at its vendor so that the vendor tells of changes, and the power to make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Subscription:
    """A push channel to `url`, as the vendor has it.

    `channel` is what finds it there again, and never a secret. Without `expires_at` it lasts until somebody ends it.
    `waits_for` says what must still happen before the vendor sends, in words; empty where nothing must.
    """

    url: str
    channel: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None
    waits_for: str = ""


@runtime_checkable
class Subscribes(Protocol):
    """The optional power to make and to renew a push channel."""

    def subscribe(self, url: str, previous: Subscription | None) -> Subscription:
        """The channel to `url`: the previous one renewed or confirmed, or another one in its place.

        May be called at any time, and after a kill at any point: what lasts for ever is looked for at the vendor by its
        url, so that it is made once. Secrets are kept in the credential chain before a channel uses them.
        """


@runtime_checkable
class Unsubscribes(Subscribes, Protocol):
    """The power to end one, too."""

    def unsubscribe(self, subscription: Subscription) -> None:
        """The vendor sends there no more; no error where it did not before. Without a `channel`, its url finds it."""
