"""The real program on a workspace, killed at random moments: afterwards one run makes store and workspace equal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from aragora_sync.connectors.notion.ids import address_of

from ..fakes.notion import TOKEN, FakeNotion
from ..fakes.notion_model import Block, Page
from ..fakes.notion_shapes import Shapes
from ..fakes.web import running
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

ROWS, PAGES, BELOW = 120, 12, 3
SPAN = {"earliest": 0.4, "latest": 1.4}  # seconds
LAG_SECONDS = 3 * 3600  # after which nothing has to be looked at twice


class WorkspaceDesk(KillDesk):
    """A database and a tree of pages, with rows of another one in it, that are edited in ways of which Notion tells."""

    reports_deletes = False

    def __init__(self, folder: Path, seed: int, fake: FakeNotion) -> None:
        super().__init__(folder, seed)
        self.fake, self.space = fake, fake.space
        self.top = self.space.create_page(None, "Top")
        self.home = self.space.create_page(self.top, "Home", "welcome")
        self.space.share(self.top)
        self.tasks = self.space.create_database(self.top, "Tasks")
        self.notes = self.space.create_database(self.home, "Notes")
        for database in (self.tasks, self.notes):
            for _ in range(self.some(ROWS // 2)):
                self.add_row(database)
        for _ in range(self.some(PAGES)):
            page = self.add_page(self.home)
            for _ in range(BELOW):
                self.add_page(page)

    def connector(self) -> dict[str, Any]:
        wanted = {"databases": [self.tasks], "root_pages": [self.home]}
        return {"type": "notion", "base_url": self.fake.url, "credentials": {"NOTION_TOKEN": TOKEN}, **wanted}

    def add_row(self, database: str) -> None:
        self.fake.tick(1)
        self.space.create_row(self.space.source_of(database), f"row {self.random.random()}", self.word())

    def add_page(self, parent: str) -> str:
        self.fake.tick(1)
        return self.space.create_page(parent, f"page {self.random.randrange(10**9)}", self.word())

    def word(self) -> str:
        return f"text {self.random.randrange(10**9)}"

    def edit(self) -> None:
        things = self.things()
        leaves = sorted(each for each in things if each != self.home)
        for thing in self.random.sample(leaves, len(leaves) // 5):
            self.fake.tick(self.random.choice([1, 30]))
            if self.space.alive(self.space[thing]):
                self.act(thing)

    def act(self, thing: str) -> None:
        act = self.random.randrange(6)
        if act in (0, 1):
            first = next(each for each in self.space[thing].children if each.kind == "paragraph")
            self.space.edit_block(first.id, self.word())
        elif act == 2:
            self.space.rename(thing, f"renamed {self.random.randrange(10**9)}")
        elif act == 3 and not self.below(thing):
            self.space.trash(thing)
        elif act == 4:
            self.add_page(self.random.choice([self.home, thing]) if thing in self.tree() else self.home)
        else:
            self.add_row(self.random.choice([self.tasks, self.notes]))

    def check(self) -> None:
        """Once more when all has settled, so that the last run names each thing once."""
        self.run()
        self.fake.tick(LAG_SECONDS)
        self.run()
        super().check()

    # What must be stored

    def source(self) -> dict[str, str]:
        found = {thing: self.content(self.space[thing]) for thing in self.things()}
        return {**found, self.notes: ""}

    def things(self) -> set[str]:
        rows = self.space[self.space.source_of(self.tasks)].rows
        return {each.id for each in rows if self.space.alive(each)} | self.tree()

    def tree(self) -> set[str]:
        pages = {each.id for each in self.space.within(self.space[self.home]) if isinstance(each, Page)}
        return {each for each in pages | {self.home} if self.space.alive(self.space[each])}

    def below(self, thing: str) -> list[Block]:
        return [each for each in self.space[thing].children if isinstance(each, Page)]

    def content(self, page: Page) -> str:
        """Its words, and links to what is in it."""
        shapes = Shapes(self.space, self.fake.connection, count())
        return "\n\n".join(
            shapes.words(each.rich)
            if each.kind == "paragraph"
            else f"[{each.kind.removeprefix('child_')}]({address_of(each.id)})"
            for each in shapes.children(page)
        )


@pytest.fixture
def fake() -> Iterator[FakeNotion]:
    with running(FakeNotion()) as workspace:
        yield workspace


@pytest.mark.parametrize("seed", range(FEW))
def test_killed_runs_lose_and_double_no_page(tmp_path, fake, seed):
    WorkspaceDesk(tmp_path, seed, fake).kill_and_compare(1, **SPAN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_no_page(tmp_path, fake, seed):
    WorkspaceDesk(tmp_path, seed, fake).kill_and_compare(share_of(soak_size(12, 200)), **SPAN)
