"""git's own programs, for repositories in a folder of the tests, and for those who fetch from them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlencode

from .web import Answer, Asked

# Nothing that the person who runs the tests has set up has a say here.
ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
PARTIAL = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "uploadpack.allowFilter", "GIT_CONFIG_VALUE_0": "true"}


def begin(folder: Path, branch: str) -> None:
    """An empty bare repository."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--bare", f"--initial-branch={branch}", str(folder))


def git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    environment = {"PATH": os.environ["PATH"], "GIT_DIR": str(folder), **ALONE}
    done = subprocess.run(["git", *arguments], input=given, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def serve(folder: Path, asked: Asked, service: str) -> Answer:
    """What a server answers; `service` is the path below the repository."""
    told = {"PATH_INFO": f"/{folder.name}/{service}", "REQUEST_METHOD": asked.method}
    told |= {"QUERY_STRING": urlencode(asked.query), "CONTENT_TYPE": asked.headers.get("content-type", "")}
    told |= {"CONTENT_LENGTH": str(len(asked.body)), "REMOTE_USER": "x", "REMOTE_ADDR": "127.0.0.1"}
    told |= {"HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", "")}
    told |= {"GIT_PROTOCOL": asked.headers.get("git-protocol", ""), "GIT_HTTP_EXPORT_ALL": "1"}
    told |= {"GIT_PROJECT_ROOT": str(folder.parent), "PATH": os.environ["PATH"], **ALONE, **PARTIAL}
    done = subprocess.run(["git", "http-backend"], input=asked.body, env=told, capture_output=True, check=False)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    return Answer(int(headers.pop("Status", "200").split(" ")[0]), body, headers)
