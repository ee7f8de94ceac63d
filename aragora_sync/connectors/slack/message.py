"""Messages and threads as the API tells them, their versions, and what of them is in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

HASH_BYTES = 9
NOISE = frozenset(  # what Slack itself writes into a channel
    {
        *("bot_add", "bot_remove", "channel_archive", "channel_canvas_updated", "channel_convert_to_private"),
        *("channel_convert_to_public", "channel_join", "channel_leave", "channel_name", "channel_posting_permissions"),
        *("channel_purpose", "channel_topic", "channel_unarchive", "ekm_access_denied", "group_archive", "group_join"),
        *("group_leave", "group_name", "group_purpose", "group_topic", "group_unarchive", "message_replied"),
        *("pinned_item", "reminder_add", "unpinned_item"),
    }
)
TOMBSTONE = "tombstone"
SHOWN = (
    "fallback",
    "pretext",
    "author_name",
    "title",
    "title_link",
    "text",
    "fields",
    "footer",
    "blocks",
    "message_blocks",
)
SHOWN_OF_FILES = ("id", "name", "title", "mode", "size", "file_access", "updated", "edit_timestamp")


class Message(NamedTuple):
    """One message; `raw` is all that the API told of it."""

    ts: str
    thread_ts: str  # of its thread's first message; its own where it has no thread
    replies: int
    latest_reply: str
    edited: str
    subtype: str
    raw: Mapping[str, Any]

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Message:
        ts: str = raw["ts"]
        edited = raw.get("edited")
        return cls(
            ts,
            raw.get("thread_ts") or ts,
            raw.get("reply_count") or 0,
            raw.get("latest_reply") or "",
            edited.get("ts", "") if edited else "",
            raw.get("subtype") or "",
            raw,
        )

    @property
    def is_reply(self) -> bool:
        return self.thread_ts != self.ts

    @property
    def is_gone(self) -> bool:
        """Whether only the place is left where it was, because replies hang under it."""
        return self.subtype == TOMBSTONE

    @property
    def is_text(self) -> bool:
        """Whether somebody wrote it."""
        return not self.is_gone and self.subtype not in NOISE

    @property
    def touched(self) -> str:
        """When it was written or last edited."""
        return max(self.ts, self.edited)

    @property
    def files(self) -> Sequence[Mapping[str, Any]]:
        return [] if self.is_gone else self.raw.get("files") or []

    def version(self, with_replies: bool) -> str:
        """Tells two states of a thread apart, as far as its first message shows them."""
        own = f"{self.edited}.{_hash_of(self.raw)}"
        return f"{self.latest_reply}.{self.replies}.{own}" if with_replies and self.replies else own


@dataclass(frozen=True, slots=True)
class Thread:
    """A message with its replies, oldest first."""

    ts: str
    messages: Sequence[Message]
    version: str

    @property
    def written(self) -> list[Message]:
        """What is to be read in it: the first message, unless it is gone or Slack's own, and all replies."""
        return [each for each in self.messages if each.is_text]

    @property
    def files(self) -> Iterator[Mapping[str, Any]]:
        for message in self.messages:
            yield from message.files


@dataclass(frozen=True, slots=True)
class Gone:
    """Slack said that there is no such thread."""

    ts: str


@dataclass(frozen=True, slots=True)
class Unread:
    """This one thread could not be read."""

    ts: str
    error: str


def thread_of(ts: str, raw_messages: Iterable[Mapping[str, Any]], version: str) -> Thread | None:
    """The thread, each message once; None where there is nothing to read in it."""
    found: dict[str, Message] = {}
    for raw in raw_messages:  # each page begins with the first message again
        found.setdefault(raw["ts"], Message.read(raw))
    messages = [found[each] for each in sorted(found)]
    thread = Thread(ts, messages, version)
    return thread if thread.written else None


def _hash_of(raw: Mapping[str, Any]) -> str:
    """Stands for what `edited` does not show: unfurled links, files, a tombstone; never for reactions."""
    attachments = [[each.get(name) for name in SHOWN] for each in raw.get("attachments") or ()]
    files = [[each.get(name) for name in SHOWN_OF_FILES] for each in raw.get("files") or ()]
    shown = [raw.get("text"), raw.get("subtype"), raw.get("blocks"), attachments, files]
    return blake2b(json.dumps(shown, sort_keys=True).encode(), digest_size=HASH_BYTES).hexdigest()
