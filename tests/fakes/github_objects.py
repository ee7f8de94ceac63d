"""Files in the words of GraphQL's schema at GitHub."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from . import github_code as code
from .github_json import iso
from .github_repository import Repository

if TYPE_CHECKING:
    from .github_roots import Asking

LOOKED_AT_BYTES = 8000  # whether a file is binary shows at its beginning


class Ref:
    def __init__(self, asking: Asking, one: Repository, name: str) -> None:
        self._asking, self._one = asking, one
        self.name, self.prefix, self.id = name, "refs/heads/", f"REF_{one.node_id}_{name}"

    @property
    def target(self) -> Commit | None:
        found = self._one.code.resolved(self.name)
        return Commit(self._asking, self._one, found) if found else None


class _Object:
    def __init__(self, asking: Asking, one: Repository, oid: str) -> None:
        self._asking, self._one = asking, one
        self.oid, self.abbreviated_oid, self.id = oid, oid[:7], f"{type(self).__name__}_{one.node_id}_{oid}"
        self.commit_url = f"{asking.fake.bodies.web}/{one.full_name}/commit/{oid}"
        self.commit_resource_path = f"/{one.full_name}/commit/{oid}"

    @property
    def repository(self) -> Any:
        return self._asking.see(self._one, "gone")


class Commit(_Object):
    def __init__(self, asking: Asking, one: Repository, made: code.Commit) -> None:
        super().__init__(asking, one, made.sha)
        self._made = made
        self.message, self.message_headline, self.message_body = made.message, made.message.split("\n")[0], ""
        self.committed_date = self.authored_date = iso(made.at)
        self.url = self.commit_url
        who = {"name": made.author, "email": made.email, "date": iso(made.at), "user": None}
        self.author = self.committer = who

    @property
    def tree(self) -> Tree:
        return Tree(self._asking, self._one, self._one.code.trees[self._made.tree])


class Tree(_Object):
    def __init__(self, asking: Asking, one: Repository, made: code.Tree) -> None:
        super().__init__(asking, one, made.sha)
        self._made = made

    @property
    def entries(self) -> list[TreeEntry]:
        return [TreeEntry(self._asking, self._one, entry) for entry in self._made.entries]


class TreeEntry:
    def __init__(self, asking: Asking, one: Repository, entry: code.Entry) -> None:
        self._asking, self._one = asking, one
        self.name, self.oid, self.type, self.mode = entry.text, entry.sha, entry.kind, int(entry.mode, 8)
        self.path, self.name_raw = entry.text, b64encode(entry.name).decode()
        blob = one.code.blobs.get(entry.sha) if entry.kind == "blob" else None
        self.size, self.extension = blob.size if blob else 0, f".{self.name.rpartition('.')[2]}"
        self.is_generated, self.submodule = False, None

    @property
    def object(self) -> Any:
        return found_object(self._asking, self._one, self.oid, None)


class Blob(_Object):
    """`text`: null of what is binary, cut where it is long; what is no UTF-8 is read as Latin-1."""

    def __init__(self, asking: Asking, one: Repository, blob: code.Blob) -> None:
        super().__init__(asking, one, blob.sha)
        most = asking.fake.text_bytes
        content = blob.content if blob.content is not None else bytes(LOOKED_AT_BYTES)
        self.byte_size, self.is_binary = blob.size, b"\0" in content[:LOOKED_AT_BYTES]
        self.is_truncated = blob.size > most
        self.text = None if self.is_binary else _decoded(content[:most], cut=self.is_truncated)


def _decoded(content: bytes, *, cut: bool) -> str:
    """`cut`: the last character may have lost its end."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        halved = cut and error.end == len(content)
        return content[: error.start].decode() if halved else content.decode("latin-1")


def found_object(asking: Asking, one: Repository, oid: str | None, expression: str | None) -> Any:
    """By its name, or by words such as `HEAD:docs/a.md`; nothing where nothing is."""
    if expression is not None:
        name, colon, path = expression.partition(":")
        commit = one.code.resolved(name)
        entry = one.code.found(commit.tree, path) if commit and colon else None
        oid = (entry.sha if entry else None) if colon else (commit.sha if commit else None)
    if oid in one.code.blobs:
        return Blob(asking, one, one.code.blobs[oid])
    if oid in one.code.trees:
        return Tree(asking, one, one.code.trees[oid])
    return Commit(asking, one, one.code.commits[oid]) if oid in one.code.commits else None
