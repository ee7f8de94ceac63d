"""The files of one repository, as git keeps them: blobs, trees and commits under their real names."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .github_git import begin

if TYPE_CHECKING:
    from .github_repository import Repository

FILE, PROGRAM, SYMLINK, SUBMODULE, FOLDER = "100644", "100755", "120000", "160000", "040000"


@dataclass(frozen=True)
class Link:
    """A symbolic link to this path."""

    target: str


@dataclass(frozen=True)
class Submodule:
    """Another repository, at this commit."""

    commit: str = "b7d3" * 10


@dataclass(frozen=True)
class Zeros:
    """A file of so many zero bytes, made only where somebody reads it."""

    size: int


@dataclass(frozen=True)
class Program:
    """A file that may be executed."""

    content: bytes


Content = bytes | str | Link | Submodule | Zeros | Program | None  # None: removed


@dataclass(frozen=True)
class Blob:
    sha: str
    size: int
    content: bytes | None  # None: zeros

    @property
    def bytes(self) -> bytes:
        return bytes(self.size) if self.content is None else self.content


@dataclass(frozen=True)
class Entry:
    """One line of a tree. `name` as git has it, which need not be UTF-8."""

    mode: str
    name: bytes
    sha: str

    @property
    def kind(self) -> str:
        return {FOLDER: "tree", SUBMODULE: "commit"}.get(self.mode, "blob")

    @property
    def text(self) -> str:
        """What an answer in JSON makes of the name."""
        return self.name.decode(errors="replace")


@dataclass(frozen=True)
class Tree:
    sha: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    message: str
    at: datetime
    author: str = "Mona Lisa"
    email: str = "mona@example.com"


@dataclass(eq=False)
class Branch:
    """The files in it: mode and SHA by path, where a path that is no UTF-8 holds surrogates."""

    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    head: str = ""


class Code:
    """Branches of files. All objects that ever were are kept, but those that `collect_garbage` takes away."""

    def __init__(self, repository: Repository) -> None:
        self.repository, self.state = repository, repository.state
        self.default_branch = "main"
        self.branches: dict[str, Branch] = {}
        self.blobs: dict[str, Blob] = {}
        self.trees: dict[str, Tree] = {}
        self.commits: dict[str, Commit] = {}
        self._written: dict[str, tuple[str, bytes]] = {}  # trees and commits, as git writes them

    # Acts

    def commit(self, files: Mapping[str, Content], message: str = "Change files", *, branch: str = "") -> str:
        """The new head. What is not named stays as it is."""
        name = branch or self.default_branch
        if name not in self.branches:
            base = self.branches.get(self.default_branch, Branch())
            self.branches[name] = Branch({**base.files}, base.head)
        target = self.branches[name]
        for path, content in files.items():
            if content is None:
                del target.files[path]
            else:
                target.files[path] = self._kept(content)
        return self._committed(target, message, [target.head] if target.head else [])

    def rename(self, path: str, new: str, *, branch: str = "") -> str:
        """The same content at another path; of a folder, all that is below it."""
        target = self.branches[branch or self.default_branch]
        moved = {old: entry for old, entry in target.files.items() if old == path or old.startswith(f"{path}/")}
        for old in moved:
            del target.files[old]
        target.files |= {new + old.removeprefix(path): entry for old, entry in moved.items()}
        return self._committed(target, f"Rename {path}", [target.head])

    def force_push(self, files: Mapping[str, Content], *, branch: str = "") -> str:
        """History begins anew with exactly these files."""
        target = self.branches[branch or self.default_branch]
        target.files = {path: self._kept(content) for path, content in files.items() if content is not None}
        return self._committed(target, "Start again", [])

    def reset(self, commit: str, *, branch: str = "") -> None:
        """The branch points to a commit that was there before."""
        target = self.branches[branch or self.default_branch]
        target.head = commit
        target.files = {path: (entry.mode, entry.sha) for path, entry in self.walk(self.commits[commit].tree)}
        self._pushed()

    def set_default_branch(self, name: str) -> None:
        """Moves no clock of the repository but `updated_at`."""
        self.default_branch = name
        self.repository.updated_at = self.state.act()

    def rename_branch(self, name: str, new: str) -> None:
        self.branches[new] = self.branches.pop(name)
        if self.default_branch == name:
            self.set_default_branch(new)

    def collect_garbage(self) -> None:
        """Commits that no branch leads to are gone."""
        kept: set[str] = set()
        waiting = [branch.head for branch in self.branches.values()]
        while waiting:
            sha = waiting.pop()
            if sha not in kept:
                kept.add(sha)
                waiting.extend(self.commits[sha].parents)
        self.commits = {sha: commit for sha, commit in self.commits.items() if sha in kept}

    # What there is

    @property
    def heads(self) -> dict[str, str]:
        """The newest commit of each branch."""
        return {name: branch.head for name, branch in self.branches.items()}

    @property
    def head(self) -> str:
        """The newest commit of the default branch; empty without one."""
        return self.heads.get(self.default_branch, "")

    @property
    def empty(self) -> bool:
        return not self.commits

    def files(self, branch: str = "") -> dict[str, tuple[str, str]]:
        """Mode and SHA of each file, by its path."""
        found = self.branches.get(branch or self.default_branch)
        return {**found.files} if found else {}

    def read(self, path: str, branch: str = "") -> bytes:
        return self.blobs[self.files(branch)[path][1]].bytes

    def walk(self, tree: str, above: bytes = b"") -> Iterator[tuple[str, Entry]]:
        """Everything below this tree but folders, by its path from there."""
        for path, entry in self.walk_all(tree, above):
            if entry.mode != FOLDER:
                yield path, entry

    def walk_all(self, tree: str, above: bytes = b"") -> Iterator[tuple[str, Entry]]:
        """The same with folders, each before what is in it."""
        for entry in self.trees[tree].entries:
            path = above + entry.name
            yield path.decode(errors="surrogateescape"), entry
            if entry.mode == FOLDER:
                yield from self.walk_all(entry.sha, path + b"/")

    def resolved(self, name: str) -> Commit | None:
        """The commit that a branch, `HEAD` or a SHA names."""
        name = name.removeprefix("refs/").removeprefix("heads/")
        sha = self.head if name in ("HEAD", "") else self.heads.get(name, name)
        return self.commits.get(sha)

    def found(self, tree: str, path: str) -> Entry | None:
        """What lies at a path below a tree."""
        entry = Entry(FOLDER, b"", tree)
        for part in path.split("/") if path else []:
            if entry.mode != FOLDER:
                return None
            inside = {one.text: one for one in self.trees[entry.sha].entries}
            if part not in inside:
                return None
            entry = inside[part]
        return entry

    # Objects

    def _kept(self, content: Content) -> tuple[str, str]:
        if isinstance(content, Submodule):
            return SUBMODULE, content.commit
        if isinstance(content, Zeros):
            sha = named("blob", bytes(content.size))
            self.blobs[sha] = Blob(sha, content.size, None)
            return FILE, sha
        mode = {Link: SYMLINK, Program: PROGRAM}.get(type(content), FILE)
        if isinstance(content, Link):
            content = content.target
        elif isinstance(content, Program):
            content = content.content
        written = content.encode() if isinstance(content, str) else content or b""
        sha = named("blob", written)
        self.blobs[sha] = Blob(sha, len(written), written)
        return mode, sha

    def _committed(self, branch: Branch, message: str, parents: list[str]) -> str:
        now = self.state.act()
        lines = {path.encode(errors="surrogateescape"): entry for path, entry in branch.files.items()}
        tree = self._planted(lines)
        commit = Commit("", tree, tuple(parents), message, now)
        who = f"{commit.author} <{commit.email}> {int(now.timestamp())} +0000"
        text = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {who}", f"committer {who}"]
        sha = self._write("commit", "\n".join([*text, "", message, ""]).encode())
        self.commits[sha] = Commit(sha, tree, tuple(parents), message, now)
        branch.head = sha
        self._pushed()
        return sha

    def _planted(self, files: Mapping[bytes, tuple[str, str]]) -> str:
        """The tree of these files."""
        entries: list[Entry] = []
        below: dict[bytes, dict[bytes, tuple[str, str]]] = {}
        for path, (mode, sha) in files.items():
            first, slash, rest = path.partition(b"/")
            if slash:
                below.setdefault(first, {})[rest] = (mode, sha)
            else:
                entries.append(Entry(mode, first, sha))
        entries += [Entry(FOLDER, name, self._planted(inside)) for name, inside in below.items()]
        entries.sort(key=lambda entry: entry.name + (b"/" if entry.mode == FOLDER else b""))
        written = b"".join(
            entry.mode.lstrip("0").encode() + b" " + entry.name + b"\0" + bytes.fromhex(entry.sha) for entry in entries
        )
        sha = self._write("tree", written)
        self.trees[sha] = Tree(sha, tuple(entries))
        return sha

    def _write(self, kind: str, content: bytes) -> str:
        sha = named(kind, content)
        self._written[sha] = (kind, content)
        return sha

    def as_git(self) -> Path:
        """A bare repository with all of this, for those who fetch."""
        folder = self.state.folder() / f"{self.repository.id}.git"
        if not folder.exists():
            begin(folder, self.default_branch)
        blobs = {sha: ("blob", blob.bytes) for sha, blob in self.blobs.items()}
        for sha, (kind, content) in {**self._written, **blobs}.items():
            path = folder / "objects" / sha[:2] / sha[2:]
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content, 1))
        heads = folder / "refs" / "heads"
        for old in [each for each in heads.rglob("*") if each.is_file()]:
            old.unlink()
        for name, head in self.heads.items():
            (heads / name).parent.mkdir(parents=True, exist_ok=True)
            (heads / name).write_text(f"{head}\n")
        (folder / "HEAD").write_text(f"ref: refs/heads/{self.default_branch}\n")
        return folder

    def _pushed(self) -> None:
        self.repository.pushed_at = self.repository.updated_at = self.state.now


def named(kind: str, content: bytes) -> str:
    """The name under which git keeps an object."""
    digest = hashlib.sha1(f"{kind} {len(content)}\0".encode(), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def lfs_pointer(content: bytes) -> bytes:
    """What lies in a repository in the place of a file that Git LFS keeps elsewhere."""
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n".encode()
