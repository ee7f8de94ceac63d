"""What is recorded of `slack`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aragora_sync.connectors.slack import SlackConnector

from ..cassettes import record
from ..connectors.slack_desk import opened_desk
from ..fakes.slack import BOT


def tape() -> None:
    """A channel with a thread and a message; then a late reply, an edit, a deletion and something new."""
    with tempfile.TemporaryDirectory() as folder, opened_desk(Path(folder)) as desk:
        state = desk.fake.state
        root, wrong, gone = desk.post("*Deploy* at noon"), desk.post("with a mistaek"), desk.post("never mind")
        desk.reply(root, "bring cake")

        def edit() -> None:
            desk.reply(root, "a late reply")
            state.edit(desk.channel, wrong, "without a mistake")
            state.delete(desk.channel, gone)
            desk.post("something new")

        def make() -> SlackConnector:
            return SlackConnector(
                **options, base_url=here, credentials={"SLACK_BOT_TOKEN": BOT}, parallel=1, max_retries=0
            )

        here, options = f"{desk.fake.url}/api", {"channels": ["general"]}
        told = {**options, "base_url": "https://slack.com/api"}
        record("slack", "fake", told, ["SLACK_BOT_TOKEN"], make, edit, here)
