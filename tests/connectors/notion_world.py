"""A workspace that is synced, as the tests of `notion` edit it: by hand, or at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from ..fakes.notion import FakeNotion
from ..fakes.notion_model import block

ROWS, TREE, SHARED = "rows", "tree", "shared"
WAYS = (ROWS, TREE, SHARED)


class NotionWorld:
    """The fake as the contract suite edits it: each thing is a row, or every second one a page below the one before."""

    def __init__(self, fake: FakeNotion, way: str) -> None:
        self.fake, self.way = fake, way
        fake.begin_anew()
        self.space = fake.space
        self.home = self.space.create_page(None, "Home")
        self.database = self.space.create_database(self.home, "Tasks")
        self.source = self.space.source_of(self.database)
        self.space.share(self.home)
        self._number = 0

    def options(self) -> dict[str, Any]:
        """Those that bring what this world holds."""
        return {ROWS: {"databases": [self.database]}, TREE: {"root_pages": [self.home]}, SHARED: {}}[self.way]

    def add(self, name: str, text: str) -> str:
        self._number += 1
        self.fake.tick(1)
        if self.way == ROWS or self._number % 3 == 0:
            return self.space.create_row(self.source, name, text)
        return self.space.create_page(self.home, name, text)

    def edit(self, item_id: str, text: str) -> None:
        self.fake.tick(1)
        self.space.write(item_id, text)

    def remove(self, item_id: str) -> None:
        self.fake.tick(1)
        self.space.trash(item_id)

    def fail(self, item_id: str) -> None:
        self.fake.failing[item_id] = 500

    def mend(self, item_id: str) -> None:
        self.fake.failing.clear()


class Editor:
    """Random acts of every kind. Each page and row has two words of its own, one as its title and one in its text, by
    which it is found, or found to be gone.

    `quiet` are items of which no edit tells what happened to them: a reconcile does.
    """

    def __init__(self, fake: FakeNotion, chance: random.Random, way: str) -> None:
        self.fake, self.chance, self.way = fake, chance, way
        self.space = fake.space
        self.words: dict[str, str] = {}  # in the text of pages and rows
        self.titles: dict[str, str] = {}  # words, too
        self.latest = ""  # the page whose text was edited last
        self.gone: set[str] = set()  # words
        self.quiet: set[str] = set()
        self.number = 0
        self.home = self.space.create_page(None, "Home", "welcome")
        self.databases = [self.space.create_database(self.home, name) for name in ("Tasks", "Notes")]
        self.space.create_source(self.databases[0], "Archive")
        self.outside = self.space.create_page(None, "Outside")
        for each in (self.home, self.outside):
            self.space.share(each)
        for _ in range(25):
            self.edit()

    def options(self) -> dict[str, Any]:
        return {ROWS: {"databases": self.databases}, TREE: {"root_pages": [self.home]}, SHARED: {}}[self.way]

    def edit(self) -> None:
        """One act; then a little time passes."""
        acts: list[Callable[[], None]] = [
            self.make_row,
            self.make_row,
            self.make_page,
            self.write,
            self.write,
            self.write,
        ]
        acts += [self.rename, self.move, self.trash, self.restore, self.nest, self.set_value]
        self.chance.choice(acts)()
        self.fake.tick(self.chance.choice([1, 20, 20, 70, 400]))

    # What must be stored

    def expected(self) -> dict[str, str]:
        """The word in the text of each page and row that must be stored."""
        return {thing: word for thing, word in self.words.items() if self._is_in(thing)}

    def absent(self) -> set[str]:
        """Words that must be nowhere."""
        out = [thing for thing in self.words if not self._is_in(thing)]
        return self.gone | {self.words[thing] for thing in out} | {self.titles[thing] for thing in out}

    def settle(self) -> None:
        """Nobody has done anything for longer than a search lags."""
        self.fake.tick(3 * 3600)

    def _is_in(self, thing_id: str) -> bool:
        thing = self.space[thing_id]
        if not self.space.alive(thing):
            return False
        above = [each.id for each in thing.above()]
        if self.way == ROWS:
            return bool(above) and above[0] in self.sources()
        return self.way == SHARED or self.home in above

    def sources(self) -> list[str]:
        return [source.id for database in self.databases for source in self.space[database].sources]

    # Acts

    def make_row(self) -> None:
        title, word = self._word(), self._word()
        self._made(self.space.create_row(self.chance.choice(self.sources()), title, f"says {word}."), title, word)
        self.fake.tick(61)  # so that a list which ends early goes on

    def make_page(self) -> None:
        title, word = self._word(), self._word()
        place = self.chance.choice([self.home, self.home, *self._there()])
        self._made(self.space.create_page(place, title, f"says {word}."), title, word)

    def nest(self) -> None:
        """A page within a toggle."""
        if place := self._any():
            (toggle,) = self.space.append(place, block("toggle", "more"))
            title, word = self._word(), self._word()
            self._made(self.space.create_page(toggle, title, f"says {word}."), title, word)

    def write(self) -> None:
        if page := self._any():
            self._say(page)

    def again(self) -> None:
        """At once, after somebody looked: the minute is the same."""
        if self.latest in self._there():
            self.fake.tick(1)
            self._say(self.latest)

    def rename(self) -> None:
        if page := self._any():
            self.gone.add(self.titles[page])
            self.titles[page] = self._word()
            self.space.rename(page, self.titles[page])

    def set_value(self) -> None:
        if page := self._any():
            self.space.archive(page, self.chance.random() < 0.5)

    def move(self) -> None:
        page = self._any()
        places = [*self.sources(), self.home, self.outside, *self._there()]
        place = self.chance.choice(places)
        if page and page != place and page not in [each.id for each in self.space[place].above()]:
            self.space.move(page, place)
            if self.way == ROWS:
                self.quiet.add(page)  # the list that it left says nothing of it

    def trash(self) -> None:
        page = self._any()
        if page and len(self._there()) > 12:
            self.space.trash(page)
            self._hush_row(page)

    def restore(self) -> None:
        thrown = sorted(page for page in self.words if self.space[page].trashed)
        if thrown:
            page = self.chance.choice(thrown)
            self.space.restore(page)
            self._hush_row(page)

    # Helpers

    def _hush_row(self, page: str) -> None:
        """Of a row that goes or comes nobody tells but its own time; of a page also the one above."""
        if not self.space.trash_stamps and self.space[page].parent.id in self.sources():
            self.quiet |= {page, *(each.id for each in self.space.within(self.space[page]))}

    def _say(self, page: str) -> None:
        """Another first paragraph; what else is on the page stays."""
        self.gone.add(self.words[page])
        self.words[page] = self._word()
        self.latest = page
        first = next(each for each in self.space[page].children if each.kind == "paragraph")
        self.space.edit_block(first.id, f"says {self.words[page]}.")

    def _made(self, page: str, title: str, word: str) -> None:
        self.titles[page], self.words[page] = title, word

    def _there(self) -> list[str]:
        return sorted(page for page in self.words if self.space.alive(self.space[page]))

    def _any(self) -> str:
        there = self._there()
        return self.chance.choice(there) if there else ""

    def _word(self) -> str:
        self.number += 1
        return f"word{self.number}x"
