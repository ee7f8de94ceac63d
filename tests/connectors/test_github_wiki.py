"""`github` reads wikis by git, from a real one."""

from __future__ import annotations

import subprocess

import pytest

from aragora_sync.core.changes import Deleted, Item
from aragora_sync.engine.result import Status

from ..fakes.web import Answer
from .github_desk import changes, opened_desk, problem


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.options = {"sync_code": False, "sync_issues": False, "sync_prs": False, "sync_discussions": False}
        made.options["sync_wikis"] = True
        yield made


@pytest.fixture
def wiki(desk):
    """Two pages, and what is none."""
    desk.app.wiki.write({"Home.md": "# Home", "How-to.md": "do it", "_Sidebar.md": "menu", "picture.png": b"\0"})
    return desk.app.wiki


def test_pages_are_read_with_title_and_address(desk, wiki):
    wiki.write({"Getting-Started.md": "begin"})
    desk.sync()
    entry = desk.entries()[f"{desk.app.id}/wiki/Getting-Started.md"]

    assert (entry.title, entry.content, entry.kind) == ("Getting Started", "begin", "wiki_page")
    assert entry.url == f"{desk.fake.url}/acme/app/wiki/Getting-Started"
    assert sorted(desk.items().values()) == ["# Home", "begin", "do it"]


def test_edited_new_and_deleted_pages_are_found(desk, wiki):
    desk.sync()
    wiki.write({"Home.md": "# New", "Other.md": "more", "How-to.md": None})
    assert changes(desk.sync()) == (1, 1, 1)

    asked = len(desk.fake.asked)
    assert changes(desk.sync()) == (0, 0, 0)
    assert len(desk.fake.asked) < asked


def test_22_wiki_without_pages_is_no_failure(desk):
    assert desk.sync().status is Status.OK
    assert desk.items() == {}


def test_wiki_that_is_switched_off_keeps_its_pages(desk, wiki):
    desk.sync()
    desk.app.has_wiki = False
    desk.reconcile()

    assert len(desk.items()) == 2


def test_token_that_git_is_refused_is_told(desk, wiki):
    desk.sync()
    desk.fake.order(Answer(403), path=".wiki.git", times=9)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "the token may not read the wiki by git."
    assert "contents" in hint


def test_machine_without_git_is_told(desk, wiki, monkeypatch):
    monkeypatch.setattr("aragora_sync.connectors.github.git.shutil.which", lambda _name: None)

    assert "git is not installed" in problem(desk.sync())[1]


def test_single_pages_are_read_anew(desk, wiki):
    name = f"{desk.app.id}/wiki/Home.md"
    found, gone = desk.fetch(f"{desk.app.id}/wiki", name, f"{desk.app.id}/wiki/Gone.md")

    assert isinstance(found, Item) and found.content == "# Home"
    assert gone == Deleted(f"{desk.app.id}/wiki/Gone.md")


def test_token_is_on_no_command_line_and_in_no_file(desk, wiki, monkeypatch):
    seen = []
    honest = subprocess.Popen
    monkeypatch.setattr(
        "aragora_sync.connectors.github.git.subprocess.Popen",
        lambda arguments, **more: (seen.append(arguments), honest(arguments, **more))[1],
    )
    desk.sync()

    assert len(seen) >= 4
    assert not any("ghp_" in word or "Basic" in word for arguments in seen for word in arguments)
