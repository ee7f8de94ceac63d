"""A Slack workspace: people, channels, messages and files, edited in the words of those who use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TEAM = "T0SYNC000"
ADDRESS = "https://acme.slack.com/"
APP = "U000000BOT"
Raw = dict[str, Any]


@dataclass
class Channel:
    """One channel. `messages` holds all of it, replies too, by timestamp."""

    id: str
    name: str
    private: bool = False
    member: bool = True  # the app is in it
    with_person: bool = False  # the person whose token is used is in it
    archived: bool = False
    previous_names: list[str] = field(default_factory=list)
    messages: dict[str, Raw] = field(default_factory=dict)
    visible_at: dict[str, datetime] = field(default_factory=dict)
    hidden_before: str = ""  # by the limits of a free plan

    def roots(self) -> list[str]:
        """The timestamps of what begins a thread, or stands alone; not of what is a tombstone."""
        return [
            ts
            for ts, raw in self.messages.items()
            if raw.get("thread_ts", ts) == ts and raw.get("subtype") != "tombstone"
        ]

    def replies(self, root: str) -> list[str]:
        return sorted(ts for ts, raw in self.messages.items() if raw.get("thread_ts") == root and ts != root)


class State:
    """Everything in the workspace, and what people do in it. `tick` gives each act a moment of its own."""

    def __init__(self, tick: Callable[[float], datetime]) -> None:
        self._tick = tick
        self.team_id = TEAM
        self.channels: dict[str, Channel] = {}
        self.users: dict[str, Raw] = {}
        self.strangers: dict[str, Raw] = {}  # of other workspaces: users.list does not know them
        self.groups: dict[str, Raw] = {}
        self.files: dict[str, Raw] = {}
        self.contents: dict[str, bytes] = {}
        self.lag = 0.0  # seconds until a message shows up in the history
        self.latest_reply_moves = False  # when the last reply is deleted; nobody outside knows what Slack does
        self.empty_threads_keep_marks = False  # when there is no reply left; neither is this known
        self.file_address = ""
        self._number = 0
        for name in ("ann", "bob"):
            self.add_user(name)

    # People

    def add_user(self, name: str, *, stranger: bool = False) -> str:
        user_id = f"U{len(self.users) + len(self.strangers) + 1:08d}"
        profile = {"display_name": name.title(), "display_name_normalized": name.title(), "real_name": f"{name} real"}
        profile |= {"real_name_normalized": f"{name} real", "avatar_hash": "g0", "team": self.team_id}
        profile |= {f"image_{size}": "https://x/i.png" for size in (24, 32, 48, 72, 192, 512)}
        known = self.strangers if stranger else self.users
        known[user_id] = {"id": user_id, "team_id": self.team_id, "name": name, "profile": profile, "deleted": False}
        return user_id

    def rename_user(self, user_id: str, name: str) -> None:
        self.users[user_id]["profile"] |= {"display_name": name, "display_name_normalized": name}

    # Channels

    def create_channel(self, name: str, **more: Any) -> str:
        channel_id = f"C{len(self.channels) + 1:08d}"
        self.channels[channel_id] = Channel(channel_id, name, **more)
        return channel_id

    def rename_channel(self, channel_id: str, name: str) -> None:
        channel = self.channels[channel_id]
        channel.previous_names.insert(0, channel.name)
        self._note(channel_id, "channel_name", old_name=channel.name, name=name)
        channel.name = name

    def make_private(self, channel_id: str) -> None:
        """The channel keeps its id."""
        self.channels[channel_id].private = True
        self._note(channel_id, "channel_convert_to_private")

    def archive(self, channel_id: str) -> None:
        """Nobody writes in it any more, and apps are put out of it; they can't be invited while it is archived."""
        self._note(channel_id, "channel_archive")
        channel = self.channels[channel_id]
        channel.archived, channel.member = True, False

    def restore(self, channel_id: str) -> None:
        """The app must be invited again."""
        self.channels[channel_id].archived = False
        self._note(channel_id, "channel_unarchive")

    def delete_channel(self, channel_id: str) -> None:
        del self.channels[channel_id]

    def remove_app(self, channel_id: str) -> None:
        """The app is put out of the channel."""
        self.channels[channel_id].member = False

    def invite_app(self, channel_id: str) -> None:
        """The channel shows who came."""
        channel = self.channels[channel_id]
        if not channel.archived and not channel.member:
            channel.member = True
            self._note(channel_id, "channel_join", user=APP)

    def _note(self, channel_id: str, subtype: str, **more: Any) -> None:
        """What Slack itself writes into the channel."""
        self.post(channel_id, f"<@{more.get('user', 'U00000001')}> did {subtype}", subtype=subtype, **more)

    # Messages

    def next_ts(self, seconds: float = 1) -> str:
        moment = self._tick(seconds)
        self._number += 1
        return f"{int(moment.timestamp())}.{self._number * 100 % 1_000_000:06d}"

    def ago(self, days: float) -> str:
        """A timestamp of so many days ago."""
        self._number += 1
        return f"{int(self._tick(0).timestamp() - days * 86_400)}.{self._number:06d}"

    def post(self, channel_id: str, text: str, *, user: str = "U00000001", ts: str = "", **more: Any) -> str:
        """A message in the channel; `ts` puts it into the past, as imports do."""
        channel = self.channels[channel_id]
        assert not channel.archived, "nobody can write in an archived channel"
        ts = ts or self.next_ts()
        raw = {"type": "message", "user": user, "text": text, "ts": ts, "team": self.team_id, **more}
        channel.messages[ts] = raw
        channel.visible_at[ts] = self._tick(0)
        return ts

    def reply(self, channel_id: str, root: str, text: str, *, broadcast: bool = False, **more: Any) -> str:
        """A reply in a thread, `broadcast`: also sent to the channel."""
        channel = self.channels[channel_id]
        first = channel.messages[root]
        if broadcast:
            more["subtype"] = "thread_broadcast"
        first["thread_ts"] = root
        parent = {"parent_user_id": first.get("user", ""), "thread_ts": root}
        ts = self.post(channel_id, text, user=more.pop("user", "U00000002"), **parent, **more)
        self._count(channel, root, latest=ts)
        return ts

    def edit(self, channel_id: str, ts: str, text: str) -> None:
        raw = self.channels[channel_id].messages[ts]
        raw |= {"text": text, "edited": {"user": raw.get("user", "U00000001"), "ts": self._edited_at()}}

    def _edited_at(self) -> str:
        return f"{int(self._tick(1).timestamp())}.000000"

    def unfurl(self, channel_id: str, ts: str, text: str) -> None:
        """A link of the message is shown with what is behind it; nobody edited anything."""
        self.channels[channel_id].messages[ts]["attachments"] = [{"id": 1, "fallback": text, "text": text}]

    def react(self, channel_id: str, ts: str, name: str) -> None:
        reactions = self.channels[channel_id].messages[ts].setdefault("reactions", [])
        reactions.append({"name": name, "users": ["U00000002"], "count": 1})

    def delete(self, channel_id: str, ts: str) -> None:
        """What begins a thread leaves its place behind as long as there are replies."""
        channel = self.channels[channel_id]
        root = channel.messages[ts].get("thread_ts", ts)
        if root == ts and channel.replies(ts):
            self._bury(channel, ts)
            return
        self._remove(channel, ts)
        if root == ts or root not in channel.messages:
            return
        if channel.messages[root].get("subtype") == "tombstone" and not channel.replies(root):
            del channel.messages[root]
        else:
            self._count(channel, root)

    def delete_thread(self, channel_id: str, ts: str) -> None:
        """The message and all replies, as a retention policy or an administrator removes them: without a trace."""
        channel = self.channels[channel_id]
        for each in [*channel.replies(ts), ts]:
            if each in channel.messages:
                self._remove(channel, each)

    def _remove(self, channel: Channel, ts: str) -> None:
        """A file that the message showed is not shown there any more."""
        for file in channel.messages.pop(ts).get("files", ()):
            for places in file.get("shares", {}).values():
                places[channel.id] = [place for place in places.get(channel.id, ()) if place["ts"] != ts]

    def _bury(self, channel: Channel, ts: str) -> None:
        before = channel.messages[ts]
        kept = ("type", "ts", "thread_ts", "reply_count", "reply_users_count", "reply_users", "latest_reply")
        kept += ("is_locked", "subscribed")
        tombstone = {"subtype": "tombstone", "user": "USLACKBOT", "hidden": True, "text": "This message was deleted."}
        channel.messages[ts] = {**{name: before[name] for name in kept if name in before}, **tombstone}

    def _count(self, channel: Channel, root: str, latest: str = "") -> None:
        replies, raw = channel.replies(root), channel.messages[root]
        if not replies and self.empty_threads_keep_marks:
            raw |= {"reply_count": 0, "reply_users": [], "reply_users_count": 0, "latest_reply": "0000000000.000000"}
            return
        if not replies:
            for name in ("reply_count", "reply_users_count", "reply_users", "latest_reply", "thread_ts"):
                raw.pop(name, None)
            return
        users = list(dict.fromkeys(channel.messages[ts].get("user", "") for ts in replies))
        raw |= {"reply_count": len(replies), "reply_users": users, "reply_users_count": len(users)}
        raw |= {"is_locked": False, "subscribed": False}
        if latest or self.latest_reply_moves:
            raw["latest_reply"] = latest or replies[-1]

    def shown(self, channel: Channel, now: datetime) -> Iterator[Raw]:
        """What the history holds: no replies but those that were sent to the channel, too."""
        for ts, raw in channel.messages.items():
            if not self.is_visible(channel, ts, now):
                continue
            if raw.get("thread_ts", ts) == ts:
                yield raw
            elif raw.get("subtype") == "thread_broadcast":
                root = channel.messages.get(raw["thread_ts"])
                yield {**raw, "root": root} if root else raw

    def is_visible(self, channel: Channel, ts: str, now: datetime) -> bool:
        """Messages show up a little late, also where the first of their thread already counts them."""
        return ts >= channel.hidden_before and (now - channel.visible_at[ts]).total_seconds() >= self.lag

    # Files

    def share_file(self, channel_id: str, text: str, name: str, content: bytes, **more: Any) -> tuple[str, str]:
        """A message with a file; the timestamp and the id of the file. `thread_ts` shares it in a thread."""
        file_id = f"F{len(self.contents) + 1:08d}"
        root = more.pop("thread_ts", "")
        address = f"{self.file_address}/files-pri/{self.team_id}-{file_id}/download/{name}"
        raw = {"id": file_id, "name": name, "title": name, "mimetype": "text/plain", "filetype": "text"}
        raw |= {"mode": "hosted", "size": len(content), "is_external": False, "file_access": "visible"}
        raw |= {"url_private": address, "url_private_download": address, "timestamp": int(self._tick(0).timestamp())}
        raw |= {"user": "U00000001", "permalink": f"{ADDRESS}files/U00000001/{file_id}/{name}", **more}
        self.files[file_id], self.contents[file_id] = raw, content
        raw["shares"] = {"private" if self.channels[channel_id].private else "public": {}}
        return self.share_again(channel_id, text, file_id, thread_ts=root), file_id

    def share_again(self, channel_id: str, text: str, file_id: str, *, thread_ts: str = "") -> str:
        """Another message with the same file."""
        raw = self.files[file_id]
        shared = {"files": [raw], "subtype": "file_share"}
        ts = self.reply(channel_id, thread_ts, text, **shared) if thread_ts else self.post(channel_id, text, **shared)
        places = next(iter(raw["shares"].values()))
        places.setdefault(channel_id, []).append({"ts": ts, **({"thread_ts": thread_ts} if thread_ts else {})})
        return ts

    def change_file(self, file_id: str, content: bytes) -> None:
        raw = self.files[file_id]
        self.contents[file_id] = content
        raw |= {"size": len(content), "edit_timestamp": int(self._tick(1).timestamp())}

    def delete_file(self, file_id: str) -> None:
        """Where it was shared, only its place is left."""
        raw = self.files.pop(file_id)
        raw.clear()
        raw |= {"id": file_id, "mode": "tombstone"}
