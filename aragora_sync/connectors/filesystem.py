"""Files of a folder, as text."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ..connector import Connector
from ..core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Item, Named, Seen, Skipped
from ..core.errors import SourceError
from ..core.options import option
from ..core.patterns import Patterns
from ..core.source import Check, Known, KnownItems, Stream
from ..extract.text import HEAD_BYTES, decode, looks_binary

FILES = "files"
READ_TIMES = 3  # a file that changes while it is read is read again so often
FRESH_NS = 3_000_000_000  # an edit so soon after another one may leave the same times behind
MEGABYTE = 1_000_000

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # a pipe must not make us wait


class FilesystemConnector(Connector):
    """Reads a folder and all below it in order of id, beside what is known: an unchanged file is not opened.

    Descriptors lead from folder to folder, so that a link put in the place of a folder leads nowhere.
    """

    type = "filesystem"
    title = "Files of a folder"

    root: Path = option(help="The folder to read, with all folders below it.", example="docs", identity=True)
    include_patterns: list[str] = option(
        [], help="Only files that match one of these gitignore patterns.", example=["*.md", "*.txt"]
    )
    exclude_patterns: list[str] = option(
        [],
        help="No file or folder that matches one of these gitignore patterns.",
        example=["node_modules/", "*.min.js"],
    )
    max_file_size_mb: float = option(50, help="Files above so many megabytes are skipped.", at_least=0)
    follow_symlinks: bool = option(False, help="Follow symbolic links, but never out of the root.")

    def open(self) -> None:
        """Reads the patterns once."""
        self._patterns = Patterns(self.include_patterns, self.exclude_patterns)

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """The one stream of all files."""
        yield Stream(FILES, str(self.root))

    def check(self) -> Iterator[Check]:
        """Whether the root can be read."""
        self.open()
        try:
            self._open_root().close()
        except SourceError as error:
            yield Check("root", False, error.message, error.hint)
        else:
            yield Check("root", True, f"{self.root} can be read")

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """Every file, named: a folder tells nothing of the order of its changes, so each read is a whole one."""
        ahead = _Ahead(known.items())
        stack = [self._open_root()]
        try:
            self._refuse_emptiness(stack[0], ahead)
            while stack:
                entry = next(stack[-1].entries, None)
                if entry is None:
                    stack.pop().close()
                elif not entry.is_folder:
                    if (change := self._read_entry(stack[-1], entry, ahead.at(entry.id))) is not None:
                        yield change
                elif isinstance(below := self._enter(stack[-1], entry), _Folder):
                    stack.append(below)
                elif below is not None:
                    yield below
                    yield from (Seen(each.id) for each in ahead.below(entry.id))
        finally:
            for folder in stack:
                folder.close()
        yield Checkpoint(None, complete=True)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The files of these ids; a folder that could not be listed is left to the next read, which lists all."""
        for ref in refs:
            yield Failed(ref, "this folder is listed again by the next run") if ref.endswith("/") else self._fetch(ref)

    def _fetch(self, ref: str) -> Named:
        *folders, name = (_name_of(part) for part in ref.split("/"))
        if any(step in ("", ".", "..") or "/" in step or "\0" in step for step in (*folders, name)):
            return Deleted(ref)  # no file has such a name
        folder = self._open_root()
        try:
            for step in folders:
                entry = self._entry_at(folder, step)
                below = self._enter(folder, entry) if entry is not None and entry.is_folder else None
                if not isinstance(below, _Folder):
                    return Deleted(ref) if below is None else Failed(ref, below.error)
                folder.close()
                folder = below
            found = self._entry_at(folder, name)
            change = None if found is None or found.is_folder else self._read_entry(folder, found, None)
            return change or Deleted(ref)
        finally:
            folder.close()

    # Folders

    def _open_root(self) -> _Folder:
        try:
            real = os.path.realpath(self.root)
            return self._list(os.open(real, _FOLDER_FLAGS), "", (real,))
        except OSError as error:
            raise SourceError(
                f"the root {self.root} cannot be read: {_reason(error)}.",
                hint="mount it, or correct the option 'root'; nothing was deleted",
            ) from error

    def _refuse_emptiness(self, root: _Folder, ahead: _Ahead) -> None:
        """An empty root that was not empty before is more likely a disk that is not mounted."""
        if root.empty and ahead.any():
            raise SourceError(
                f"the root {self.root} is empty, but was not before; nothing was deleted.",
                hint=f"mount it; if it was emptied on purpose: aragora-sync reset {self.connector_id} "
                f"--tenant {self.tenant_id} --purge",
            )

    def _enter(self, above: _Folder, entry: _Entry) -> _Folder | Failed | None:
        """The folder, opened; or what is in its way; or None where it vanished in the meantime."""
        try:
            if entry.target:
                descriptor = os.open(entry.target, _FOLDER_FLAGS | os.O_NOFOLLOW)
            else:
                descriptor = os.open(entry.name, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=above.descriptor)
            real = entry.target or os.path.join(above.chain[-1], entry.name)  # noqa: PTH118 - names may be no text
            return self._list(descriptor, entry.id, (*above.chain, real) if self.follow_symlinks else (real,))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return Failed(entry.id, _reason(error))

    def _list(self, descriptor: int, path: str, chain: tuple[str, ...]) -> _Folder:
        folder = _Folder(descriptor, path, chain)
        try:
            with os.scandir(descriptor) as listing:
                listed = [
                    self._entry(folder, each.name, each.is_dir(follow_symlinks=False), each.is_symlink())
                    for each in listing
                ]
            folder.empty = not listed
            folder.entries = iter(sorted(entry for entry in listed if self._is_in(entry)))
        except BaseException:
            folder.close()
            raise
        return folder

    def _entry_at(self, folder: _Folder, name: str) -> _Entry | None:
        try:
            mode = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False).st_mode
        except OSError:
            return None
        entry = self._entry(folder, name, stat.S_ISDIR(mode), stat.S_ISLNK(mode))
        return entry if self._is_in(entry) else None

    def _entry(self, folder: _Folder, name: str, is_folder: bool, is_link: bool) -> _Entry:
        target = self._target(folder, name) if is_link and self.follow_symlinks else ""
        if target and target not in folder.chain:
            is_folder = os.path.isdir(target)  # noqa: PTH112 - names may be no text
        return _Entry(f"{folder.path}{_id_of(name)}{'/' if is_folder else ''}", name, is_folder, target)

    def _target(self, folder: _Folder, name: str) -> str:
        """Where a link leads, if that is inside of the root; empty otherwise."""
        root = folder.chain[0]
        target = os.path.realpath(os.path.join(folder.chain[-1], name))  # noqa: PTH118 - names may be no text
        return target if target == root or target.startswith(f"{root.rstrip('/')}/") else ""

    def _is_in(self, entry: _Entry) -> bool:
        if self._patterns.everything:
            return True
        path = _path_of(entry.id)
        return self._patterns.may_hold(path) if entry.is_folder else self._patterns.match(path)

    # Files

    def _read_entry(self, folder: _Folder, entry: _Entry, known: Known | None) -> Named | None:
        """What is to be said of a file; None where it vanished in the meantime."""
        where = None if entry.target else folder.descriptor
        path = entry.target or entry.name
        try:
            status = os.stat(path, dir_fd=where, follow_symlinks=False)
            version = _version(status)
            if known is not None and known.version == version:
                return Seen(entry.id)
            if (reason := self._unreadable(status, entry)) is not None:
                return Skipped(entry.id, reason, version)
            return self._read_file(entry, path, where)
        except FileNotFoundError:
            return Skipped(entry.id, "a symbolic link to nothing") if entry.target else None
        except OSError as error:
            return Failed(entry.id, _reason(error))

    def _unreadable(self, status: os.stat_result, entry: _Entry) -> str | None:
        if stat.S_ISLNK(status.st_mode):
            return "a symbolic link out of the root" if self.follow_symlinks else "a symbolic link"
        if stat.S_ISDIR(status.st_mode):
            return "a symbolic link to a folder above it" if entry.target else "a folder took its place"
        if not stat.S_ISREG(status.st_mode):
            return "neither a file nor a folder"
        if status.st_size > self.max_file_size_mb * MEGABYTE:
            return f"larger than {self.max_file_size_mb:g} MB"
        return None

    def _read_file(self, entry: _Entry, path: str, where: int | None) -> Named:
        for _ in range(READ_TIMES):
            descriptor = os.open(path, _FILE_FLAGS | os.O_NOFOLLOW, dir_fd=where)
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                before = os.fstat(descriptor)
                if (reason := self._unreadable(before, entry)) is not None:
                    return Skipped(entry.id, reason, _version(before))
                content = file.read(HEAD_BYTES)
                if looks_binary(content):
                    return Skipped(entry.id, "binary", _settled_version(before))
                content += file.readall()
                if _version(os.fstat(descriptor)) == _version(before):
                    return self._item(entry, before, content)
        return Failed(entry.id, f"it changed while it was read, {READ_TIMES} times in a row")

    def _item(self, entry: _Entry, status: os.stat_result, content: bytes) -> Named:
        text = decode(content)
        version = _settled_version(status)
        if text is None:
            return Skipped(entry.id, "binary", version)
        path = os.fsencode(os.path.realpath(self.root)) + b"/" + os.fsencode(_path_of(entry.id))
        return Item(
            entry.id,
            "file",
            entry.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
            text,
            url=f"file://{quote_from_bytes(path)}",
            parent=entry.id.rpartition("/")[0],
            updated_at=_moment(status.st_mtime_ns),
            version=version,
            metadata={"size": status.st_size},
        )


