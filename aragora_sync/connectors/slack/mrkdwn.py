"""Slack's own markup as Markdown."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

_SPECIAL = re.compile(r"[<&*~`]")
_TOKEN = re.compile(
    r"```(?P<pre>.*?)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<(?P<angle>[@#!][^<>\n]+|[A-Za-z][\w+.-]*:[^<>\n]+)>"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])",
    re.DOTALL,
)
_UNSAFE_IN_URL = str.maketrans({"(": "%28", ")": "%29", " ": "%20", "<": "%3C", ">": "%3E"})


class Called(Protocol):
    """How people, groups and channels are called."""

    def user(self, user_id: str) -> str: ...
    def group(self, group_id: str) -> str: ...
    def channel(self, channel_id: str) -> str: ...


def markdown_of(text: str, names: Called) -> str:
    """The text with mentions by name, links and emphasis in Markdown; code stays as it was written."""
    if not _SPECIAL.search(text):
        return text
    parts, end = [], 0
    for token in _TOKEN.finditer(text):
        parts += [unescaped(text[end : token.start()]), _token(token, names)]
        end = token.end()
    return "".join([*parts, unescaped(text[end:])])


def unescaped(text: str) -> str:
    """The three characters that Slack escapes, as they were written."""
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def link(url: str, label: str) -> str:
    """A link; the address alone where nothing else is shown."""
    url = unescaped(url)
    if label in ("", url):
        return url
    if url == f"mailto:{label}":
        return label
    return f"[{label.replace('[', chr(92) + '[').replace(']', chr(92) + ']')}]({url.translate(_UNSAFE_IN_URL)})"


def code_block(text: str) -> str:
    """Preformatted lines."""
    return f"```\n{text.strip(chr(10))}\n```"


def _token(token: re.Match[str], names: Called) -> str:
    found = token[0]
    match token.lastgroup:
        case "pre":
            return code_block(unescaped(token["pre"]))
        case "code":
            return unescaped(found)
        case "bold":
            return f"**{markdown_of(token['bold'], names)}**"
        case "strike":
            return f"~~{markdown_of(token['strike'], names)}~~"
    return _angle(token["angle"], names)


def _angle(inside: str, names: Called) -> str:
    """What stands in angle brackets: a mention, a command or a link."""
    target, _, label = inside.partition("|")
    label = unescaped(label)
    match target[:1]:
        case "@":
            return f"@{names.user(target[1:])}"
        case "#":
            return f"#{label or names.channel(target[1:])}"
        case "!":
            return _command(target[1:], label, names)
    return link(target, label)


def _command(command: str, label: str, names: Called) -> str:
    kind, _, rest = command.partition("^")
    if kind == "subteam":
        return f"@{label.lstrip('@') or names.group(rest)}"
    if kind == "date":
        return dated(rest.partition("^")[0], label)
    return f"@{kind}" if kind in ("here", "channel", "everyone") else label or f"@{kind}"


def dated(seconds: str, fallback: str) -> str:
    """A moment, and how it was worded."""
    with suppress(ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
        return f"{moment} ({fallback})" if fallback else moment
    return fallback
