"""What is known of push channels, a small file for each connector beside the stores; it survives a power cut."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..core.errors import StateError
from ..core.files import make_private_folder, settle, write_atomically
from ..core.subscription import Subscription

VERSION = 1
SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class ChannelNote:
    """The channel of one connector.

    `asked` is the address for which one was asked last: where there is no `current` one, the vendor may have it all the
    same. `ending` are channels that were replaced and are still to be ended. `problem` and `hint` say why the latest
    attempt failed, and `failures` how many did in a row; `tried_at` is when.
    """

    tenant: str
    connector: str
    asked: str = ""
    current: Subscription | None = None
    made_at: datetime | None = None
    ending: tuple[Subscription, ...] = ()
    failures: int = 0
    tried_at: datetime | None = None
    problem: str = ""
    hint: str = ""

    def is_empty(self) -> bool:
        """Whether the vendor has nothing of it."""
        return self.current is None and not self.asked and not self.ending

    def has_lapsed(self, now: datetime) -> bool:
        """Whether the vendor sends no more because nobody renewed it in time."""
        return self.current is not None and self.current.expires_at is not None and self.current.expires_at <= now


class ChannelNotes:
    """The notes of all connectors whose stores lie in one folder."""

    def __init__(self, store_folder: Path) -> None:
        self.folder = store_folder / "hints" / "channels"

    def path(self, tenant: str, connector: str) -> Path:
        return self.folder / f"{connector}_{tenant}{SUFFIX}"

    def load(self, tenant: str, connector: str) -> ChannelNote:
        """What is known; nothing where nothing was written. StateError for what cannot be understood."""
        return self._read(self.path(tenant, connector)) or ChannelNote(tenant, connector)

    def all(self) -> Iterator[ChannelNote]:
        """Of every connector that has one. What cannot be understood is left out: `load` says so."""
        if self.folder.is_dir():
            for path in sorted(self.folder.glob(f"*{SUFFIX}")):
                with contextlib.suppress(StateError):
                    if (note := self._read(path)) is not None:
                        yield note

    def lock_path(self, tenant: str, connector: str) -> Path:
        return self.path(tenant, connector).with_suffix(".lock")

    def save(self, note: ChannelNote) -> None:
        """Durably, before the vendor is asked for anything that follows from it. An empty note is no file."""
        path = self.path(note.tenant, note.connector)
        try:
            if note.is_empty() and not note.problem:
                path.unlink(missing_ok=True)
                return
            make_private_folder(self.folder)
            write_atomically(path, json.dumps(_raw(note), indent=2) + "\n")
            settle(self.folder)
        except OSError as error:
            raise StateError(
                f"the note of a push channel cannot be written: {path}: {error.strerror}.",
                hint="look at the permissions and the space of its folder",
            ) from error

    def _read(self, path: Path) -> ChannelNote | None:
        try:
            return _note(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"{path} cannot be read: {error.strerror}.", hint="make it yours again (chown)") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(
                f"the note of a push channel is damaged: {path}.",
                hint="remove it: the channel is looked for at the vendor, or made anew",
            ) from error


def _raw(note: ChannelNote) -> dict[str, Any]:
    return {
        "version": VERSION,
        "tenant": note.tenant,
        "connector": note.connector,
        "asked": note.asked,
        "current": note.current and _raw_subscription(note.current),
        "made_at": _iso(note.made_at),
        "ending": [_raw_subscription(each) for each in note.ending],
        "failures": note.failures,
        "tried_at": _iso(note.tried_at),
        "problem": note.problem,
        "hint": note.hint,
    }


def _raw_subscription(one: Subscription) -> dict[str, Any]:
    told = {"url": one.url, "channel": dict(one.channel), "waits_for": one.waits_for}
    return {**told, "expires_at": _iso(one.expires_at)}


def _note(raw: Mapping[str, Any]) -> ChannelNote:
    if raw["version"] != VERSION:
        raise ValueError("of another version")
    return ChannelNote(
        str(raw["tenant"]),
        str(raw["connector"]),
        str(raw["asked"]),
        raw["current"] and _subscription(raw["current"]),
        _moment(raw["made_at"]),
        tuple(map(_subscription, raw["ending"])),
        int(raw["failures"]),
        _moment(raw["tried_at"]),
        str(raw["problem"]),
        str(raw["hint"]),
    )


def _subscription(raw: Mapping[str, Any]) -> Subscription:
    channel = {str(name): str(value) for name, value in raw["channel"].items()}
    return Subscription(str(raw["url"]), channel, _moment(raw["expires_at"]), str(raw["waits_for"]))


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None
