"""The wiki of one repository: pages in a real git repository, served by git's own program."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from .web import Answer, Asked

if TYPE_CHECKING:
    from .github_repository import Repository

BRANCH = "refs/heads/master"
# Nothing of the person who runs the tests has a say here.
ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class Wiki:
    """Pages by their file name: "Home.md". Until the first is written, there is no repository at all."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.pages: dict[str, bytes] = {}
        self._written = False

    @property
    def exists(self) -> bool:
        return self._written

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

    @property
    def head(self) -> str:
        return self._git("rev-parse", BRANCH).decode().strip()

    def _commit(self, message: str, *, anew: bool = False) -> str:
        """One commit that holds exactly the pages."""
        if not self._written:
            self.folder.mkdir(parents=True)
            self._git("init", "--quiet", "--bare", "--initial-branch=master", str(self.folder))
            self._written = True
            anew = True
        at = int(self._repository.state.act().timestamp())
        lines = [f"reset {BRANCH}\n".encode()] if anew else []
        lines += [f"commit {BRANCH}\n".encode(), f"committer Mona <mona@example.com> {at} +0000\n".encode()]
        lines += [_told(message.encode()), b"" if anew else f"from {BRANCH}^0\n".encode(), b"deleteall\n"]
        for name, content in self.pages.items():
            path = name.replace("\\", "\\\\").replace('"', '\\"').encode(errors="surrogateescape")
            lines += [b'M 100644 inline "' + path + b'"\n', _told(content)]
        self._git("fast-import", "--quiet", "--force", given=b"".join(lines))
        return self.head

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        environment = {"PATH": os.environ["PATH"], "GIT_DIR": str(self.folder), **ALONE}
        done = subprocess.run(["git", *arguments], input=given, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def destroy(self) -> None:
        """As if nobody had ever written a page."""
        if self._written:
            shutil.rmtree(self.folder)
        self.pages, self._written = {}, False

    def serve(self, asked: Asked, service: str) -> Answer:
        """What git's program for servers answers; `service` is the path below the repository."""
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.folder.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{self.folder.name}/{service}",
            "REQUEST_METHOD": asked.method,
            "QUERY_STRING": urlencode(asked.query),
            "CONTENT_TYPE": asked.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(asked.body)),
            "REMOTE_USER": "x",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": asked.headers.get("git-protocol", ""),
            **ALONE,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "uploadpack.allowFilter",
            "GIT_CONFIG_VALUE_0": "true",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=asked.body, env=environment, capture_output=True, check=False
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200").split(" ")[0])
        return Answer(status, body, headers)


def _told(content: bytes) -> bytes:
    """Bytes in the words of fast-import."""
    return b"data %d\n%s\n" % (len(content), content)
