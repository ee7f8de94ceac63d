"""`filesystem` on the real file system: what it reads, what it leaves alone, what it never deletes."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator

import pytest

from aragora_sync.connectors.filesystem import FilesystemConnector
from aragora_sync.core.changes import Deleted, Failed, Item

from .shelf import Shelf

ROOT_USER = os.geteuid() == 0


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


def test_known_files_are_seen_and_new_ones_read(shelf, settled):
    (shelf.root / "old").write_text("old")
    shelf.sync()
    (shelf.root / "new").write_text("new")
    result = shelf.sync()

    assert (result.counts.created, result.counts.unchanged) == (1, 1)
    assert sorted(shelf.items()) == ["new", "old"]
