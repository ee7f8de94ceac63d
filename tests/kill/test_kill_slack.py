"""The real program on a workspace, killed at random moments: afterwards one run makes store and workspace equal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ..fakes.slack import BOT, FakeSlack
from ..fakes.web import running
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

CHANNELS, MESSAGES = 4, 60
PAGE = 20  # so that a channel has several; 15 would look like the low limits
SPAN = {"earliest": 0.4, "latest": 1.4}  # seconds


class WorkspaceDesk(KillDesk):
    """Channels that are edited, in ways of which the history tells."""

    def __init__(self, folder: Path, seed: int, fake: FakeSlack) -> None:
        super().__init__(folder, seed)
        self.fake, self.state = fake, fake.state
        fake.page_sizes = {"conversations.history": PAGE}
        self.channels = [self.state.create_channel(f"channel-{number}") for number in range(CHANNELS)]
        for channel in self.channels:
            for _ in range(self.some(MESSAGES)):
                self.add(channel)

    def connector(self) -> dict[str, Any]:
        return {"type": "slack", "base_url": f"{self.fake.url}/api", "credentials": {"SLACK_BOT_TOKEN": BOT}}

    def add(self, channel: str) -> None:
        ts = self.state.post(channel, f"text {self.random.random()}")
        for _ in range(self.random.choice([0, 0, 1, 2])):
            self.state.reply(channel, ts, f"reply {self.random.random()}")

    def edit(self) -> None:
        for channel in self.channels:
            roots = sorted(self.state.channels[channel].roots())
            for root in self.random.sample(roots, len(roots) // 5):
                act = self.random.randrange(6)
                if act in (0, 1):
                    self.state.edit(channel, root, f"edited {self.random.random()}")
                elif act in (2, 3):
                    self.state.reply(channel, root, f"late {self.random.random()}", broadcast=act == 2)
                elif act == 4:
                    self.state.delete(channel, root)
                else:
                    self.add(channel)

    def check(self) -> None:
        """What is reported deleted counts in the run that hears of it; the next one names what is there."""
        self.run()
        super().check()

    def source(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for channel in self.channels:
            messages = self.state.channels[channel].messages
            for root in messages:
                if messages[root].get("thread_ts", root) == root:
                    found[f"{self.state.team_id}/{channel}/{root}"] = self._thread(channel, root)
        return found

    def _thread(self, channel: str, root: str) -> str:
        one = self.state.channels[channel]
        parts = [] if one.messages[root].get("subtype") == "tombstone" else [one.messages[root]["text"]]
        for ts in one.replies(root):
            when = datetime.fromtimestamp(int(ts.partition(".")[0]), UTC)
            parts.append(f"**Bob**, {when:%Y-%m-%d %H:%M}:\n{one.messages[ts]['text']}")
        return "\n\n".join(parts)


@pytest.fixture
def fake() -> Iterator[FakeSlack]:
    with running(FakeSlack()) as workspace:
        yield workspace


@pytest.mark.parametrize("seed", range(FEW))
def test_killed_runs_lose_and_double_no_thread(tmp_path, fake, seed):
    WorkspaceDesk(tmp_path, seed, fake).kill_and_compare(1, **SPAN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_no_thread(tmp_path, fake, seed):
    WorkspaceDesk(tmp_path, seed, fake).kill_and_compare(share_of(soak_size(12, 200)), **SPAN)
