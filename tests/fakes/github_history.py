"""What GitHub makes of a repository's history: comparisons of commits, and archives of one."""

from __future__ import annotations

import gzip
import io
import tarfile
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from fnmatch import fnmatch
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .github_access import Refused, not_found
from .github_code import SUBMODULE, SYMLINK, Commit
from .github_files import Files
from .github_json import Raw
from .github_repository import Repository
from .web import Answer, Asked

if TYPE_CHECKING:
    from .github import FakeGitHub
    from .github_rest import Call

MOST_FILES, MOST_COMMITS = 300, 250
ARCHIVE_HOLDS = timedelta(minutes=5)


class History:
    """Below `/repos/O/R`; archives lie on another host, where no token belongs."""

    def __init__(self, fake: FakeGitHub, files: Files) -> None:
        self.fake, self.files = fake, files

    def routes(self) -> list[tuple[str, str, Callable[..., Answer]]]:
        return [
            (r"/compare/(.+)\.\.\.(.+)", "contents", self._compare),
            (r"/tarball(?:/(.+))?", "contents", self._tarball),
        ]

    # Comparing

    def _compare(self, call: Call, one: Repository, base: str, head: str) -> Answer:
        """Files are those that changed since both parted, whatever else the base holds; three hundred at most."""
        first, second = one.code.resolved(base), one.code.resolved(head)
        if first is None or second is None:
            raise not_found()
        before, after = list(_line(one, first)), list(_line(one, second))
        parted = next((commit for commit in after if commit in before), None)
        if parted is None:
            raise Refused(404, f"No common ancestor between {base} and {head}.")
        ahead = [commit for commit in after if commit not in before]
        behind = [commit for commit in before if commit not in after]
        status = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
        url = f"{self.fake.bodies.api}/repos/{one.full_name}/compare/{base}...{head}"
        page = f"{self.fake.bodies.web}/{one.full_name}/compare/{base}...{head}"
        told: Raw = {"url": url, "html_url": page, "permalink_url": page, "status": status, "total_commits": len(ahead)}
        told |= {"diff_url": f"{page}.diff", "patch_url": f"{page}.patch", "ahead_by": len(ahead)}
        told |= {"behind_by": len(behind), "base_commit": self.files.written(one, first)}
        told["merge_base_commit"] = self.files.written(one, parted)
        told["commits"] = [self.files.written(one, commit) for commit in reversed(ahead)][:MOST_COMMITS]
        return Answer(200, told | {"files": list(self._changes(one, parted, second))[:MOST_FILES]})

    def _changes(self, one: Repository, old: Commit, new: Commit) -> Iterator[Raw]:
        """The same content at another path was renamed."""
        before = {path: entry.sha for path, entry in one.code.walk(old.tree)}
        after = {path: entry.sha for path, entry in one.code.walk(new.tree)}
        lost = {sha: path for path, sha in before.items() if path not in after}
        for path in sorted(after):
            if after[path] == before.get(path):
                continue
            previous = lost.pop(after[path], "") if path not in before else ""
            status = "renamed" if previous else "modified" if path in before else "added"
            told = self._change(one, new, path, after[path], status)
            yield told | ({"previous_filename": previous} if previous else {})
        for sha, path in lost.items():
            yield self._change(one, new, path, sha, "removed")

    def _change(self, one: Repository, commit: Commit, path: str, sha: str, status: str) -> Raw:
        page = f"{self.fake.bodies.web}/{one.full_name}"
        told: Raw = {"sha": sha, "filename": path, "status": status, "additions": 1, "deletions": 0, "changes": 1}
        told |= {"blob_url": f"{page}/blob/{commit.sha}/{path}", "raw_url": f"{page}/raw/{commit.sha}/{path}"}
        contents = f"{self.fake.bodies.api}/repos/{one.full_name}/contents/{path}"
        return told | {"contents_url": f"{contents}?ref={commit.sha}"}

    # Archives

    def _tarball(self, call: Call, one: Repository, name: str | None) -> Answer:
        """A redirect to a host of its own; what leads there holds for five minutes."""
        commit = one.code.resolved(name or "HEAD")
        if commit is None:
            raise not_found()
        until = int((self.fake.now + ARCHIVE_HOLDS).timestamp())
        ticket = urlsafe_b64encode(f"{until}:{one.id}".encode()).decode()
        port = urlsplit(self.fake.url).port
        place = f"http://localhost:{port}/codeload/{one.full_name}/legacy.tar.gz/{commit.sha}?token={ticket}"
        return Answer(302, b"", {"Location": place})

    def archive(self, asked: Asked, sha: str) -> Answer:
        """What lies behind the redirect. `export-ignore` leaves files out, `export-subst` changes them."""
        try:
            until, _, number = b64decode(asked.query.get("token", ""), altchars=b"-_").decode().partition(":")
        except ValueError as error:
            raise not_found() from error
        one = self.fake.state.repositories.get(int(number or 0))
        commit = one.code.commits.get(sha) if one else None
        if one is None or commit is None or int(until) < self.fake.now.timestamp():
            raise not_found()
        return Answer(200, _packed(one, commit), {"Content-Type": "application/x-gzip"})


def _line(one: Repository, commit: Commit) -> Iterator[Commit]:
    """This commit and all before it, the newest first."""
    waiting, seen = [commit.sha], set()
    while waiting:
        sha = waiting.pop(0)
        if sha not in seen and sha in one.code.commits:
            seen.add(sha)
            yield one.code.commits[sha]
            waiting.extend(one.code.commits[sha].parents)


def _packed(one: Repository, commit: Commit) -> bytes:
    attributes = one.code.found(commit.tree, ".gitattributes")
    rules = one.code.blobs[attributes.sha].bytes.decode() if attributes else ""
    ignored, changed = (_patterns(rules, word) for word in ("export-ignore", "export-subst"))
    top, packed = f"{one.full_name.replace('/', '-')}-{commit.sha[:7]}", io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", errors="surrogateescape") as archive:
        for path, entry in one.code.walk(commit.tree):
            if any(fnmatch(path, pattern) for pattern in ignored):
                continue
            member = tarfile.TarInfo(f"{top}/{path}")
            content = b"" if entry.mode == SUBMODULE else one.code.blobs[entry.sha].bytes
            if any(fnmatch(path, pattern) for pattern in changed):
                content = content.replace(b"$Format:%H$", commit.sha.encode())
            if entry.mode == SYMLINK:
                member.type, member.linkname = tarfile.SYMTYPE, content.decode(errors="surrogateescape")
            elif entry.mode == SUBMODULE:
                member.type = tarfile.DIRTYPE
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content) if member.isfile() else None)
    return gzip.compress(packed.getvalue(), mtime=0)


def _patterns(rules: str, word: str) -> list[str]:
    return [line.split()[0] for line in rules.splitlines() if word in line.split()[1:]]
