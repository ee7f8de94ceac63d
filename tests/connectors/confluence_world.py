"""A site that is synced, as the tests of `confluence` edit it: by hand, or at random."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from ..fakes.confluence import FakeConfluence
from ..fakes.confluence_model import Content

WORD = re.compile(r"word\d+x")
FIRST_PAGES = 8


class Shown(NamedTuple):
    """What an item must look like, as far as the tests look."""

    space: str
    parent: str
    title: str
    words: tuple[str, ...]


class ConfluenceWorld:
    """One space of the fake, as the contract suite edits it: each thing is a page there, a post, or a file."""

    def __init__(self, fake: FakeConfluence, *, kind: str = "page", comments: bool = False) -> None:
        self.fake = fake
        fake.begin_anew()
        self.site = fake.site
        self.space = self.site.create_space("ENG")
        self.kind, self.comments = kind, comments
        self.shelf = self.site.create(self.space, "Files", "<p>a shelf</p>") if kind == "attachment" else ""

    def add(self, name: str, text: str) -> str:
        if self.kind == "attachment":
            return self.site.attach(self.shelf, f"{name}.txt", text.encode())
        page = self.site.create(self.space, name, f"<p>{text}</p>", kind=self.kind)
        if self.comments:
            self.site.reply(self.site.comment(page, f"<p>said of {name}</p>"), "<p>answered</p>")
        return page

    def edit(self, item_id: str, text: str) -> None:
        if self.kind == "attachment":
            self.site.replace(item_id, text.encode())
        else:
            self.site.edit(item_id, f"<p>{text}</p>")

    def remove(self, item_id: str) -> None:
        self.site.trash(item_id)

    def fail(self, item_id: str) -> None:
        self.fake.quirks.poisonous.add(item_id)

    def mend(self, item_id: str) -> None:
        self.fake.quirks.poisonous.discard(item_id)


class Editor:
    """Random acts of every kind. Each text holds a word of its own, by which it is found, or found to be gone.

    `quiet` are items to which something happened that no list of changes tells of: moves, restrictions, what became of
    comments and files that are no longer there.
    """

    def __init__(
        self,
        fake: FakeConfluence,
        chance: random.Random,
        *,
        include: Collection[str],
        exclude: Collection[str],
        archived: bool,
    ) -> None:
        self.fake, self.site, self.chance, self.archived = fake, fake.site, chance, archived
        self.include, self.exclude = set(include), set(exclude)
        self.quiet: set[str] = set()
        self.number = 0
        self.spaces = [self.site.create_space(key) for key in ("ENG", "OPS")]
        for _ in range(FIRST_PAGES):
            self.create()
        for _ in range(2 * FIRST_PAGES):
            self.act()

    def act(self) -> None:
        """One act."""
        acts: list[Callable[[], None]] = [self.create, self.create, self.edit, self.edit, self.rename, self.move]
        acts += [self.label, self.label, self.unlabel, self.restrict, self.trash, self.restore, self.archive]
        acts += [self.comment, self.comment, self.reply, self.edit_comment, self.delete_comment, self.resolve]
        acts += [self.attach, self.replace, self.remove_file, self.pass_time, self.lose_space, self.close_space]
        acts += [] if self.fake.data_center else [self.purge]
        self.chance.choice(acts)()

    def expected(self) -> dict[str, Shown]:
        """All that the store must hold."""
        pages = {page.id: self._page_shown(page) for page in self.site.contents.values() if self._is_in(page)}
        files = [one for one in self.site.contents.values() if one.type == "attachment" and one.container in pages]
        return pages | {
            file.id: Shown(file.space, file.container, file.title, _words(file.version.content.decode()))
            for file in files
            if file.status == "current"
        }

    def settle(self) -> None:
        """All permissions are there again, and nobody has done anything for a while."""
        for space in self.spaces:
            self.site.give_back(space)
        for one in [*self.site.contents.values(), *self.site.graves.values()]:
            one.readers = set()
        self.fake.quirks.poisonous.clear()
        self.fake.tick(2 * 3600)

    # Pages

    def create(self) -> None:
        space, kind = self.chance.choice(self.spaces), self.chance.choice(["page", "page", "blogpost"])
        above = [one.id for one in self._pages("page") if one.space == space and one.status == "current"]
        parent = self.chance.choice(["", *above]) if kind == "page" else ""
        page = self.site.create(space, f"Title {self._word()}", self._text(), parent=parent, kind=kind)
        if self.chance.random() < 0.5:
            self.site.label(page, "public")

    def edit(self) -> None:
        if page := self._any_page():
            self.site.edit(page.id, self._text(), minor=self.chance.random() < 0.3)

    def rename(self) -> None:
        if page := self._any_page():
            self.site.rename(page.id, f"Title {self._word()}")

    def move(self) -> None:
        page, target = self._any_page("page"), self._any_page("page")
        if page is None or target is None or target.id in (page.id, *self.site.below(page.id)):
            return
        self._hush_tree(page)
        self.site.move(page.id, parent=target.id)

    def label(self) -> None:
        if page := self._any_page():
            self.site.label(page.id, self.chance.choice(["public", "draft", "other"]))

    def unlabel(self) -> None:
        if page := self._any_page():
            self.site.unlabel(page.id, self.chance.choice(["public", "draft"]))

    def restrict(self) -> None:
        if page := self._any_page():
            self._hush_tree(page)
            (self.site.unrestrict if page.readers else self.site.restrict)(page.id)

    def trash(self) -> None:
        page = self._any_page()
        if page is not None and len(self._pages()) > FIRST_PAGES:
            self._hush(*(one.id for one in self.site.children(page.id)))
            self.site.trash(page.id)

    def restore(self) -> None:
        if trashed := self._pages(status="trashed"):
            self.site.restore(self.chance.choice(trashed).id)

    def purge(self) -> None:
        trashed = self._pages(status="trashed")
        if trashed:
            page = self.chance.choice(trashed)
            self._hush(page.id, *self._files(page.id), *(one.id for one in self.site.children(page.id)))
            self.site.purge(page.id)

    def archive(self) -> None:
        if page := self._any_page("page"):
            self.site.archive(page.id)
        archived = self._pages("page", status="archived")
        if archived and self.chance.random() < 0.7:
            self.site.unarchive(self.chance.choice(archived).id)

    # What hangs under them

    def comment(self) -> None:
        if page := self._any_page():
            self.site.comment(page.id, self._text(), on=self.chance.choice(["", "some words"]))

    def reply(self) -> None:
        if comment := self._any_comment():
            self.site.reply(comment.id, self._text())

    def edit_comment(self) -> None:
        if comment := self._any_comment():
            self.site.edit_comment(comment.id, self._text())

    def delete_comment(self) -> None:
        if comment := self._any_comment():
            self._hush(comment.container)
            self.site.delete_comment(comment.id)

    def resolve(self) -> None:
        comment = self._any_comment()
        if comment is not None and comment.inline:
            self._hush(comment.container)
            self.site.resolve(comment.id, self.chance.choice(["resolved", "reopened"]))

    def attach(self) -> None:
        if page := self._any_page():
            self.site.attach(page.id, f"{self._word()}.txt", self._text().encode())

    def replace(self) -> None:
        if file := self._any_file():
            self.site.replace(file, self._text().encode())

    def remove_file(self) -> None:
        if file := self._any_file():
            self._hush(file)
            (self.site.trash if self.chance.random() < 0.5 else self.site.purge)(file)

    # The rest of the world

    def pass_time(self) -> None:
        self.fake.tick(self.chance.randrange(3 * 3600))

    def lose_space(self) -> None:
        space = self.chance.choice(self.spaces)
        (self.site.take_away if self.chance.random() < 0.3 else self.site.give_back)(space)

    def close_space(self) -> None:
        space = self.chance.choice(self.spaces)
        (self.site.archive_space if self.chance.random() < 0.2 else self.site.restore_space)(space)

    # Helpers

    def _is_in(self, page: Content) -> bool:
        wanted = not self.include or self.include & set(page.labels)
        is_old = page.status == "archived" and self.archived and not self.fake.data_center
        in_place = self.archived or self.site.spaces[page.space].status == "current"
        return (
            page.type in ("page", "blogpost")
            and (page.status == "current" or is_old)
            and in_place
            and bool(wanted)
            and not self.exclude & set(page.labels)
            and self.fake.sees(page)
        )

    def _page_shown(self, page: Content) -> Shown:
        said = [comment.body for comment in self.site.on(page.id, "comment")]
        return Shown(page.space, page.parent, page.title, _words(" ".join([page.body, *said])))

    def _pages(self, *kinds: str, status: str = "current") -> list[Content]:
        wanted = kinds or ("page", "blogpost")
        return [one for one in self.site.contents.values() if one.type in wanted and one.status == status]

    def _any_page(self, *kinds: str) -> Content | None:
        pages = self._pages(*kinds)
        return self.chance.choice(pages) if pages else None

    def _any_comment(self) -> Content | None:
        open_pages = {page.id for page in self._pages()}
        found = [one for one in self.site.contents.values() if one.type == "comment" and one.container in open_pages]
        return self.chance.choice(found) if found else None

    def _any_file(self) -> str:
        files = [file for page in self._pages() for file in self._files(page.id)]
        return self.chance.choice(files) if files else ""

    def _files(self, page: str) -> list[str]:
        return [one.id for one in self.site.on(page, "attachment") if one.status == "current"]

    def _hush(self, *ids: str) -> None:
        self.quiet.update(ids)

    def _hush_tree(self, page: Content) -> None:
        for each in [page.id, *self.site.below(page.id)]:
            self._hush(each, *self._files(each))

    def _text(self) -> str:
        return f"<p>says {self._word()}.</p>"

    def _word(self) -> str:
        self.number += 1
        return f"word{self.number}x"


def _words(text: str) -> tuple[str, ...]:
    return tuple(sorted(WORD.findall(text)))


def shown_of(entry: Any) -> Shown:
    """The same of what the store holds."""
    return Shown(entry.stream, entry.parent, entry.title, _words(entry.content or ""))