class _Entry(NamedTuple):
    """One name of a folder. The id of a folder ends with "/", so that the order of ids is the order of the walk."""

    id: str
    name: str
    is_folder: bool
    target: str  # where a link leads that is followed


@dataclass(slots=True)
class _Folder:
    """A folder that is open, and what remains to be read of it."""

    descriptor: int
    path: str  # its id: empty for the root, else ending with "/"
    chain: tuple[str, ...]  # real paths: its own last; those above it where links are followed, against loops
    entries: Iterator[_Entry] = field(default_factory=lambda: iter(()))
    empty: bool = True

    def close(self) -> None:
        os.close(self.descriptor)


class _Ahead:
    """What is known, in order of id, advancing beside the walk."""

    def __init__(self, known: Iterator[Known]) -> None:
        self._known = known
        self._next = next(known, None)

    def any(self) -> bool:
        return self._next is not None

    def at(self, item_id: str) -> Known | None:
        """What is known of `item_id`; ids are asked in rising order."""
        while self._next is not None and self._next.id < item_id:
            self._next = next(self._known, None)
        return self._next if self._next is not None and self._next.id == item_id else None

    def below(self, prefix: str) -> Iterator[Known]:
        """All that is known whose id begins so."""
        self.at(prefix)
        while self._next is not None and self._next.id.startswith(prefix):
            yield self._next
            self._next = next(self._known, None)


def _id_of(name: str) -> str:
    """The name as valid text, from which it can be told again: "%" and bytes that are no UTF-8 become %XX."""
    if name.isascii() and "%" not in name:
        return name
    return "".join(
        f"%{ord(char) - 0xDC00:02X}" if "\udc80" <= char <= "\udcff" else char for char in name.replace("%", "%25")
    )


def _name_of(part: str) -> str:
    return os.fsdecode(unquote_to_bytes(part)) if "%" in part else part


def _path_of(item_id: str) -> str:
    return _name_of(item_id)


def _version(status: os.stat_result) -> str:
    """Size, both times and inode: an inode comes back after two replacements, the time of change does not."""
    return f"{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_ino}"


def _settled_version(status: os.stat_result) -> str:
    """The version, marked where the file changed just now: another edit might leave the same times behind."""
    fresh = time.time_ns() - status.st_ctime_ns < FRESH_NS
    return _version(status) + ("~" if fresh else "")


def _moment(nanoseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return None  # file systems keep years that calendars do not


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
