"""`filesystem` among odd names, odd files, and things that move while they are read."""

from __future__ import annotations

import os
import socket
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from aragora_sync.core.changes import Deleted, Failed, Item
from aragora_sync.core.source import Stream

from .shelf import Nothing

ROOT_USER = os.geteuid() == 0


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


def test_ref_out_of_the_root_is_not_followed(shelf):
    (shelf.folder / "secret").write_text("secret")

    assert [type(answer) for answer in shelf.fetch("../secret", "/etc/passwd", "a/../../secret", "")] == [Deleted] * 4


def test_deep_tree_is_walked(shelf):
    deep = shelf.root
    for _ in range(120):
        deep = deep / "deep"
    deep.mkdir(parents=True)
    (deep / "note").write_text("deep")
    shelf.sync()

    assert list(shelf.items().values()) == ["deep"]
