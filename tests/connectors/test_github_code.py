"""`github` reads the files of the default branch, and what changed in them whatever happened to the history."""

from __future__ import annotations

import json

import pytest

from aragora_sync.core.changes import Deleted, Item, Skipped

from ..fakes.github_code import Link, Submodule, lfs_pointer
from ..fakes.web import Answer
from .github_desk import GRAPHQL, changes, opened_desk


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.options = {"sync_issues": False, "sync_prs": False, "sync_discussions": False}
        yield made


def test_files_are_read_with_their_paths(desk):
    desk.app.code.commit({"README.md": "# Hello", "src/deep/app.py": "x = 1\n"})
    desk.sync()
    entry = desk.entries()[f"{desk.app.id}/code/src/deep/app.py"]

    assert (entry.title, entry.content, entry.kind) == ("src/deep/app.py", "x = 1\n", "file")
    assert entry.url == f"{desk.fake.url}/acme/app/blob/HEAD/src/deep/app.py"
    assert json.loads(entry.metadata)["path"] == "src/deep/app.py"
    assert len(desk.items()) == 2


def test_only_blobs_that_are_new_are_read(desk):
    desk.app.code.commit({"a.txt": "one", "b.txt": "two", "c.txt": "three"})
    desk.sync()
    desk.app.code.commit({"a.txt": "changed", "b.txt": None, "d/e.txt": "new"})
    result = desk.sync()

    assert changes(result) == (1, 1, 1)
    assert desk.counted()[GRAPHQL] == 2
    assert sorted(desk.items().values()) == ["changed", "new", "three"]


def test_moved_file_leaves_its_old_place(desk):
    desk.app.code.commit({"old.txt": "text"})
    desk.sync()
    desk.app.code.commit({"old.txt": None, "new.txt": "text"})
    desk.sync()

    assert list(desk.items()) == [f"{desk.app.id}/code/new.txt"]


def test_patterns_choose_files(desk):
    desk.app.code.commit({"a.py": "1", "b.md": "2", "node_modules/c.py": "3"})
    desk.options |= {"include_patterns": ["*.py"], "exclude_patterns": ["node_modules/**"]}
    desk.sync()

    assert list(desk.items().values()) == ["1"]


def test_what_holds_no_text_is_skipped_with_its_reason(desk):
    desk.app.code.commit({"a.bin": b"\0\1\2", "b.lfs": lfs_pointer(b"large"), "c.txt": "text"})
    desk.app.code.commit({"link": Link("c.txt")})
    desk.app.code.commit({"module": Submodule("b7d3" * 10)})
    desk.app.code.commit({"large.txt": "x" * 11_000_000})
    result = desk.sync()

    assert result.counts.skipped == 5
    assert list(desk.items().values()) == ["text"]
    desk.later()
    assert desk.sync().counts.skipped == 0


def test_text_in_other_encodings_and_long_text_come_whole(desk):
    desk.app.code.commit({"latin.txt": "Grüße aus Köln, schöne Grüße".encode("latin-1"), "long.txt": "y" * 700_000})
    desk.sync()

    assert desk.file("latin.txt") == "Grüße aus Köln, schöne Grüße"
    assert desk.file("long.txt") == "y" * 700_000


def test_truncated_tree_is_read_folder_by_folder(desk):
    files = {f"folder-{number % 7}/sub-{number % 3}/file-{number}.txt": f"text {number}" for number in range(60)}
    desk.app.code.commit(files)
    desk.fake.tree_entries = 12
    desk.sync()

    assert sorted(desk.items().values()) == sorted(files.values())


def test_large_queries_are_made_smaller(desk):
    desk.app.code.commit({f"{number}.txt": f"text {number}" for number in range(30)})
    too_much = {"data": None, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "too much"}]}

    def refuse(asked):
        return Answer(200, too_much) if asked.body.count(b"object(oid") > 8 else None

    desk.fake.order(refuse, path=GRAPHQL, times=99)
    assert desk.sync().counts.created == 30


def test_single_files_are_read_anew(desk):
    desk.app.code.commit({"a.txt": "one", "b.bin": b"\0"})
    names = [f"{desk.app.id}/code/{path}" for path in ("a.txt", "b.bin", "gone.txt")]
    answers = {type(each): each.id for each in desk.fetch(f"{desk.app.id}/code", *names)}

    assert answers == {Item: names[0], Skipped: names[1], Deleted: names[2]}


def test_interrupted_first_read_goes_on_with_the_rest(desk):
    desk.app.code.commit({f"{number:03}.txt": f"text {number}" for number in range(250)})
    desk.fake.order(Answer(500), path=GRAPHQL, times=99, skip=3)
    desk.sync()
    desk.fake.forget()
    stored = len(desk.items())
    desk.sync()

    assert stored == 200
    assert len(desk.items()) == 250
    assert desk.counted()[GRAPHQL] == 2
