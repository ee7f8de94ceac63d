"""What is recorded of `notion`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aragora_sync.connectors.notion import NotionConnector

from ..cassettes import record
from ..connectors.notion_desk import opened_desk
from ..fakes.notion import TOKEN


def tape() -> None:
    """A database and a page with one below; then edits, a row in the trash, a new row and a page that moves."""
    with tempfile.TemporaryDirectory() as folder, opened_desk(Path(folder)) as desk:
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
