"""The fake Confluence after a hundred random acts: both front ends and the search show what is there, and no more."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from ..fakes.confluence import FakeConfluence
from ..fakes.confluence_site import Site
from .confluence_reader import DC, V1, V2, reader_of


class Life:
    """Acts on a site by chance."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.chance = site, random.Random(seed)
        self.spaces = [site.create_space(key, homepage=True) for key in ("ENG", "OPS", "~712020abc")]

    def live(self, acts: int) -> None:
        every: list[Callable[[], Any]] = [self.create, self.create, self.edit, self.move, self.end, self.come_back]
        every += [self.comment, self.file, self.label, self.hide, self.space]
        for _ in range(acts):
            self.chance.choice(every)()

    def one(self, *kinds: str) -> str:
        return self.chance.choice([one.id for one in self.site.contents.values() if one.type in (kinds or ("page",))])

    def create(self) -> None:
        kind = self.chance.choice(["page", "page", "page", "folder", "blogpost"])
        parent = "" if kind == "blogpost" or self.chance.random() < 0.3 else self.one("page", "folder")
        space = self.site.contents[parent].space if parent else self.chance.choice(self.spaces)
        self.site.create(space, f"Title {self.chance.random()}", parent=parent, kind=kind)

    def edit(self) -> None:
        self.chance.choice([self.site.edit, self.site.rename])(self.one("page", "blogpost"), "new")

    def move(self) -> None:
        page, parent = self.one(), self.one("page", "folder")
        if parent not in (page, *self.site.below(page)):
            self.site.move(page, parent=parent)

    def end(self) -> None:
        page, below = self.one(), self.chance.random() < 0.2
        if self.chance.random() < 0.2:
            self.site.purge(page)
        else:
            self.chance.choice([self.site.trash, self.site.archive])(page, below=below)

    def come_back(self) -> None:
        self.chance.choice([self.site.restore, self.site.unarchive])(self.one())

    def comment(self) -> None:
        said = self.site.comment(self.one("page", "blogpost"), "<p>x</p>", on=self.chance.choice(["", "words"]))
        answer = self.site.reply(said, "<p>y</p>")
        if self.chance.random() < 0.3:
            self.site.delete_comment(self.chance.choice([said, answer]))

    def file(self) -> None:
        file = self.site.attach(self.one("page", "blogpost"), "x.txt", b"x")
        if self.chance.random() < 0.3:
            self.chance.choice([self.site.trash, self.site.purge])(file)

    def label(self) -> None:
        self.chance.choice([self.site.label, self.site.unlabel])(self.one(), "draft")

    def hide(self) -> None:
        self.chance.choice([self.site.restrict, self.site.unrestrict])(self.one())

    def space(self) -> None:
        acts = [self.site.archive_space, self.site.restore_space, self.site.take_away, self.site.give_back]
        self.chance.choice(acts)(self.chance.choice(self.spaces))


def there(fake: FakeConfluence, kind: str, *statuses: str) -> list[str]:
    """What the reader should see."""
    return sorted(one.id for one in fake.visible(kind) if one.status in statuses)


@pytest.mark.parametrize("seed", range(5))
def test_cloud_shows_what_is_there(cloud, reader, seed):
    Life(cloud.site, seed).live(100)
    cloud.quirks.short_pages = 7
    pages = reader.all_ids(f"{V2}/pages", sort="-modified-date", status="current", body_format="storage")
    by_space = [
        each for space in reader.get(f"{V2}/spaces").ids for each in reader.all_ids(f"{V2}/spaces/{space}/pages")
    ]
    comments = reader.all_ids(f"{V2}/footer-comments") + reader.all_ids(f"{V2}/inline-comments")
    opened = {
        one.id for kind in ("page", "blogpost") for one in cloud.visible(kind) if one.status in ("current", "archived")
    }

    assert sorted(pages) == there(cloud, "page", "current")
    assert sorted(by_space) == there(cloud, "page", "current", "archived")
    assert sorted(reader.all_ids(f"{V2}/pages", status="trashed")) == there(cloud, "page", "trashed")
    assert sorted(comments) == sorted(one.id for one in cloud.visible("comment") if one.container in opened)
    files = [one for one in cloud.visible("attachment") if one.container in opened and one.status == "current"]
    assert sorted(reader.all_ids(f"{V2}/attachments")) == sorted(one.id for one in files)


@pytest.mark.parametrize("seed", range(5))
def test_data_center_and_the_search_show_the_same_site(cloud, data_center, reader, seed):
    Life(cloud.site, seed).live(100)
    data_center.site = cloud.site
    center = reader_of(data_center)
    spaces = {space.id for space in cloud.site.spaces.values() if space.status == "current"}
    searched = [each for each in there(cloud, "page", "current") if cloud.site.contents[each].space in spaces]

    assert sorted(center.all_ids(f"{DC}/content", limit=9)) == there(cloud, "page", "current")
    assert sorted(center.all_ids(f"{DC}/content", status="trashed", limit=9)) == there(cloud, "page", "trashed")
    assert sorted(center.all_ids(f"{DC}/content/search", cql="type = page", limit=9)) == searched
    expand = "body.storage,version,ancestors,space,history.lastUpdated,metadata.labels"
    assert sorted(reader.all_ids(f"{V1}/content/search", cql="type = page", limit=9, expand=expand)) == there(
        cloud, "page", "current"
    )


def test_moments_are_told_to_the_millisecond_and_rise(cloud, reader, eng):
    pages = [cloud.site.create(eng, f"Page {number}") for number in range(20)]
    told = [raw["version"]["createdAt"] for raw in reader.get(f"{V2}/pages", sort="created-date").rows]

    assert len(set(told)) == len(pages)
    assert told == sorted(told)
    assert any(not moment.endswith(".000Z") for moment in told)
    assert max(told) <= cloud.now.isoformat(timespec="milliseconds")
