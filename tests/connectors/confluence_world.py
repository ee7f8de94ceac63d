"""A site that is synced, as the tests of `confluence` edit it: by hand, or at random."""

from __future__ import annotations

from ..fakes.confluence import FakeConfluence


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
