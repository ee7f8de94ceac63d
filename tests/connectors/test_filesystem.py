"""`filesystem` on the real file system: odd names, odd files, things that move while they are read."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from aragora_sync.connectors.filesystem import FilesystemConnector
from aragora_sync.core.changes import Deleted, Failed, Item
from aragora_sync.core.source import Stream
from aragora_sync.store.sqlite import SqliteStore

ROOT_USER = os.geteuid() == 0
LONG_AGO = time.time_ns() + 10**13  # a clock so far ahead that no file counts as fresh


class Shelf:
    """A folder, a store, and the connector between them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.folder = folder
        self.options: dict[str, object] = {}

    def connector(self) -> FilesystemConnector:
        where = {"store": self.folder / "store", "state_dir": self.folder / "state"}
        return FilesystemConnector(root=self.root, connector_id="files", **where, **self.options)

    def sync(self):
        return self.connector().sync()

    def store(self) -> SqliteStore:
        return SqliteStore(self.folder / "store" / "default.db")

    def items(self) -> dict[str, str]:
        store = self.store()
        try:
            return {entry.id: entry.content for entry in store.snapshot()}
        finally:
            store.close()

    def said(self) -> list[object]:
        """What one read says, with nothing known."""
        connector = self.connector()
        connector.open()
        return list(connector.read(Stream("files"), None, Nothing()))

    def named(self, item_id: str) -> object:
        return next(change for change in self.said() if getattr(change, "id", None) == item_id)

    def fetch(self, *refs: str) -> list[object]:
        connector = self.connector()
        connector.open()
        return list(connector.fetch(Stream("files"), refs, Nothing()))


class Nothing:
    """A store that knows nothing."""

    def items(self, kind=None, after="") -> Iterator[object]:
        return iter(())

    def get(self, ids, details=False):
        return {}


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def settled(monkeypatch):
    """Files that were written just now count as written long ago."""
    monkeypatch.setattr("aragora_sync.connectors.filesystem.time.time_ns", lambda: LONG_AGO)


