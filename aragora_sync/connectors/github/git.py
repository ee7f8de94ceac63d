"""Repositories that only git can read: fetched as they are, never checked out, so that nothing in them is ever run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...core.errors import AccessError, NotFound, SourceError, TransientError
from ...core.stop import Stopped, StopSign

LONGEST_SECONDS = 600.0  # of one call of git
LOOK_SECONDS = 0.2  # how long a stop may go unnoticed
SETTINGS = {
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "protocol.allow": "never",
    "protocol.https.allow": "always",
}
MISSING = re.compile(r"repository .*not found|error: 404\b", re.IGNORECASE)
REFUSED = re.compile(r"authentication failed|could not read username|error: 40[13]\b", re.IGNORECASE)


class Blob(NamedTuple):
    """A file of a commit."""

    path: str
    mode: str
    sha: str


class Git:
    """The program git, told who asks by its environment, which no other user can read."""

    def __init__(self, headers: Mapping[str, str], stop: StopSign, *, allow_http: bool = False) -> None:
        program = shutil.which("git")
        if program is None:
            raise SourceError("git is not installed; wikis are read by it.", hint="install git, or set sync_wikis: no")
        self._program = program
        self._stop = stop
        settings = [*SETTINGS.items(), *([("protocol.http.allow", "always")] if allow_http else [])]
        settings += [("http.extraHeader", f"{name}: {value}") for name, value in headers.items()]
        self._environment = {
            **os.environ,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "LC_ALL": "C",
            "GIT_CONFIG_COUNT": str(len(settings)),
        }
        for place, (name, value) in enumerate(settings):
            self._environment |= {f"GIT_CONFIG_KEY_{place}": name, f"GIT_CONFIG_VALUE_{place}": value}
        if (trusted := os.environ.get("SSL_CERT_FILE")) and "GIT_SSL_CAINFO" not in os.environ:
            self._environment["GIT_SSL_CAINFO"] = trusted

    def head(self, address: str) -> str:
        """The commit of the default branch; empty where nothing was ever committed. NotFound where there is none."""
        told = self._run(["ls-remote", "--", address, "HEAD"]).decode()
        return told.partition("\t")[0].strip()

    def clone(self, address: str, folder: Path) -> None:
        """The newest commit, without a working tree."""
        self._run(["clone", "--quiet", "--bare", "--depth=1", "--no-tags", "--", address, str(folder)])

    def files(self, folder: Path, commit: str) -> Iterator[Blob]:
        """All files of a commit."""
        for line in self._run(["-C", str(folder), "ls-tree", "-r", "-z", commit]).split(b"\0"):
            if line:
                what, _, path = line.partition(b"\t")
                mode, _, sha = what.decode().split(" ")
                yield Blob(path.decode("utf-8", "replace"), mode, sha)

    def content(self, folder: Path, sha: str) -> bytes:
        """What a file holds."""
        return self._run(["-C", str(folder), "cat-file", "blob", sha])

    def _run(self, arguments: Sequence[str]) -> bytes:
        with subprocess.Popen(  # noqa: S603 - no shell; addresses come after --
            [self._program, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                output, error = self._wait(process)
            finally:
                process.kill()
        if process.returncode:
            raise _explained(error.decode("utf-8", "replace"))
        return output

    def _wait(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        left = LONGEST_SECONDS
        while True:
            try:
                return process.communicate(timeout=LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                left -= LOOK_SECONDS
                if self._stop.requested:
                    raise Stopped from None
                if left <= 0:
                    raise TransientError(f"git took longer than {LONGEST_SECONDS:.0f} s.") from None


def _explained(told: str) -> SourceError:
    """What git's last words mean."""
    if REFUSED.search(told):
        return AccessError("the token may not read the wiki by git.", hint="give it read access to the contents")
    if MISSING.search(told):
        return NotFound("there is no such repository.")
    return TransientError(f"git could not read it: {told.strip().splitlines()[-1] if told.strip() else 'no reason'}")
