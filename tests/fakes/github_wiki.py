"""The wiki of one repository: pages in a real git repository."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .github_git import begin, git

if TYPE_CHECKING:
    from .github_repository import Repository

BRANCH = "refs/heads/master"


class Wiki:
    """Pages by their file name: "Home.md". Until the first is written, there is no repository at all."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.pages: dict[str, bytes] = {}
        self.exists = False

    @property
    def folder(self) -> Path:
        return self._repository.state.folder() / f"{self._repository.id}.wiki.git"

    def write(self, pages: Mapping[str, str | bytes | None], message: str = "Update pages") -> str:
        """Creates and changes these pages, removes those that are None; the new head."""
        for name, content in pages.items():
            if content is None:
                del self.pages[name]
            else:
                self.pages[name] = content.encode() if isinstance(content, str) else content
        return self._commit(message)

    def rename(self, name: str, new: str) -> str:
        self.pages[new] = self.pages.pop(name)
        return self._commit(f"Rename {name}")

    def rewrite(self, pages: Mapping[str, str | bytes]) -> str:
        """History begins anew with exactly these pages."""
        self.pages = {name: text.encode() if isinstance(text, str) else text for name, text in pages.items()}
        return self._commit("Start again", anew=True)

    def destroy(self) -> None:
        """As if nobody had ever written a page."""
        if self.exists:
            shutil.rmtree(self.folder)
        self.pages, self.exists = {}, False

    @property
    def head(self) -> str:
        return git(self.folder, "rev-parse", BRANCH).decode().strip()

    def _commit(self, message: str, *, anew: bool = False) -> str:
        """One commit that holds exactly the pages."""
        if not self.exists:
            begin(self.folder, "master")
            self.exists = anew = True
        at = int(self._repository.state.act().timestamp())
        lines = [f"reset {BRANCH}\n".encode()] if anew else []
        lines += [f"commit {BRANCH}\n".encode(), f"committer Mona <mona@example.com> {at} +0000\n".encode()]
        lines += [_told(message.encode()), b"" if anew else f"from {BRANCH}^0\n".encode(), b"deleteall\n"]
        for name, content in self.pages.items():
            path = name.replace("\\", "\\\\").replace('"', '\\"').encode(errors="surrogateescape")
            lines += [b'M 100644 inline "' + path + b'"\n', _told(content)]
        git(self.folder, "fast-import", "--quiet", "--force", given=b"".join(lines))
        return self.head


def _told(content: bytes) -> bytes:
    """Bytes in the words of fast-import."""
    return b"data %d\n%s\n" % (len(content), content)
