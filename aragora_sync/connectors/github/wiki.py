"""The stream of pages of a repository's wiki, which is a repository of its own that only git can read."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import quote

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Item, Named, Seen, Skipped
from ...core.errors import NotFound
from ...core.source import KnownItems
from ...extract.text import decode
from .git import Blob, Git
from .repositories import Repository

MARKUP = frozenset(
    {
        *(".adoc", ".asc", ".asciidoc", ".creole", ".markdown", ".md", ".mdown", ".mediawiki", ".mkd", ".mkdn"),
        *(".org", ".pod", ".rdoc", ".rst", ".textile", ".wiki"),
    }
)
FRAME = frozenset({"_Footer", "_Sidebar"})  # what stands around every page


class Wiki:
    """Reads the stream. The files of the newest commit are compared with what is known."""

    def __init__(self, git: Git, address: str, repository: Repository) -> None:
        self._git = git
        self._address = address
        self._repository = repository

    def read(self, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The pages that differ from what is known; where the cursor is None, all are named."""
        if not self._repository.has_wiki:
            return
        try:
            commit = self._git.head(self._address)
        except NotFound:
            commit = ""  # no page was ever written
        here = {"commit": commit, "mark": self._repository.mark}
        if cursor != here and commit:
            yield from self._compare(known, whole=cursor is None)
        yield Checkpoint(here, complete=True)

    def fetch(self, refs: Sequence[str]) -> Iterator[Named]:
        """These pages as they are now."""
        with TemporaryDirectory(prefix="aragora-sync-") as folder:
            pages = self._pages(Path(folder))
            for ref in refs:
                yield self._told(pages[ref], Path(folder)) if ref in pages else Deleted(ref)

    def _compare(self, known: KnownItems, *, whole: bool) -> Iterator[Named]:
        with TemporaryDirectory(prefix="aragora-sync-") as folder:
            pages = self._pages(Path(folder))
            before = {each.id: each.version for each in known.items()}
            for page_id, blob in pages.items():
                if before.get(page_id) != self._version(blob):
                    yield self._told(blob, Path(folder))
                elif whole:
                    yield Seen(page_id)
            if not whole:
                yield from (Deleted(each) for each in before if each not in pages)

    def _pages(self, folder: Path) -> Mapping[str, Blob]:
        self._git.clone(self._address, folder)
        return {self._id(blob): blob for blob in self._git.files(folder, "HEAD") if _is_page(blob)}

    def _told(self, blob: Blob, folder: Path) -> Named:
        text = decode(self._git.content(folder, blob.sha))
        if text is None:
            return Skipped(self._id(blob), "binary", self._version(blob))
        repository, stem = self._repository, PurePosixPath(blob.path).stem
        return Item(
            id=self._id(blob),
            kind="wiki_page",
            title=stem.replace("-", " "),
            content=text.replace("\0", "\N{REPLACEMENT CHARACTER}"),
            url=f"{repository.url}/wiki/{quote(stem)}",
            version=self._version(blob),
            metadata={"repository": repository.full_name, "path": blob.path, "sha": blob.sha},
            acl=repository.acl,
        )

    def _id(self, blob: Blob) -> str:
        return f"{self._repository.id}/wiki/{blob.path}"

    def _version(self, blob: Blob) -> str:
        return f"{blob.sha}:{self._repository.mark}"


def as_git_asks(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The credential of the API, as git sends it: a password of the user that GitHub has for tokens."""
    token = headers["Authorization"].partition(" ")[2]
    return {"Authorization": "Basic " + b64encode(f"x-access-token:{token}".encode()).decode()}


def _is_page(blob: Blob) -> bool:
    path = PurePosixPath(blob.path)
    return path.suffix.lower() in MARKUP and path.stem not in FRAME and blob.mode.startswith("100")
