"""A workspace that is synced, as the tests of `slack` edit it: by hand, or at random."""

from __future__ import annotations

import random
from typing import Any

from ..fakes.slack import FakeSlack

DAY_SECONDS = 86_400
RESCANNED_DAYS = 29  # threads that began since are looked at by every run; of older ones only a reconcile tells


class SlackWorld:
    """One channel of the fake, as the contract suite edits it: each thing is a message there."""

    def __init__(self, fake: FakeSlack, *, replies: bool = False, private: bool = False) -> None:
        self.fake = fake
        fake.begin_anew()
        self.channel = fake.state.create_channel("general", private=private)
        self.replies = replies

    def id_of(self, ts: str) -> str:
        return f"{self.fake.state.team_id}/{self.channel}/{ts}"

    def add(self, name: str, text: str) -> str:
        ts = self.fake.state.post(self.channel, text)
        if self.replies:
            self.fake.state.reply(self.channel, ts, f"a reply to {name}")
        return self.id_of(ts)

    def edit(self, item_id: str, text: str) -> None:
        self.fake.state.edit(self.channel, item_id.rpartition("/")[2], text)

    def remove(self, item_id: str) -> None:
        self.fake.state.delete_thread(self.channel, item_id.rpartition("/")[2])

    def fail(self, item_id: str) -> None:
        self.fake.failing.add(item_id.rpartition("/")[2])

    def mend(self, item_id: str) -> None:
        self.fake.failing.discard(item_id.rpartition("/")[2])


