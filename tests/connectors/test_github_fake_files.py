"""The fake of GitHub by plain requests and by git: trees, blobs, contents, wikis."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import tarfile

import pytest

from ..fakes.github_access import CLASSIC
from ..fakes.github_code import Link, Program, Submodule, Zeros, lfs_pointer, named
from .github_client import opened

RAW, OBJECT, SHA = (f"application/vnd.github.{kind}" for kind in ("raw+json", "object+json", "sha"))


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def fake(client):
    return client.fake


@pytest.fixture
def repo(fake):
    return fake.state.create_repository("acme/app")


@pytest.fixture
def code(repo):
    return repo.code


def tree(client, name="main", **query):
    return client.read(f"/repos/acme/app/git/trees/{name}", **query)


def content(client, path, accept="", **query):
    return client.get(f"/repos/acme/app/contents/{path}", accept, **query)


# Trees and blobs


def test_names_of_objects_are_those_of_git(code, tmp_path, client):
    head = code.commit(
        {"a.md": "hi", "src/b.py": b"x", "src-b": "between", "run": Program(b"#!"), "link": Link("a.md")}
    )
    at = f"{int(code.resolved(head).at.timestamp())} +0000"
    who = {"NAME": "Mona Lisa", "EMAIL": "mona@example.com", "DATE": at}
    people = {f"GIT_{part}_{name}": value for part in ("AUTHOR", "COMMITTER") for name, value in who.items()}
    script = "git init -q -b main . && mkdir src && printf hi >a.md && printf x >src/b.py && printf between >src-b"
    script += " && printf '#!' >run && chmod +x run && ln -s a.md link && git add -A"
    script += " && git commit -q -m 'Change files' && git rev-parse HEAD 'HEAD^{tree}'"
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env={**quiet, **people}, capture_output=True, text=True)

    assert done.stdout.split() == [head, code.resolved(head).tree]


def test_any_value_of_recursive_means_recursive(code, client):
    code.commit({"a/b/c.md": "deep"})

    assert [row["path"] for row in tree(client)["tree"]] == ["a"]
    assert [row["path"] for row in tree(client, recursive="false")["tree"]] == ["a", "a/b", "a/b/c.md"]


def test_6_large_trees_are_truncated_and_parts_are_not(fake, code, client):
    fake.tree_entries = 4
    code.commit({f"{folder}/{number}.md": "x" for folder in "ab" for number in range(3)})
    told = tree(client, recursive=1)

    assert told["truncated"] is True and len(told["tree"]) == 4
    parts = [tree(client, row["sha"], recursive=1) for row in tree(client)["tree"]]
    assert [(part["truncated"], len(part["tree"])) for part in parts] == [(False, 3), (False, 3)]
    fake.tree_entries, fake.tree_bytes = 100, 500
    assert tree(client, recursive=1)["truncated"] is True


def test_7_force_push_leaves_nothing_of_what_was(code, client):
    old = code.commit({"a.md": "a", "b.md": "b"})
    new = code.force_push({"a.md": "a"})

    assert [row["path"] for row in tree(client, new)["tree"]] == ["a.md"]
    assert client.get(f"/repos/acme/app/commits/{old}").status_code == 200
    code.collect_garbage()
    assert client.get(f"/repos/acme/app/commits/{old}").status_code == 422


def test_8_empty_repository_is_a_conflict(repo, client):
    for path in ("git/trees/main", "commits/main"):
        answer = client.get(f"/repos/acme/app/{path}")
        assert (answer.status_code, answer.json()["message"]) == (409, "Git Repository is empty.")


def test_default_branch_may_change_without_a_push(repo, code, client):
    code.commit({"a.md": "a"})
    code.commit({"b.md": "b"}, branch="next")
    pushed = repo.pushed_at
    code.set_default_branch("next")

    assert client.read("/repos/acme/app")["default_branch"] == "next"
    assert repo.pushed_at == pushed
    assert [row["path"] for row in tree(client, "HEAD")["tree"]] == ["a.md", "b.md"]
    code.rename_branch("next", "trunk")
    assert client.read("/repos/acme/app")["default_branch"] == "trunk"


def test_renamed_and_deleted_files(code, client):
    code.commit({"docs/a.md": "a", "docs/b.md": "b"})
    before = {row["path"]: row["sha"] for row in tree(client, recursive=1)["tree"]}
    code.rename("docs", "guide")
    code.commit({"guide/b.md": None})
    after = {row["path"]: row["sha"] for row in tree(client, recursive=1)["tree"]}

    assert set(after) == {"guide", "guide/a.md"}
    assert after["guide/a.md"] == before["docs/a.md"] == named("blob", b"a")


def test_head_alone_with_a_tag_of_its_own(code, client):
    head = code.commit({"a.md": "a"})
    answer = client.get("/repos/acme/app/commits/main", SHA)
    again = client.get("/repos/acme/app/commits/main", SHA, headers={"If-None-Match": answer.headers["etag"]})

    assert (answer.text, again.status_code) == (head, 304)


def test_blob_as_json_and_raw(code, client):
    code.commit({"a.bin": bytes(range(256))})
    sha = code.files()["a.bin"][1]
    told = client.read(f"/repos/acme/app/git/blobs/{sha}")

    assert "\n" in told["content"] and base64.b64decode(told["content"]) == bytes(range(256))
    assert client.get(f"/repos/acme/app/git/blobs/{sha}", RAW).content == bytes(range(256))


# History


def test_7_comparison_is_made_from_where_both_parted(code, client):
    first = code.commit({"a.md": "a", "b.md": "b"})
    old = code.commit({"only-there.md": "x"})
    code.reset(first)
    new = code.commit({"c.md": "c"})
    told = client.read(f"/repos/acme/app/compare/{old}...{new}")

    assert (told["status"], told["ahead_by"], told["behind_by"]) == ("diverged", 1, 1)
    assert [(row["filename"], row["status"]) for row in told["files"]] == [("c.md", "added")]
    assert client.read(f"/repos/acme/app/compare/{first}...{new}")["status"] == "ahead"
    assert client.read(f"/repos/acme/app/compare/{new}...{first}")["status"] == "behind"
    code.rename("a.md", "d.md")
    (row,) = client.read(f"/repos/acme/app/compare/{new}...main")["files"]
    assert (row["status"], row["previous_filename"]) == ("renamed", "a.md")
    code.collect_garbage()
    assert client.get(f"/repos/acme/app/compare/{old}...main").status_code == 404


def test_comparison_tells_of_three_hundred_files_at_most(code, client):
    first = code.commit({"a.md": "a"})
    second = code.commit({f"{number}.md": "x" for number in range(301)})

    assert len(client.read(f"/repos/acme/app/compare/{first}...{second}")["files"]) == 300


def test_archive_lies_elsewhere_for_five_minutes_and_may_differ(fake, code, client):
    head = code.commit(
        {
            ".gitattributes": "secret.md export-ignore\nversion.txt export-subst\n",
            "docs/a.md": "a",
            "latest": Link("docs/a.md"),
            "secret.md": "s",
            "version.txt": "$Format:%H$",
        }
    )
    redirect = client.get(f"/repos/acme/app/tarball/{head}")
    place = redirect.headers["location"]
    packed = client.get(place)
    with tarfile.open(fileobj=io.BytesIO(packed.content)) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers()}
        version = archive.extractfile(f"acme-app-{head[:7]}/version.txt").read().decode()

    assert (redirect.status_code, place.startswith("http://localhost:")) == (302, True)
    assert names == {".gitattributes", "docs/a.md", "latest", "version.txt"} and version == head
    fake.tick(301)
    assert client.get(place).status_code == 404


# Contents


def test_15_odd_files(code, client):
    files = {"large.txt": Zeros(1_400_000), "huge.bin": Zeros(120_000_000), "lfs.png": lfs_pointer(b"image")}
    files |= {"docs/a.md": "a", "docs/latest": Link("a.md"), "away": Link("../elsewhere"), "lib": Submodule()}
    files |= {b"caf\xe9.txt".decode(errors="surrogateescape"): b"caf\xe9"}
    code.commit(files)
    modes = {row["path"]: (row["mode"], row["type"]) for row in tree(client, recursive=1)["tree"]}

    assert (modes["lib"], modes["docs/latest"]) == (("160000", "commit"), ("120000", "blob"))
    assert "caf\ufffd.txt" in modes
    large = content(client, "large.txt").json()
    assert (large["content"], large["encoding"], large["size"]) == ("", "none", 1_400_000)
    assert len(content(client, "large.txt", RAW).content) == 1_400_000
    for path in ("contents/huge.bin", f"git/blobs/{code.files()['huge.bin'][1]}"):
        refused = client.get(f"/repos/acme/app/{path}", RAW)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "too_large")
    assert content(client, "lfs.png", RAW).text.startswith("version https://git-lfs.github.com/spec/v1\noid sha256:")
    assert content(client, "docs/latest").json()["type"] == "file"  # followed
    assert content(client, "away").json()["target"] == "../elsewhere"
    assert content(client, "lib").json()["submodule_git_url"]


def test_folder_calls_submodules_files_until_2026(code, client):
    code.commit({"lib": Submodule(), "docs/a.md": "a", "b.md": "b"})

    def kinds(**headers):
        return [(row["name"], row["type"]) for row in client.get("/repos/acme/app/contents/", headers=headers).json()]

    assert kinds() == [("b.md", "file"), ("docs", "dir"), ("lib", "file")]
    newer = kinds(**{"X-GitHub-Api-Version": "2026-03-10"})
    assert newer == [("b.md", "file"), ("docs", "dir"), ("lib", "submodule")]
    whole = content(client, "docs", OBJECT).json()
    assert (whole["type"], len(whole["entries"])) == ("dir", 1)


def test_contents_of_a_commit_stay_what_they_were(code, client):
    old = code.commit({"a.md": "old"})
    code.commit({"a.md": "new"})

    assert content(client, "a.md", RAW, ref=old).text == "old"
    assert content(client, "a.md", RAW).text == "new"
    assert content(client, "a.md", ref="0" * 40).status_code == 404


def test_folder_lists_a_thousand_at_most(code, client):
    code.commit({f"many/{number:04d}.md": "x" for number in range(1001)})

    assert len(content(client, "many").json()) == 1000


# git


def git(*arguments, token=CLASSIC, cwd=None):
    """As the user `x-access-token`, or nobody."""
    given = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    environment = {"PATH": os.environ["PATH"], "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": os.devnull}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_ASKPASS": "true", "LC_ALL": "C"}
    if token:
        environment |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader"}
        environment["GIT_CONFIG_VALUE_0"] = f"Authorization: Basic {given}"
    return subprocess.run(["git", *arguments], env=environment, cwd=cwd, capture_output=True, text=True)


def test_wiki_is_cloned_and_fetched(fake, repo, tmp_path):
    first = repo.wiki.write({"Home.md": "welcome", 'A "page" – é.md': "odd"})
    url, folder = f"{fake.url}/acme/app.wiki.git", tmp_path / "wiki"
    assert git("clone", "--quiet", "--bare", "--depth=1", "--filter=blob:limit=1m", url, str(folder)).returncode == 0
    assert git("rev-parse", "refs/heads/master", cwd=folder).stdout.strip() == first

    second = repo.wiki.write({"Home.md": "edited", 'A "page" – é.md': None})
    assert git("ls-remote", url, "refs/heads/master").stdout.split()[0] == second
    fetched = git("fetch", "--quiet", url, "+refs/heads/master:refs/heads/master", cwd=folder)
    assert fetched.returncode == 0, fetched.stderr
    assert git("show", "refs/heads/master:Home.md", cwd=folder).stdout == "edited"
    assert git("ls-tree", "--name-only", "refs/heads/master", cwd=folder).stdout.split() == ["Home.md"]

    repo.wiki.rewrite({"Start.md": "anew"})
    repo.wiki.rename("Start.md", "Begin.md")
    assert git("fetch", "--quiet", url, "+refs/heads/master:refs/heads/master", cwd=folder).returncode == 0
    assert git("ls-tree", "--name-only", "refs/heads/master", cwd=folder).stdout.split() == ["Begin.md"]


def test_22_wiki_without_a_page_does_not_exist(fake, repo):
    url = f"{fake.url}/acme/app.wiki.git"
    done = git("ls-remote", url)

    assert repo.has_wiki and done.returncode == 128
    assert f"fatal: repository '{url}/' not found" in done.stderr
    repo.wiki.write({"Home.md": "hi"})
    assert git("ls-remote", url).returncode == 0
    repo.wiki.destroy()
    assert git("ls-remote", url).returncode == 128


def test_wiki_is_for_those_who_see_the_repository(fake, repo):
    repo.wiki.write({"Home.md": "hi"})
    url = f"{fake.url}/acme/app.wiki.git"

    assert "Authentication failed" in git("ls-remote", url, token="").stderr
    assert "Authentication failed" in git("ls-remote", url, token="ghp_wrong").stderr
    fake.state.set_visibility(repo, "public")
    assert git("ls-remote", url, token="").returncode == 0
    fake.state.take_access(repo)
    assert "not found" in git("ls-remote", url).stderr


def test_files_are_cloned_too(fake, code, tmp_path):
    code.commit({"a.md": "a", "docs/b.md": "b"})
    code.commit({"c.md": "c"}, branch="feature/next")
    head = code.commit({"a.md": "edited"})
    url, folder = f"{fake.url}/acme/app.git", tmp_path / "code"
    cloned = git("clone", "--quiet", "--depth=1", url, str(folder))
    assert cloned.returncode == 0, cloned.stderr
    assert git("rev-parse", "HEAD", cwd=folder).stdout.strip() == head
    assert (folder / "docs" / "b.md").read_text() == "b"

    code.force_push({"only.md": "anew"})
    heads = git("ls-remote", "--heads", url).stdout.split()
    assert heads[1::2] == ["refs/heads/feature/next", "refs/heads/main"] and heads[2] == code.head
