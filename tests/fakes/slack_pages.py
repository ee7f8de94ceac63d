"""How Slack's Web API takes arguments, tells things in pages, and refuses: what needs no workspace."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any

from .slack_state import Raw

TS = re.compile(r"\d+(\.\d{1,6})?")
YES = ("true", "1")
STUBBED = "check_file_info"


class Refused(Exception):
    """Ends a method with an error."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.body = {"ok": False, "error": error, **more}


def argument(told: dict[str, str], name: str) -> str:
    if not told.get(name):
        messages = [f"[ERROR] missing required field: {name}"]
        raise Refused("invalid_arguments", response_metadata={"messages": messages})
    return told[name]


def size_of(told: dict[str, str], usual: int, most: int) -> int:
    """How many are asked for."""
    asked = told.get("limit", str(usual))
    if not asked.isdecimal() or not 0 < int(asked) <= most:
        raise Refused("invalid_limit")
    return int(asked)


def as_listed(raw: Raw) -> Raw:
    """As it is shown among others: some files are only told of by their own method."""
    copied = {**raw}
    if "files" in copied:
        copied["files"] = [stub(file) if file.get("file_access") == STUBBED else file for file in copied["files"]]
    return copied


def stub(file: Raw) -> Raw:
    return {name: file[name] for name in ("id", "timestamp", "user", "file_access")} | {"mode": "file_access"}


def id_of(raw: Raw) -> str:
    return str(raw["id"])


def ts_of(raw: Raw) -> str:
    return str(raw["ts"])


def time_of(ts: str) -> tuple[int, int]:
    seconds, _, rest = ts.partition(".")
    return int(seconds), int(rest.ljust(6, "0"))


def within(ts: str, told: dict[str, str]) -> bool:
    """Bounds are exclusive unless `inclusive` is given."""
    inclusive = told.get("inclusive") in YES
    time = time_of(ts)
    oldest, latest = time_of(told.get("oldest", "0")), time_of(told.get("latest", "9999999999"))
    return oldest <= time <= latest if inclusive else oldest < time < latest


def bound_of(told: dict[str, str]) -> str:
    """What a cursor holds for: all parameters but how many, and itself."""
    return "&".join(f"{name}={told[name]}" for name in sorted(told) if name not in ("cursor", "limit"))


def cursor_for(place: str, bound: str) -> str:
    return b64encode(f"{place}|{bound}".encode()).decode()


def empty_page(told: dict[str, str]) -> Raw:
    """How an empty page goes on."""
    return {"response_metadata": {"next_cursor": cursor_for("first", bound_of(told))}}


def opened(cursor: str) -> tuple[str, str]:
    try:
        place, _, bound = b64decode(cursor, validate=True).decode().partition("|")
    except ValueError as error:
        raise Refused("invalid_cursor") from error
    return place, bound
