"""The stream of files of one repository: the tree of its default branch, and the blobs that are new in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Item, Named, Seen, Skipped
from ...core.errors import NotFound, ReadAgain, SourceError
from ...core.patterns import Patterns
from ...core.source import KnownItems
from ...extract.text import decode
from ...net.trouble import TooLarge
from .api import Api
from .repositories import Repository

MEGABYTE = 1_000_000
MOST_BYTES = 10 * MEGABYTE  # of a file that is read
BATCH_FILES, BATCH_BYTES = 100, 2 * MEGABYTE  # in one query
KNOWN_PAGE = 1000
CONFLICT = 409  # how GitHub says that a repository is empty
LFS_BYTES, LFS_FIRST = 1024, "version https://git-lfs.github.com/spec/v1"
TREE, LINK, SUBMODULE = "tree", "120000", "160000"
BLOB = "fragment B on Blob{isBinary isTruncated text}"
UNREADABLE = "\N{REPLACEMENT CHARACTER}"  # stands in a text where GitHub found no UTF-8
RAW = {"Accept": "application/vnd.github.raw+json"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the tree, a symbolic link, or another repository (a submodule)."""

    path: str
    mode: str
    sha: str
    size: int

    @classmethod
    def read(cls, raw: Mapping[str, Any], folder: str = "") -> Entry:
        return cls(folder + raw["path"], raw["mode"], raw["sha"], raw.get("size", 0))

    @property
    def reason(self) -> str:
        """Why it is not read; empty where it is."""
        if self.mode == SUBMODULE:
            return "another repository (submodule)"
        if self.mode == LINK:
            return "a symbolic link"
        return f"larger than {MOST_BYTES // MEGABYTE} MB" if self.size > MOST_BYTES else ""


class Code:
    """Reads the stream. A tree is compared with what is known, whatever happened to the history."""

    def __init__(self, api: Api, repository: Repository, patterns: Patterns) -> None:
        self._api = api
        self._repository = repository
        self._patterns = patterns
        repository.must_show("defaultBranchRef")

    def read(self, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The files that differ from what is known; where the cursor is None, all are named."""
        here = {"tree": self._repository.tree, "mark": self._repository.mark}
        if cursor != here:
            entries = {self._id(entry): entry for entry in self._list() if self._patterns.match(entry.path)}
            yield from self._compare(entries, known, whole=cursor is None)
        yield Checkpoint(here, complete=True)

    def fetch(self, refs: Sequence[str]) -> Iterator[Named]:
        """These files as they are now."""
        entries = {self._id(entry): entry for entry in self._list() if self._patterns.match(entry.path)}
        yield from (Deleted(ref) for ref in refs if ref not in entries)
        yield from self._read([entries[ref] for ref in refs if ref in entries])

    def _compare(self, entries: Mapping[str, Entry], known: KnownItems, *, whole: bool) -> Iterator[Named]:
        ids = sorted(entries)
        for first in range(0, len(ids), KNOWN_PAGE):
            page = ids[first : first + KNOWN_PAGE]
            before = {each.id for each in known.get(page).values() if each.version == self._version(entries[each.id])}
            if whole:
                yield from (Seen(each) for each in page if each in before)
            yield from self._read([entries[each] for each in page if each not in before])
        if not whole:
            yield from (Deleted(each.id) for each in known.items() if each.id not in entries)

    # The tree

    def _list(self) -> Iterator[Entry]:
        """Every file. GitHub cuts off trees that are too large: those are read folder by folder."""
        if self._repository.tree:
            yield from self._walk(self._repository.tree, "")
        else:
            self._must_be_empty()

    def _must_be_empty(self) -> None:
        """Who may not read the files may be told of no branch, as if nothing had ever been committed."""
        try:
            self._api.get(f"repos/{self._repository.full_name}/git/trees/HEAD")
        except NotFound as error:
            if error.status == CONFLICT:
                return
            raise
        raise ReadAgain(f"{self._repository.full_name} got its first files just now.")

    def _walk(self, tree: str, folder: str) -> Iterator[Entry]:
        answer = self._get(tree, recursive=True)
        if not answer["truncated"]:
            yield from (Entry.read(raw, folder) for raw in answer["tree"] if raw["type"] != TREE)
            return
        for raw in self._get(tree, recursive=False)["tree"]:
            if raw["type"] == TREE:
                yield from self._walk(raw["sha"], f"{folder}{raw['path']}/")
            else:
                yield Entry.read(raw, folder)

    def _get(self, tree: str, *, recursive: bool) -> Mapping[str, Any]:
        """Any value of `recursive` means that it is."""
        path = f"repos/{self._repository.full_name}/git/trees/{tree}"
        found: Mapping[str, Any] = self._api.get(path, {"recursive": 1 if recursive else None}).body
        return found

    # What the files hold

    def _read(self, entries: Sequence[Entry]) -> Iterator[Named]:
        batch: list[Entry] = []
        size = 0
        for entry in entries:
            if entry.reason:
                yield self._skipped(entry, entry.reason)
                continue
            if len(batch) == BATCH_FILES or (batch and size + entry.size > BATCH_BYTES):
                yield from self._read_batch(batch)
                batch, size = [], 0
            batch.append(entry)
            size += entry.size
        if batch:
            yield from self._read_batch(batch)

    def _read_batch(self, batch: Sequence[Entry]) -> Iterator[Named]:
        selections = [f'object(oid:"{entry.sha}"){{...B}}' for entry in batch]
        for entry, raw in zip(batch, self._api.in_repository(self._repository, selections, BLOB), strict=True):
            yield Failed(self._id(entry), raw.message) if isinstance(raw, SourceError) else self._told(entry, raw or {})

    def _told(self, entry: Entry, raw: Mapping[str, Any]) -> Named:
        if raw.get("isBinary"):
            return self._skipped(entry, "binary")
        text = raw.get("text")
        if text is None or raw["isTruncated"] or UNREADABLE in text:
            text = self._decoded(entry)
        if text is None:
            return self._skipped(entry, "binary")
        if entry.size < LFS_BYTES and text.startswith(LFS_FIRST):
            return self._skipped(entry, "kept by Git LFS, outside of the repository")
        return self._item(entry, text)

    def _decoded(self, entry: Entry) -> str | None:
        """What GraphQL cuts off or garbles, from the bytes themselves."""
        path = f"repos/{self._repository.full_name}/git/blobs/{entry.sha}"
        try:
            return decode(self._api.get(path, headers=RAW, raw=True).content)
        except (NotFound, TooLarge):
            return None

    def _skipped(self, entry: Entry, reason: str) -> Skipped:
        return Skipped(self._id(entry), reason, self._version(entry))

    def _item(self, entry: Entry, text: str) -> Item:
        repository = self._repository
        return Item(
            id=self._id(entry),
            kind="file",
            title=entry.path,
            content=text.replace("\0", UNREADABLE),
            url=f"{repository.url}/blob/HEAD/{quote(entry.path)}",
            version=self._version(entry),
            metadata={"repository": repository.full_name, "path": entry.path, "size": entry.size, "sha": entry.sha},
            acl=repository.acl,
        )

    def _id(self, entry: Entry) -> str:
        return f"{self._repository.id}/code/{entry.path}"

    def _version(self, entry: Entry) -> str:
        return f"{entry.mode}:{entry.sha}:{self._repository.mark}"
