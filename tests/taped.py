"""What is recorded from the suite's fakes, by type."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from aragora_sync.connectors.notion import NotionConnector
from aragora_sync.connectors.slack import SlackConnector

from .cassettes import record
from .connectors.notion_desk import opened_desk as notion_desk
from .connectors.slack_desk import opened_desk
from .fakes.notion import TOKEN
from .fakes.slack import BOT


def slack() -> None:
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


def notion() -> None:
    """A database and a page with one below; then edits, a row in the trash, a new row and a page that moves."""
    with tempfile.TemporaryDirectory() as folder, notion_desk(Path(folder)) as desk:
        space = desk.space
        space.add_property(desk.source, "Status", "status", options=("open", "done"))
        wrong, gone = desk.row("Write it", "with a mistaek", Status="open"), desk.row("Never mind")
        page, other = desk.page("Handbook", "Read this."), desk.page("Attic")
        moving = desk.page("How to", "Do it.", parent=page)

        def edit() -> None:
            desk.settle()
            first = space[wrong].children[0].id
            space.edit_block(first, "without a mistake")
            space.set_value(wrong, "Status", "done")
            space.trash(gone)
            space.move(moving, other)
            desk.row("Something new", "text")

        def make() -> NotionConnector:
            return NotionConnector(
                **options, base_url=here, credentials={"NOTION_TOKEN": TOKEN}, parallel=1, max_retries=0
            )

        here, options = desk.fake.url, {"databases": [desk.database], "root_pages": [page, other]}
        told = {**options, "base_url": "https://api.notion.com"}
        record("notion", "fake", told, ["NOTION_TOKEN"], make, edit, here)


TAPED: dict[str, Callable[[], None]] = {"notion": notion, "slack": slack}