def test_order_of_the_walk_is_byte_order_of_ids(shelf):
    for name in ("a", "a-b", "a.txt", "a0", "aé", "a\U0001f600", "b/c", "b-c", "b.c", "b0"):
        path = shelf.root / ("d" if name == "a" else name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    (shelf.root / "a").mkdir()
    (shelf.root / "a" / "z").write_text("z")

    ids = [change.id for change in shelf.said() if isinstance(change, Item)]

    assert ids == sorted(ids, key=str.encode)
    assert len(ids) == 11


def test_unchanged_file_is_not_opened(shelf, settled, monkeypatch):
    (shelf.root / "note.md").write_text("one")
    shelf.sync()
    monkeypatch.setattr(FilesystemConnector, "_read_file", None)

    assert shelf.sync().counts.unchanged == 1


def test_file_edited_just_before_it_was_read_is_read_again(shelf):
    (shelf.root / "note.md").write_text("one")
    shelf.sync()
    store = shelf.store()
    (known,) = store.known("files", "files").items()
    store.close()

    assert known.version.endswith("~")
    assert shelf.sync().counts.unchanged == 1


@pytest.mark.parametrize("change", ["size", "mtime", "replaced", "same size and time"])
def test_every_kind_of_edit_is_seen(shelf, settled, change):
    note = shelf.root / "note.md"
    note.write_text("one")
    before = note.stat()
    shelf.sync()
    if change == "size":
        note.write_text("longer")
    elif change == "mtime":
        os.utime(note, ns=(1, 1))
    else:
        other = shelf.root / "other"
        other.write_text("two")
        os.replace(other, note)
        if change == "same size and time":
            os.utime(note, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert shelf.sync().counts.updated == 1


def test_name_that_is_no_text_has_a_text_id_and_comes_back(shelf):
    path = os.fsencode(shelf.root) + b"/caf\xe9 100%.txt"
    try:
        with open(path, "w") as file:
            file.write("latin name")
    except OSError:
        pytest.skip("this file system takes only names that are text")
    (item,) = [change for change in shelf.said() if isinstance(change, Item)]

    assert item.id == "caf%E9 100%25.txt"
    assert item.title == "caf� 100%.txt"
    assert [type(answer) for answer in shelf.fetch(item.id)] == [Item]


def test_twins_in_composed_and_decomposed_form_are_two_items(shelf):
    for form in ("NFC", "NFD"):
        (shelf.root / unicodedata.normalize(form, "café")).write_text(form)
    if len(os.listdir(shelf.root)) == 1:
        pytest.skip("this file system takes them for one")
    shelf.sync()

    assert sorted(shelf.items().values()) == ["NFC", "NFD"]


def test_pipe_socket_and_device_are_skipped_and_never_opened(shelf):
    os.mkfifo(shelf.root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(shelf.root)  # the path of a socket is short
        server.bind("socket")
        os.chdir(here)

        assert shelf.named("pipe").reason == "neither a file nor a folder"
        assert shelf.named("socket").reason == "neither a file nor a folder"


@pytest.mark.skipif(not ROOT_USER, reason="only root makes devices")
def test_device_is_skipped(shelf):
    try:
        os.mknod(shelf.root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except OSError:
        pytest.skip("no devices can be made here")

    assert shelf.named("null").reason == "neither a file nor a folder"


@pytest.mark.parametrize("follow", [False, True])
def test_no_link_leads_out_of_the_root(shelf, follow):
    outside = shelf.folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (shelf.root / "file").symlink_to(outside / "secret")
    (shelf.root / "folder").symlink_to(outside)
    (shelf.root / "absent").symlink_to("nowhere")
    shelf.options["follow_symlinks"] = follow

    assert shelf.sync().counts.skipped == 3
    assert shelf.items() == {}


def test_links_inside_are_followed_where_asked_and_loops_end(shelf):
    (shelf.root / "docs").mkdir()
    (shelf.root / "docs" / "a").write_text("a")
    (shelf.root / "docs" / "up").symlink_to("..")
    (shelf.root / "latest").symlink_to("docs")
    (shelf.root / "alias").symlink_to("docs/a")
    shelf.options["follow_symlinks"] = True
    shelf.sync()

    assert shelf.items() == {"docs/a": "a", "alias": "a", "latest/a": "a"}


def test_link_put_in_place_of_a_folder_during_the_walk_leads_nowhere(shelf):
    outside = shelf.folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    for name in ("a", "b"):
        (shelf.root / name).mkdir()
        (shelf.root / name / "file").write_text(name)
    connector = shelf.connector()
    connector.open()
    walk = connector.read(Stream("files"), None, Nothing())

    assert next(walk).id == "a/file"
    os.rename(shelf.root / "b", shelf.folder / "away")
    (shelf.root / "b").symlink_to(outside)

    assert [change.id for change in walk if isinstance(change, Item)] == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Grüße, 世界".encode(), "Grüße, 世界"),
        ("﻿Grüße".encode(), "Grüße"),
        ("Grüße, 世界".encode("utf-16"), "Grüße, 世界"),
        ("Grüße aus Köln, wie geht es?".encode("utf-16-le"), "Grüße aus Köln, wie geht es?"),
        ("Grüße aus Köln, wie geht es?".encode("utf-16-be"), "Grüße aus Köln, wie geht es?"),
        ("Grüße".encode("utf-32"), "Grüße"),
        (
            "Größere Änderungen müssen wir für später aufheben.".encode("latin-1"),
            "Größere Änderungen müssen wir für später aufheben.",
        ),
        (
            "これは日本語の文章です。文字コードを判定します。".encode("shift_jis"),
            "これは日本語の文章です。文字コードを判定します。",
        ),
        (b"", ""),
    ],
)
def test_text_in_any_encoding_is_read(shelf, content, text):
    (shelf.root / "note").write_bytes(content)

    assert shelf.named("note").content == text


@pytest.mark.parametrize("content", [b"\x7fELF\x02\x01\x01\x00", b"\x00\x01\x02", b"PK\x03\x04\x14\x00", b"\x00" * 100])
def test_binary_is_skipped_with_its_reason(shelf, content):
    (shelf.root / "program").write_bytes(content)

    assert shelf.named("program").reason == "binary"


def test_file_above_the_limit_is_skipped_and_read_when_the_limit_rises(shelf):
    shelf.options["max_file_size_mb"] = 0.001
    (shelf.root / "long").write_text("x" * 2000)
    assert shelf.sync().counts.skipped == 1

    shelf.options["max_file_size_mb"] = 1
    assert shelf.sync().counts.created == 1


def test_item_that_became_binary_loses_its_content(shelf):
    (shelf.root / "note").write_text("words")
    shelf.sync()
    (shelf.root / "note").write_bytes(b"\x00\x01\x02\x03")

    assert shelf.sync().counts.skipped == 1
    assert shelf.items() == {}


def test_include_and_exclude_are_gitignore_patterns(shelf):
    for name in ("a.md", "a.txt", "sub/b.md", "node_modules/c.md", "sub/node_modules/d.md", "archive/e.md"):
        path = shelf.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    shelf.options.update(include_patterns=["*.md"], exclude_patterns=["node_modules/", "archive/**"])
    shelf.sync()

    assert sorted(shelf.items()) == ["a.md", "sub/b.md"]
    assert [type(answer) for answer in shelf.fetch("a.md", "a.txt", "archive/e.md")] == [Item, Deleted, Deleted]


def test_excluded_folder_is_never_listed(shelf, monkeypatch):
    (shelf.root / "node_modules").mkdir()
    shelf.options["exclude_patterns"] = ["node_modules/**"]
    monkeypatch.setattr(FilesystemConnector, "_enter", None)

    assert shelf.sync().success


def test_root_that_vanished_is_an_error_and_never_a_sweep(shelf):
    (shelf.root / "note").write_text("one")
    shelf.sync()
    shelf.root.rename(shelf.folder / "unmounted")
    result = shelf.sync()

    assert "cannot be read: no such file or directory" in result.errors[0]
    assert shelf.items() == {"note": "one"}


def test_root_that_is_empty_all_at_once_is_an_error_and_never_a_sweep(shelf):
    (shelf.root / "note").write_text("one")
    shelf.sync()
    (shelf.root / "note").unlink()
    result = shelf.sync()

    assert "is empty, but was not before" in result.errors[0]
    assert "--purge" in result.stream_errors[0].hint
    assert shelf.items() == {"note": "one"}


def test_file_that_vanishes_while_it_is_read_is_gone(shelf, monkeypatch):
    (shelf.root / "here").write_text("here")
    (shelf.root / "note").write_text("one")
    really_open = os.open

    def vanish(path, flags, *rest, **more):
        if path == "note":
            os.unlink(shelf.root / "note")
        return really_open(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", vanish)

    assert [change.id for change in shelf.said() if isinstance(change, Item)] == ["here"]


def test_file_that_changes_while_it_is_read_is_read_again(shelf, monkeypatch):
    note = shelf.root / "note"
    note.write_text("one")
    edits = iter(["two", "three!"])
    edit_while_reading(monkeypatch, note, edits)

    assert shelf.named("note").content == "three!"


def test_file_that_never_rests_fails_and_the_others_go_on(shelf, monkeypatch):
    (shelf.root / "calm").write_text("calm")
    note = shelf.root / "note"
    note.write_text("one")
    edit_while_reading(monkeypatch, note, (f"{'x' * number}" for number in range(99)))
    said = {change.id: type(change) for change in shelf.said() if isinstance(change, Item | Failed)}

    assert said == {"calm": Item, "note": Failed}


def edit_while_reading(monkeypatch, note: Path, edits: Iterator[str]) -> None:
    """Each time the file is read, it changes before its status is asked again."""
    from aragora_sync.connectors import filesystem

    really = filesystem.looks_binary

    def looks_binary(head: bytes) -> bool:
        if head != b"calm" and (text := next(edits, None)) is not None:
            note.write_text(text)
        return really(head)

    monkeypatch.setattr(filesystem, "looks_binary", looks_binary)


@contextlib.contextmanager
def not_root(shelf: Shelf) -> Iterator[None]:
    """Root reads everything, so nobody takes its place for a while."""
    if not ROOT_USER:
        yield
        return
    for path in [shelf.folder, *shelf.folder.rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    for above in shelf.folder.parents:
        above.chmod(above.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def failures(shelf: Shelf) -> list[str]:
    shelf.sync()
    store = shelf.store()
    try:
        return [f"{failure.id}: {failure.error}" for failure in store.failures("files")]
    finally:
        store.close()


def test_unreadable_file_and_folder_fail_and_nothing_below_is_lost(shelf):
    (shelf.root / "open").write_text("open")
    (shelf.root / "shut").write_text("shut")
    (shelf.root / "folder" / "deep").mkdir(parents=True)
    (shelf.root / "folder" / "deep" / "note").write_text("note")
    shelf.sync()
    before = shelf.items()
    (shelf.root / "shut").write_text("shut, edited")
    (shelf.root / "shut").chmod(0)
    (shelf.root / "folder").chmod(0)
    with not_root(shelf):
        assert failures(shelf) == ["folder/: permission denied", "shut: permission denied"]
        assert shelf.items() == before
        (shelf.root / "folder").chmod(0o700)
        (shelf.root / "shut").chmod(0o600)
        assert failures(shelf) == []


def test_fetch_answers_every_ref_once(shelf):
    (shelf.root / "a").mkdir()
    (shelf.root / "a" / "note").write_text("note")
    (shelf.root / "pipe").mkdir()
    answers = shelf.fetch("a/note", "a/gone", "gone/note", "a/note/deeper", "a", "folder/")

    assert [type(answer) for answer in answers] == [Item, Deleted, Deleted, Deleted, Deleted, Failed]


def test_ref_out_of_the_root_is_not_followed(shelf):
    (shelf.folder / "secret").write_text("secret")

    assert [type(answer) for answer in shelf.fetch("../secret", "/etc/passwd", "a/../../secret", "")] == [Deleted] * 4


def test_known_files_are_seen_and_new_ones_read(shelf, settled):
    (shelf.root / "old").write_text("old")
    shelf.sync()
    (shelf.root / "new").write_text("new")
    result = shelf.sync()

    assert (result.counts.created, result.counts.unchanged) == (1, 1)
    assert sorted(shelf.items()) == ["new", "old"]


def test_deep_tree_is_walked(shelf):
    deep = shelf.root
    for _ in range(120):
        deep = deep / "deep"
    deep.mkdir(parents=True)
    (deep / "note").write_text("deep")
    shelf.sync()

    assert list(shelf.items().values()) == ["deep"]
