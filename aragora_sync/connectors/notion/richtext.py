"""Rich text of Notion as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MARKS = (("bold", "**"), ("italic", "*"), ("strikethrough", "~~"))  # the innermost first
_SPECIAL = re.compile(r"([\\`*\[\]<])")
_SIGNED = re.compile(r"(https?://[^\s?)>\"]+)\?[^\s)>\"]*(?:X-Amz-|signature=)[^\s)>\"]*", re.IGNORECASE)

Names = Mapping[str, str]


def plain(parts: Iterable[Mapping[str, Any]]) -> str:
    """The text alone."""
    return "".join(part.get("plain_text") or "" for part in parts)


def markdown(parts: Iterable[Mapping[str, Any]], names: Names) -> str:
    """The text with its emphasis and links."""
    return "".join(_part(part, names) for part in parts)


def person(raw: Mapping[str, Any], names: Names) -> str:
    """A user's name; the id where the integration may not know it."""
    return str(raw.get("name") or names.get(raw.get("id", ""), "") or raw.get("id", ""))


def code(text: str) -> str:
    """Text as code, whatever it holds."""
    fence = "`"
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def link(text: str, url: str) -> str:
    return f"[{text}]({unsigned(url).replace(' ', '%20').replace('(', '%28').replace(')', '%29')})"


def unsigned(text: str) -> str:
    """Without the signatures of addresses, which are others with each answer."""
    return _SIGNED.sub(r"\1", text) if "?" in text else text


def _part(part: Mapping[str, Any], names: Names) -> str:
    text = str(part.get("plain_text") or "")
    kind = part.get("type")
    marks = part.get("annotations") or {}
    if kind == "equation":
        return f"${(part.get('equation') or {}).get('expression') or text}$"
    if kind == "mention":
        text = _mention(part, text, names)
    core = text.strip()
    if not core:
        return text
    lead, _, trail = text.partition(core)
    core = code(core) if marks.get("code") else _SPECIAL.sub(r"\\\1", core)
    for mark, sign in MARKS:
        if marks.get(mark):
            core = f"{sign}{core}{sign}"
    if part.get("href"):
        core = link(core, str(part["href"]))
    return f"{lead}{core}{trail}"


def _mention(part: Mapping[str, Any], text: str, names: Names) -> str:
    mention = part.get("mention") or {}
    if mention.get("type") == "user":
        return f"@{person(mention.get('user') or {}, names)}" if text in ("", "@Anonymous") else text
    return text
