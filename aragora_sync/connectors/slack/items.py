"""The items that threads and their files become."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.changes import JSON, Item
from .blocks import text_of
from .message import Message, Thread
from .moments import moment_of

if TYPE_CHECKING:
    from .channels import Channel
    from .names import Names
    from .workspace import Workspace

LONGEST_TITLE = 80
_MARKS = re.compile(r"\*\*|~~|`|^[#>\s]+")
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]*\)")
FIELDS = ("user", "bot_id", "app_id", "subtype", "client_msg_id")


@dataclass(frozen=True, slots=True)
class Place:
    """Where items of one channel belong. `prefix` begins their ids, which never change."""

    workspace: Workspace
    channel: Channel
    prefix: str

    @property
    def acl(self) -> Sequence[str]:
        """Who may read it: the whole workspace, or those in a private channel."""
        team, _, channel = self.prefix.partition("/")
        return [f"channel:{channel}"] if self.channel.is_private else [f"team:{team}"]

    @property
    def mark(self) -> str:
        """Ends the versions of what only some may read, so that they change when that does."""
        return ".private" if self.channel.is_private else ""

    def thread_id(self, ts: str) -> str:
        return f"{self.prefix}/{ts}"

    def file_id(self, file: str) -> str:
        return f"{self.prefix}/files/{file}"

    def link(self, ts: str) -> str:
        return f"{self.workspace.address}archives/{self.channel.id}/p{ts.replace('.', '')}"


def item_of(thread: Thread, place: Place, names: Names) -> Item:
    """A thread as its readers see it: the first message, then replies with who wrote them and when."""
    written = thread.written
    first = written[0]
    texts = [text_of(first, names) if first.ts == thread.ts else _reply(first, names)]
    texts += [_reply(each, names) for each in written[1:]]
    return Item(
        place.thread_id(thread.ts),
        "thread",
        _title(text_of(first, names) if first.ts != thread.ts else texts[0], place),
        "\n\n".join(texts),
        url=place.link(thread.ts),
        author=names.author(first.raw) if first.ts == thread.ts else "",
        created_at=moment_of(thread.ts),
        updated_at=moment_of(max(each.touched for each in thread.messages)),
        version=thread.version,
        metadata=_metadata(thread, place),
        acl=place.acl,
    )


def _reply(message: Message, names: Names) -> str:
    when = moment_of(message.ts).strftime("%Y-%m-%d %H:%M")
    return f"**{names.author(message.raw)}**, {when}:\n{text_of(message, names)}"


def _title(text: str, place: Place) -> str:
    """The first line, without marks; of a message without words, its channel."""
    plain = (_LINK.sub(r"\1", _MARKS.sub("", line)).strip() for line in text.splitlines())
    line = next((line for line in plain if line), f"#{place.channel.name}")
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1].rpartition(' ')[0].rstrip()}…"


def _metadata(thread: Thread, place: Place) -> Mapping[str, JSON]:
    root = thread.messages[0]
    raw: Mapping[str, Any] = root.raw if root.ts == thread.ts else {}
    told: dict[str, JSON] = {"channel": place.channel.id, "ts": thread.ts}
    told |= {name: raw[name] for name in FIELDS if raw.get(name)}
    replies = [each for each in thread.messages if each.ts != thread.ts]
    if replies:
        told |= {"reply_count": len(replies), "latest_reply": replies[-1].ts}
    return told
