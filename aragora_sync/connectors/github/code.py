"""The stream of files of one repository: the tree of its default branch, and the blobs that are new in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any
from urllib.parse import quote

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Item, Seen, Skipped
from ...core.errors import CursorExpired, NotFound
from ...core.patterns import Patterns
from ...core.source import Known, KnownItems
from ...extract.text import decode
from ...net.trouble import TooLarge
from .api import Api
from .repositories import Repository

MEGABYTE = 1_000_000
MOST_BYTES = 10 * MEGABYTE  # of a file that is read
BATCH_BLOBS, BATCH_BYTES = 100, 2 * MEGABYTE  # in one query
KNOWN_PAGE = 1000
LFS_BYTES, LFS_FIRST = 1024, "version https://git-lfs.github.com/spec/v1"
BLOB, TREE, COMMIT, LINK = "blob", "tree", "commit", "120000"
REPLACED = "�"  # stands in a text that GitHub could not read as UTF-8
RAW = {"Accept": "application/vnd.github.raw+json"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the tree, a symbolic link, or another repository (a submodule)."""

    path: str
    mode: str
    sha: str
    size: int

    @property
    def version(self) -> str:
        return f"{self.mode}:{self.sha}"

    @property
    def reason(self) -> str:
        """Why it is not read; empty where it is."""
        if self.mode == "160000":
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

    def read(self, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The files that differ from what is known; in a whole read every one."""
        repository = self._repository
        now = {"branch": repository.branch, "tree": repository.tree, "visibility": repository.visibility}
        if isinstance(cursor, dict) and cursor["visibility"] != repository.visibility:
            raise CursorExpired(f"{repository.full_name} is {repository.visibility} now")
        if cursor != now:
            entries = {self._id(entry): entry for entry in self._list() if self._patterns.match(entry.path)}
            yield from self._compare(entries, known, whole=cursor is None)
        yield Checkpoint(now, complete=True)

    def fetch(self, refs: Sequence[str]) -> Iterator[Change]:
        """These files as they are in the tree of now."""
        entries = {self._id(entry): entry for entry in self._list()}
        yield from (Deleted(ref) for ref in refs if ref not in entries)
        yield from self._get([entries[ref] for ref in refs if ref in entries])

    def _compare(self, entries: dict[str, Entry], known: KnownItems, *, whole: bool) -> Iterator[Change]:
        for page in batched(sorted(entries), KNOWN_PAGE):
            before = known.get(page)
            wanted = []
            for item_id in page:
                if _is_same(before.get(item_id), entries[item_id]):
                    if whole:
                        yield Seen(item_id)
                else:
                    wanted.append(entries[item_id])
            yield from self._get(wanted)
        if not whole:
            yield from (Deleted(each.id) for each in known.items() if each.id not in entries)

    # The tree

    def _list(self) -> Iterator[Entry]:
        """Every file below the root. GitHub cuts off trees that are too large: those are read folder by folder."""
        if self._repository.tree:
            yield from self._walk(self._repository.tree, "")

    def _walk(self, tree: str, folder: str) -> Iterator[Entry]:
        answer = self._tree(tree, recursive=True)
        if not answer["truncated"]:
            yield from (_entry(raw, folder) for raw in answer["tree"] if raw["type"] != TREE)
            return
        for raw in self._tree(tree, recursive=False)["tree"]:
            if raw["type"] == TREE:
                yield from self._walk(raw["sha"], f"{folder}{raw['path']}/")
            else:
                yield _entry(raw, folder)

    def _tree(self, tree: str, *, recursive: bool) -> dict[str, Any]:
        path = f"/repos/{self._repository.full_name}/git/trees/{tree}"
        found: dict[str, Any] = self._api.get(path, {"recursive": 1 if recursive else None}).body
        return found

    # Blobs

    def _get(self, entries: Sequence[Entry]) -> Iterator[Change]:
        batch: list[Entry] = []
        size = 0
        for entry in entries:
            if entry.reason:
                yield Skipped(self._id(entry), entry.reason, entry.version)
                continue
            if batch and (len(batch) == BATCH_BLOBS or size + entry.size > BATCH_BYTES):
                yield from self._get_batch(batch)
                batch, size = [], 0
            batch.append(entry)
            size += entry.size
        if batch:
            yield from self._get_batch(batch)

    def _get_batch(self, batch: Sequence[Entry]) -> Iterator[Change]:
        selections = [f'object(oid:"{entry.sha}"){{...B}}' for entry in batch]
        fragment = " fragment B on Blob{isBinary isTruncated text}"
        found = self._api.by_alias(self._repository.owner, self._repository.name, selections, fragment)
        for entry, raw in zip(batch, found, strict=True):
            yield self._told(entry, raw)

    def _told(self, entry: Entry, raw: dict[str, Any] | None) -> Change:
        if raw and raw["isBinary"]:
            return Skipped(self._id(entry), "binary", entry.version)
        text = (raw or {}).get("text")
        if text is None or (raw or {}).get("isTruncated") or REPLACED in text:
            text = self._raw_text(entry)
        if text is None:
            return Skipped(self._id(entry), "binary", entry.version)
        if entry.size < LFS_BYTES and text.startswith(LFS_FIRST):
            return Skipped(self._id(entry), "kept by Git LFS, beside the repository", entry.version)
        return self._item(entry, text)

    def _raw_text(self, entry: Entry) -> str | None:
        path = f"/repos/{self._repository.full_name}/git/blobs/{entry.sha}"
        try:
            return decode(self._api.get(path, headers=RAW, raw=True).content)
        except (NotFound, TooLarge):
            return None

    def _item(self, entry: Entry, text: str) -> Item:
        repository = self._repository
        return Item(
            id=self._id(entry),
            kind="file",
            title=entry.path,
            content=text.replace("\0", REPLACED),
            url=f"{repository.url}/blob/{quote(repository.branch)}/{quote(entry.path)}",
            version=entry.version,
            metadata={"repository": repository.id, "path": entry.path, "size": entry.size, "sha": entry.sha},
            acl=repository.acl,
        )

    def _id(self, entry: Entry) -> str:
        return f"{self._repository.id}/code/{entry.path}"


def _is_same(known: Known | None, entry: Entry) -> bool:
    return known is not None and known.version == entry.version


def _entry(raw: dict[str, Any], folder: str) -> Entry:
    return Entry(folder + raw["path"], raw["mode"], raw["sha"], raw.get("size", 0))
