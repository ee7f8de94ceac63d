"""`github` reads wikis by git, from a real one."""

from __future__ import annotations

import os
import subprocess

import pytest

from aragora_sync.core.changes import Deleted, Item
from aragora_sync.engine.result import Status

from .github_desk import changes, opened_desk, problem


class Pages:
    """The wiki of a repository, edited by git."""

    def __init__(self, folder, repository):
        self.work = folder / "work"
        self.bare = folder / "wikis" / f"{repository.id}.wiki.git"
        self.bare.parent.mkdir(exist_ok=True)
        subprocess.run(["git", "init", "-q", "--bare", "-b", "master", self.bare], check=True)
        subprocess.run(["git", "init", "-q", "-b", "master", self.work], check=True)

    def write(self, **files):
        for name, content in files.items():
            path = self.work / name.replace("__", ".")
            path.unlink() if content is None else path.write_bytes(content.encode())
        self._git("add", "-A")
        self._git("commit", "-q", "--allow-empty", "-m", "edit")
        self._git("push", "-q", "--force", str(self.bare), "HEAD:master")

    def _git(self, *arguments):
        who = {
            f"GIT_{role}_{what}": "mona@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        subprocess.run(["git", "-C", self.work, *arguments], check=True, env={**os.environ, **who})


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.options = {"sync_code": False, "sync_issues": False, "sync_prs": False, "sync_discussions": False}
        made.options["sync_wikis"] = True
        made.fake.wikis = tmp_path / "wikis"
        yield made


@pytest.fixture
def pages(desk, tmp_path):
    made = Pages(tmp_path, desk.app)
    made.write(Home__md="# Home", How_to__md="do it", _Sidebar__md="menu", picture__png="\0")
    return made


def test_pages_are_read_with_title_and_address(desk, pages):
    pages.write(**{"Getting-Started__md": "begin"})
    desk.sync()
    entry = desk.entries()[f"{desk.app.id}/wiki/Getting-Started.md"]

    assert (entry.title, entry.content, entry.kind) == ("Getting Started", "begin", "wiki_page")
    assert entry.url == f"{desk.fake.url}/acme/app/wiki/Getting-Started"
    assert sorted(desk.items().values()) == ["# Home", "begin", "do it"]


def test_edited_new_and_deleted_pages_are_found(desk, pages):
    desk.sync()
    pages.write(Home__md="# New", Other__md="more", How_to__md=None)
    assert changes(desk.sync()) == (1, 1, 1)

    asked = len(desk.fake.asked)
    assert changes(desk.sync()) == (0, 0, 0)
    assert len(desk.fake.asked) < asked


def test_22_wiki_without_pages_is_no_failure(desk):
    assert desk.sync().status is Status.OK
    assert desk.items() == {}


def test_wiki_that_is_switched_off_keeps_its_pages(desk, pages):
    desk.sync()
    desk.app.has_wiki = False
    desk.reconcile()

    assert len(desk.items()) == 2


def test_token_that_git_is_refused_is_told(desk, pages):
    desk.sync()
    desk.fake.wikis = None
    desk.fake.order(lambda asked: __import__("tests.fakes.web").fakes.web.Answer(403), path=".wiki.git", times=9)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN or status is Status.PARTIAL
    assert message == "the token may not read the wiki by git."
    assert "contents" in hint


def test_machine_without_git_is_told(desk, pages, monkeypatch):
    monkeypatch.setattr("aragora_sync.connectors.github.git.shutil.which", lambda _name: None)

    assert "git is not installed" in problem(desk.sync())[1]


def test_single_pages_are_read_anew(desk, pages):
    name = f"{desk.app.id}/wiki/Home.md"
    found, gone = desk.fetch(f"{desk.app.id}/wiki", name, f"{desk.app.id}/wiki/Gone.md")

    assert isinstance(found, Item) and found.content == "# Home"
    assert gone == Deleted(f"{desk.app.id}/wiki/Gone.md")


def test_token_is_on_no_command_line_and_in_no_file(desk, pages, tmp_path, monkeypatch):
    seen = []
    honest = subprocess.Popen
    monkeypatch.setattr(
        "aragora_sync.connectors.github.git.subprocess.Popen",
        lambda arguments, **more: (seen.append(arguments), honest(arguments, **more))[1],
    )
    desk.sync()

    assert len(seen) >= 4
    assert not any("ghp_" in word or "Basic" in word for arguments in seen for word in arguments)
