"""The real program on a site, killed at random moments: afterwards one run makes store and site equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..connectors.confluence_desk import options_for
from ..fakes.confluence import FakeConfluence
from ..fakes.web import running
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

SPACES, PAGES = 3, 40
PAGE = 15  # so that a space has several
SPAN = {"earliest": 0.4, "latest": 1.4}  # seconds


class SiteDesk(KillDesk):
    """Spaces that are edited, in ways of which the lists of changes tell."""

    names_all = False

    def __init__(self, folder: Path, seed: int, fake: FakeConfluence) -> None:
        super().__init__(folder, seed)
        self.fake, self.site = fake, fake.site
        fake.quirks.short_pages = PAGE
        self.spaces = [self.site.create_space(f"SPACE{number}") for number in range(SPACES)]
        for space in self.spaces:
            for _ in range(self.some(PAGES)):
                self.add(space)

    def connector(self) -> dict[str, Any]:
        return {"type": "confluence", **options_for(self.fake)}

    def add(self, space: str) -> None:
        page = self.site.create(space, "Page", f"<p>text {self.random.random()}</p>")
        if self.random.random() < 0.3:
            self.site.comment(page, f"<p>comment {self.random.random()}</p>")
        if self.random.random() < 0.2:
            self.site.attach(page, "notes.txt", f"inside {self.random.random()}".encode())

    def edit(self) -> None:
        self.fake.tick(3600)
        for space in self.spaces:
            pages = [page for page in self._pages() if self.site.contents[page].space == space]
            for page in self.random.sample(pages, len(pages) // 5):
                act = self.random.randrange(6)
                if act in (0, 1):
                    self.site.edit(page, f"<p>edited {self.random.random()}</p>")
                elif act == 2:
                    self.site.comment(page, f"<p>late {self.random.random()}</p>")
                elif act == 3:
                    self.site.trash(page)
                else:
                    self.add(space)
        self.fake.tick(3600)

    def _pages(self) -> list[str]:
        return [one.id for one in self.site.contents.values() if one.type == "page" and one.status == "current"]

    def source(self) -> dict[str, str]:
        found = {}
        for page in self._pages():
            found[page] = self._text(page)
            found |= {file.id: file.version.content.decode() for file in self.site.on(page, "attachment")}
        return found

    def _text(self, page: str) -> str:
        parts = [_plain(self.site.contents[page].body)]
        comments = self.site.on(page, "comment")
        parts += ["## Comments"] if comments else []
        parts += [f"**Bob**, {one.updated_at:%Y-%m-%d %H:%M}:\n\n{_plain(one.body)}" for one in comments]
        return "\n\n".join(parts)


def _plain(body: str) -> str:
    return body.removeprefix("<p>").removesuffix("</p>")


@pytest.fixture
def fake() -> Iterator[FakeConfluence]:
    with running(FakeConfluence()) as site:
        yield site


@pytest.mark.parametrize("seed", range(FEW))
def test_killed_runs_lose_and_double_no_page(tmp_path, fake, seed):
    SiteDesk(tmp_path, seed, fake).kill_and_compare(1, **SPAN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_no_page(tmp_path, fake, seed):
    SiteDesk(tmp_path, seed, fake).kill_and_compare(share_of(soak_size(12, 200)), **SPAN)
