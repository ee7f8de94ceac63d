"""What a real server needs of this machine, and what is said where that is missing."""

from __future__ import annotations

import os
import pwd
import socket
from typing import Any, NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """A visible skip on a user's machine, a failure where everything must be there."""
    if os.environ.get("ARAGORA_TEST_STRICT") == "1":
        pytest.fail(f"{what} is missing", pytrace=False)
    pytest.skip(f"{what} is missing")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unprivileged() -> dict[str, Any]:
    """Arguments of subprocess for a server that refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_away(folder: os.PathLike[str]) -> None:
    """The folder belongs to whom `unprivileged` names."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