class Editor:
    """Random acts of every kind. Each text holds a word of its own, by which it is found, or found to be gone.

    `quiet` are words of which the history alone does not tell that they came or went: of edited replies, and of
    whatever happened in threads that began more than thirty days ago.
    """

    def __init__(self, fake: FakeSlack, chance: random.Random, *, files: bool = False) -> None:
        self.fake, self.chance, self.files = fake, chance, files
        self.state = fake.state
        self.words: dict[tuple[str, str], str] = {}  # of (channel, timestamp)
        self.gone: set[str] = set()
        self.quiet: set[str] = set()
        self.shared: dict[str, tuple[str, list[str], str]] = {}  # files: channel, messages that show it, word inside
        self.number = 0
        for name in ("general", "random"):
            self.state.create_channel(name, private=name == "random")
        for days in (80, 45, 40, 20, 10):
            moment = fake.now.timestamp() - days * DAY_SECONDS
            for channel in list(self.state.channels):
                self.post(channel, ts=f"{int(moment)}.{self.number + 1:06d}")
        for _ in range(12):
            self.edit()

    def edit(self) -> None:
        """One act."""
        acts: list[Any] = [self.post, self.reply, self.reply, self.broadcast, self.edit_message, self.edit_message]
        acts += [self.delete_message, self.unfurl, self.rename, self.archive, self.lose, self.regain, self.pass_time]
        acts += [self.react, *([self.share, self.share_again, self.delete_file] if self.files else [])]
        channel = self.chance.choice(list(self.state.channels))
        if self.chance.random() < 0.02:
            acts = [self.make_private]
        if self.state.channels[channel].archived:
            acts = [self.archive, self.pass_time, self.regain]  # nothing else can happen there
        self.chance.choice(acts)(channel)

    def expected(self) -> dict[str, list[str]]:
        """For each item the words that it must hold."""
        found: dict[str, list[str]] = {}
        for channel in self.state.channels.values():
            for ts, raw in channel.messages.items():
                word = self.words.get((channel.id, ts))
                if word is not None and raw.get("subtype") != "tombstone":
                    found.setdefault(self._id(channel.id, raw.get("thread_ts", ts)), []).append(word)
        for file_id, (channel_id, _, word) in self.shared.items():
            found[f"{self.state.team_id}/{channel_id}/files/{file_id}"] = [word]
        return found

    def absent(self) -> set[str]:
        """The words that must be nowhere."""
        return set(self.gone)

    def settle(self) -> None:
        """All permissions are there again, and nobody has done anything for a while."""
        for channel in self.state.channels.values():
            if channel.archived:
                self.state.restore(channel.id)
            self.state.invite_app(channel.id)
        self.fake.tick(120)

    # Acts

    def post(self, channel: str, ts: str = "") -> None:
        word = self._word()
        ts = self.state.post(channel, f"says {word}.", ts=ts, user=self._user())
        self.words[channel, ts] = word

    def reply(self, channel: str, broadcast: bool = False) -> None:
        root = self._any_root(channel)
        if root:
            word = self._word()
            ts = self.state.reply(channel, root, f"answers {word}.", broadcast=broadcast, user=self._user())
            self.words[channel, ts] = word
            if not broadcast:
                self._hush(root, word)

    def broadcast(self, channel: str) -> None:
        self.reply(channel, broadcast=True)

    def edit_message(self, channel: str) -> None:
        ts = self._any(channel)
        if ts:
            old, word = self.words[channel, ts], self._word()
            self.state.edit(channel, ts, f"says now {word}.")
            self.words[channel, ts] = word
            quiet = self._root(channel, ts) != ts and self._subtype(channel, ts) != "thread_broadcast"
            self._lost(channel, ts, old, quiet=quiet)
            self._hush(self._root(channel, ts), word, always=quiet)

    def delete_message(self, channel: str) -> None:
        ts = self._any(channel)
        if ts and len(self.words) > 12 and len(self.gone) < len(self.words) / 2:
            self._lost(channel, ts, self.words.pop((channel, ts)))
            self._drop_files(channel, ts)
            self.state.delete(channel, ts)

    def unfurl(self, channel: str) -> None:
        ts = self._any_root(channel)
        if ts and (channel, ts) in self.words:
            self.state.unfurl(channel, ts, "what is behind a link")

    def react(self, channel: str) -> None:
        if ts := self._any(channel):
            self.state.react(channel, ts, "tada")

    def rename(self, channel: str) -> None:
        self.state.rename_channel(channel, f"renamed-{self.chance.randrange(1000)}")

    def archive(self, channel: str) -> None:
        if self.state.channels[channel].archived:
            self.state.restore(channel)
            self.state.invite_app(channel)
        else:
            self.state.archive(channel)

    def lose(self, channel: str) -> None:
        self.state.remove_app(channel)

    def regain(self, channel: str) -> None:
        self.state.invite_app(channel)

    def make_private(self, channel: str) -> None:
        if not self.state.channels[channel].private:
            self.state.make_private(channel)

    def pass_time(self, channel: str) -> None:
        self.fake.tick(self.chance.randrange(3 * 3600))

    def share(self, channel: str) -> None:
        word, said = self._word(), self._word()
        ts, file_id = self.state.share_file(channel, f"shares {said}.", f"{word}.txt", f"inside {word}".encode())
        self.words[channel, ts] = said
        self.shared[file_id] = (channel, [ts], word)

    def share_again(self, channel: str) -> None:
        """Another message with the same file, alone or in a thread."""
        there = sorted(file_id for file_id, (where, _, _) in self.shared.items() if where == channel)
        if there:
            file_id, said = self.chance.choice(there), self._word()
            root = self.chance.choice(["", self._any_root(channel)])
            ts = self.state.share_again(channel, f"shares again {said}.", file_id, thread_ts=root)
            self.words[channel, ts] = said
            self.shared[file_id][1].append(ts)
            self._hush(root or ts, said)

    def delete_file(self, channel: str) -> None:
        if self.shared:
            file_id = self.chance.choice(sorted(self.shared))
            if self.state.channels[self.shared[file_id][0]].archived:
                return
            self.gone.add(f"inside {self.shared.pop(file_id)[2]}")
            self.state.delete_file(file_id)

    # Helpers

    def _drop_files(self, channel: str, ts: str) -> None:
        """With the last message that shows it goes a file."""
        for file_id, (where, shown, word) in list(self.shared.items()):
            if where == channel and ts in shown:
                shown.remove(ts)
            if not shown:
                del self.shared[file_id]
                self.gone.add(f"inside {word}")
                self.state.delete_file(file_id)

    def _lost(self, channel: str, ts: str, word: str, *, quiet: bool = False) -> None:
        self.gone.add(word)
        self._hush(self._root(channel, ts), word, always=quiet)

    def _subtype(self, channel: str, ts: str) -> str:
        return str(self.state.channels[channel].messages[ts].get("subtype", ""))

    def _hush(self, root: str, word: str, *, always: bool = False) -> None:
        old = self.fake.now.timestamp() - float(root) > RESCANNED_DAYS * DAY_SECONDS
        if always or old:
            self.quiet.add(word)

    def _root(self, channel: str, ts: str) -> str:
        raw = self.state.channels[channel].messages.get(ts, {})
        return str(raw.get("thread_ts", ts))

    def _any(self, channel: str) -> str:
        there = sorted(ts for where, ts in self.words if where == channel)
        return self.chance.choice(there) if there else ""

    def _any_root(self, channel: str) -> str:
        there = sorted(self.state.channels[channel].roots())
        return self.chance.choice(there) if there else ""

    def _user(self) -> str:
        return self.chance.choice(sorted(self.state.users))

    def _word(self) -> str:
        self.number += 1
        return f"word{self.number}x"

    def _id(self, channel: str, root: str) -> str:
        return f"{self.state.team_id}/{channel}/{root}"
