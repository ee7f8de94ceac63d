"""Files over GitHub's REST API: commits, trees, blobs, contents."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .github_access import Refused, not_found
from .github_code import FOLDER, SUBMODULE, SYMLINK, Blob, Commit, Entry
from .github_json import Raw, iso
from .github_repository import Repository
from .web import Answer

if TYPE_CHECKING:
    from .github import FakeGitHub
    from .github_rest import Call

INLINE_BYTES, MOST_BYTES = 1024 * 1024, 100 * 1024 * 1024
MOST_IN_FOLDER = 1000
EMPTY = "Git Repository is empty."


class Files:
    """Below `/repos/O/R`. What a name refers to is looked up anew by every request."""

    def __init__(self, fake: FakeGitHub) -> None:
        self.fake = fake

    def routes(self) -> list[tuple[str, str, Callable[..., Answer]]]:
        return [
            (r"/commits/(.+)", "contents", self._commit),
            (r"/branches/(.+)", "contents", self._branch),
            (r"/git/ref/(.+)", "contents", self._ref),
            (r"/git/trees/(.+)", "contents", self._tree),
            (r"/git/blobs/([0-9a-f]+)", "contents", self._blob),
            (r"/contents(?:/(.*))?", "contents", self._contents),
        ]

    def _address(self, one: Repository) -> str:
        return f"{self.fake.bodies.api}/repos/{one.full_name}"

    def _resolved(self, one: Repository, name: str) -> Commit:
        if one.code.empty:
            raise Refused(409, EMPTY)
        found = one.code.resolved(name)
        if found is None:
            raise Refused(422, f"No commit found for SHA: {name}")
        return found

    # Commits

    def _commit(self, call: Call, one: Repository, name: str) -> Answer:
        commit = self._resolved(one, name)
        if "sha" in call.accept:
            return Answer(200, commit.sha.encode(), {"Content-Type": "application/vnd.github.sha; charset=utf-8"})
        return Answer(200, self.written(one, commit))

    def written(self, one: Repository, commit: Commit) -> Raw:
        url, page = f"{self._address(one)}/commits/{commit.sha}", f"{self.fake.bodies.web}/{one.full_name}/commit"
        who = {"name": commit.author, "email": commit.email, "date": iso(commit.at)}
        unsigned = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
        told = {
            "author": who,
            "committer": who,
            "message": commit.message,
            "comment_count": 0,
            "url": f"{self._address(one)}/git/commits/{commit.sha}",
            "verification": unsigned,
            "tree": {"sha": commit.tree, "url": f"{self._address(one)}/git/trees/{commit.tree}"},
        }
        parents = [{"sha": sha, "url": f"{self._address(one)}/commits/{sha}"} for sha in commit.parents]
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": url,
            "html_url": f"{page}/{commit.sha}",
            "comments_url": f"{url}/comments",
            "commit": told,
            "author": None,
            "committer": None,
            "parents": parents,
        }

    def _branch(self, call: Call, one: Repository, name: str) -> Answer:
        commit = one.code.commits.get(one.code.heads.get(name, ""))
        if commit is None:
            raise Refused(404, "Branch not found")
        url = f"{self._address(one)}/branches/{name}"
        links = {"self": url, "html": f"{self.fake.bodies.web}/{one.full_name}/tree/{name}"}
        told = {"name": name, "commit": self.written(one, commit), "protected": False, "_links": links}
        return Answer(200, told | {"protection": {"enabled": False}, "protection_url": f"{url}/protection"})

    def _ref(self, call: Call, one: Repository, name: str) -> Answer:
        if one.code.empty:
            raise Refused(409, EMPTY)
        sha = one.code.heads.get(name.removeprefix("heads/"))
        if sha is None:
            raise not_found()
        target = {"type": "commit", "sha": sha, "url": f"{self._address(one)}/git/commits/{sha}"}
        url = f"{self._address(one)}/git/refs/{name}"
        return Answer(200, {"ref": f"refs/{name}", "node_id": f"REF_{sha}", "url": url, "object": target})

    # Trees and blobs

    def _tree(self, call: Call, one: Repository, name: str) -> Answer:
        """Any value of `recursive` means recursive. Too many entries or bytes: the rest is left out."""
        if one.code.empty:
            raise Refused(409, EMPTY)
        sha = name if name in one.code.trees else ""
        if not sha and (commit := one.code.resolved(name)):
            sha = commit.tree
        if not sha:
            raise not_found()
        whole = "recursive" in call.query
        listed = one.code.walk_all(sha) if whole else ((entry.text, entry) for entry in one.code.trees[sha].entries)
        entries: list[Raw] = []
        size, truncated = 0, False
        for path, entry in listed:
            told = self._entry(one, path.encode(errors="surrogateescape").decode(errors="replace"), entry)
            size += sum(len(str(value)) for value in told.values())
            if whole and (len(entries) >= self.fake.tree_entries or size > self.fake.tree_bytes):
                truncated = True
                break
            entries.append(told)
        url = f"{self._address(one)}/git/trees/{sha}"
        return Answer(200, {"sha": sha, "url": url, "tree": entries, "truncated": truncated})

    def _entry(self, one: Repository, path: str, entry: Entry) -> Raw:
        told: Raw = {"path": path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
        if entry.kind == "commit":
            return told
        if entry.kind == "blob":
            told["size"] = one.code.blobs[entry.sha].size
        return told | {"url": f"{self._address(one)}/git/{entry.kind}s/{entry.sha}"}

    def _blob(self, call: Call, one: Repository, sha: str) -> Answer:
        """Up to 100 MB: as JSON, with newlines in its Base64, or raw."""
        if one.code.empty:
            raise Refused(409, EMPTY)
        blob = one.code.blobs.get(sha)
        if blob is None:
            raise not_found()
        if blob.size > MOST_BYTES:
            raise too_large("Blob")
        if "raw" in call.accept:
            return raw(blob)
        url = f"{self._address(one)}/git/blobs/{sha}"
        content = {"content": _base64(blob.bytes), "encoding": "base64"}
        return Answer(200, {"sha": sha, "node_id": f"B_{sha}", "size": blob.size, "url": url, **content})

    # Contents

    def _contents(self, call: Call, one: Repository, path: str | None) -> Answer:
        """A file, a folder, a symlink, a submodule; a symlink to a file of the repository is followed."""
        path = (path or "").strip("/")
        if one.code.empty:
            raise Refused(404, "This repository is empty.")
        commit = one.code.resolved(call.query.get("ref", "HEAD"))
        if commit is None:
            raise Refused(404, f"No commit found for the ref {call.query.get('ref')}")
        entry = one.code.found(commit.tree, path)
        if entry is None:
            raise not_found()
        if entry.mode == SYMLINK:
            target = one.code.blobs[entry.sha].bytes.decode(errors="replace")
            followed = one.code.found(commit.tree, _joined(path, target))
            entry = followed if followed and followed.kind == "blob" else entry
        if entry.mode == FOLDER:
            return self._folder(call, one, path, entry, commit)
        told = self._content(one, path, entry, commit)
        if entry.mode == SUBMODULE:
            return Answer(200, told | {"type": "submodule", "submodule_git_url": "https://example.com/lib.git"})
        return self._file(call, one, entry, told)

    def _file(self, call: Call, one: Repository, entry: Entry, told: Raw) -> Answer:
        blob = one.code.blobs[entry.sha]
        if blob.size > MOST_BYTES:
            raise too_large("Blob")
        if "raw" in call.accept:
            return raw(blob)
        if entry.mode == SYMLINK:
            return Answer(200, told | {"type": "symlink", "target": blob.bytes.decode(errors="replace")})
        whole = blob.size <= INLINE_BYTES
        content = (
            {"content": _base64(blob.bytes), "encoding": "base64"} if whole else {"content": "", "encoding": "none"}
        )
        return Answer(200, told | content)

    def _folder(self, call: Call, one: Repository, path: str, entry: Entry, commit: Commit) -> Answer:
        """The first thousand. Until 2026-03-10 a submodule in a list is called a file."""
        listed: list[Raw] = []
        for each in one.code.trees[entry.sha].entries[:MOST_IN_FOLDER]:
            told = self._content(one, f"{path}/{each.text}".strip("/"), each, commit)
            kind = {FOLDER: "dir", SYMLINK: "symlink", SUBMODULE: "submodule"}.get(each.mode, "file")
            old = kind == "submodule" and call.version == "2022-11-28"
            listed.append(told | {"type": "file" if old else kind})
        if "object" not in call.accept:
            return Answer(200, listed)
        return Answer(200, self._content(one, path, entry, commit) | {"type": "dir", "entries": listed})

    def _content(self, one: Repository, path: str, entry: Entry, commit: Commit) -> Raw:
        place = quote(path)
        url = f"{self._address(one)}/contents/{place}?ref={commit.sha}"
        page = f"{self.fake.bodies.web}/{one.full_name}/blob/{commit.sha}/{place}"
        git = None if entry.mode == SUBMODULE else f"{self._address(one)}/git/{entry.kind}s/{entry.sha}"
        blob = one.code.blobs.get(entry.sha)
        told: dict[str, Any] = {"type": "file", "name": path.rpartition("/")[2], "path": path, "sha": entry.sha}
        told |= {"size": blob.size if blob else 0, "url": url, "html_url": page, "git_url": git}
        told |= {"download_url": f"{page}?token=short-lived" if blob else None}
        return told | {"_links": {"self": url, "git": git, "html": page}}


def raw(blob: Blob) -> Answer:
    return Answer(200, blob.bytes, {"Content-Type": "application/vnd.github.raw+json; charset=utf-8"})


def too_large(resource: str) -> Refused:
    told = "The requested blob is too large to fetch via the API, but you can always clone the repository via Git."
    return Refused(403, told, errors=[{"resource": resource, "field": "data", "code": "too_large"}])


def _base64(content: bytes) -> str:
    text = b64encode(content).decode()
    return "".join(f"{text[place : place + 60]}\n" for place in range(0, len(text), 60))


def _joined(path: str, target: str) -> str:
    """Where a link at this path leads."""
    parts = path.split("/")[:-1]
    for part in target.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return "/".join(parts)
