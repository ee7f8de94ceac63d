"""Blocks, attachments and files of a message as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .message import Message
from .mrkdwn import Called, code_block, dated, link, markdown_of, unescaped

Raw = Mapping[str, Any]

STYLES = (("code", "`"), ("strike", "~~"), ("italic", "_"), ("bold", "**"))  # the innermost first


def text_of(message: Message, names: Called) -> str:
    """All that is to be read in a message."""
    raw = message.raw
    parts = [_own_text(raw, names)]
    parts += [_attachment(each, names) for each in raw.get("attachments") or ()]
    parts += [_file(each) for each in message.files if each.get("mode") != "tombstone"]
    return "\n\n".join(part for part in parts if part)


def _own_text(raw: Raw, names: Called) -> str:
    """Blocks where there are some: `text` is then only what a notification shows."""
    blocks = blocks_of(raw.get("blocks") or (), names)
    return blocks or markdown_of(raw.get("text") or "", names).strip()


def blocks_of(blocks: Iterable[Raw], names: Called) -> str:
    """Blocks below each other; those of an unknown type say nothing."""
    parts = [_BLOCKS[each["type"]](each, names) for each in blocks if each.get("type") in _BLOCKS]
    return "\n\n".join(part for part in parts if part)


def _attachment(raw: Raw, names: Called) -> str:
    nested = [*(raw.get("blocks") or ()), *_message_blocks(raw)]
    title = raw.get("title") or ""
    parts = [
        markdown_of(raw.get("pretext") or "", names),
        link(raw["title_link"], unescaped(title)) if title and raw.get("title_link") else unescaped(title),
        blocks_of(nested, names) or markdown_of(raw.get("text") or "", names),
        *(_field(each, names) for each in raw.get("fields") or ()),
    ]
    shown = "\n".join(part for part in parts if part) or markdown_of(raw.get("fallback") or "", names)
    around = (unescaped(raw.get("author_name") or ""), shown, unescaped(raw.get("footer") or ""))
    return "\n".join(part for part in around if part)


def _message_blocks(raw: Raw) -> Iterable[Raw]:
    """The blocks of another message that was shared in this one."""
    for shared in raw.get("message_blocks") or ():
        yield from (shared.get("message") or {}).get("blocks") or ()


def _field(raw: Raw, names: Called) -> str:
    title, value = raw.get("title") or "", markdown_of(raw.get("value") or "", names)
    return f"{title}: {value}" if title else value


def _file(raw: Raw) -> str:
    name = raw.get("title") or raw.get("name") or raw.get("id") or "file"
    return f"File: {link(raw['permalink'], name)}" if raw.get("permalink") else f"File: {name}"


# Blocks


def _text(raw: Raw | None, names: Called) -> str:
    """A text object: plain, or in Slack's markup."""
    if not raw:
        return ""
    text = str(raw.get("text") or "")
    return markdown_of(text, names) if raw.get("type") == "mrkdwn" else text


def _section(raw: Raw, names: Called) -> str:
    parts = [raw.get("text"), *(raw.get("fields") or ())]
    return "\n".join(part for part in (_text(each, names) for each in parts) if part)


def _header(raw: Raw, names: Called) -> str:
    text = _text(raw.get("text"), names)
    return f"### {text}" if text else ""


def _context(raw: Raw, names: Called) -> str:
    return " ".join(_text(each, names) or each.get("alt_text") or "" for each in raw.get("elements") or ()).strip()


def _actions(raw: Raw, names: Called) -> str:
    labels = [_text(each.get("text") or each.get("placeholder"), names) for each in raw.get("elements") or ()]
    return " ".join(f"[{label}]" for label in labels if label)


def _image(raw: Raw, names: Called) -> str:
    label = _text(raw.get("title"), names) or raw.get("alt_text") or ""
    return f"Image: {label}" if label else ""


def _video(raw: Raw, names: Called) -> str:
    title = _text(raw.get("title"), names) or raw.get("alt_text") or ""
    address = raw.get("title_url") or raw.get("video_url") or ""
    return f"Video: {link(address, title) if address else title}" if title or address else ""


def _input(raw: Raw, names: Called) -> str:
    return _text(raw.get("label"), names)


def _markdown(raw: Raw, names: Called) -> str:
    return str(raw.get("text") or "")


def _table(raw: Raw, names: Called) -> str:
    rows = [[_cell(cell, names) for cell in row] for row in raw.get("rows") or ()]
    if not rows:
        return ""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(raw: Raw, names: Called) -> str:
    text = _rich_text(raw, names) if raw.get("type") == "rich_text" else str(raw.get("text") or "")
    return text.replace("\n", " ").replace("|", "\\|")


def _call(raw: Raw, names: Called) -> str:
    name = ((raw.get("call") or {}).get("v1") or {}).get("name") or ""
    return f"Call: {name}" if name else ""


# Rich text


def _rich_text(raw: Raw, names: Called) -> str:
    parts = [_rich_part(each, names) for each in raw.get("elements") or ()]
    return "\n".join(part for part in parts if part).strip("\n")


def _rich_part(raw: Raw, names: Called) -> str:
    elements = raw.get("elements") or ()
    match raw.get("type"):
        case "rich_text_list":
            return _list(raw, names)
        case "rich_text_preformatted":
            return code_block("".join(_leaf(each, names, plain=True) for each in elements))
        case "rich_text_quote":
            return "\n".join(f"> {line}" for line in _leaves(elements, names).splitlines())
    return _leaves(elements, names)


def _list(raw: Raw, names: Called) -> str:
    indent = "    " * (raw.get("indent") or 0)
    first = (raw.get("offset") or 0) + 1
    lines = []
    for number, each in enumerate(raw.get("elements") or (), first):
        mark = f"{number}." if raw.get("style") == "ordered" else "-"
        lines.append(f"{indent}{mark} {_leaves(each.get('elements') or (), names)}")
    return "\n".join(lines)


def _leaves(elements: Iterable[Raw], names: Called) -> str:
    return "".join(_leaf(each, names) for each in elements)


def _leaf(raw: Raw, names: Called, plain: bool = False) -> str:
    kind = raw.get("type")
    if kind == "text":
        text = str(raw.get("text") or "")
    elif kind == "link":
        url, label = str(raw.get("url") or ""), str(raw.get("text") or "")
        text = label or url if plain else link(url, label)
    else:
        text = _mention(raw, names)
    return text if plain else _styled(text, raw.get("style") or {})


def _mention(raw: Raw, names: Called) -> str:
    match raw.get("type"):
        case "user":
            return f"@{names.user(raw.get('user_id') or '')}"
        case "usergroup":
            return f"@{names.group(raw.get('usergroup_id') or '')}"
        case "channel":
            return f"#{names.channel(raw.get('channel_id') or '')}"
        case "broadcast":
            return f"@{raw.get('range') or 'channel'}"
        case "emoji":
            return f":{raw.get('name') or ''}:"
        case "date":
            return dated(str(raw.get("timestamp") or ""), raw.get("fallback") or "")
        case "color":
            return str(raw.get("value") or "")
    return ""


def _styled(text: str, style: Raw) -> str:
    """Marks stand at the words, never at the space around them."""
    inner = text.strip()
    if not inner or not style:
        return text
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    for name, mark in STYLES:
        if style.get(name):
            inner = f"{mark}{inner}{mark}"
    return f"{lead}{inner}{tail}"


_BLOCKS: Mapping[str, Callable[[Raw, Called], str]] = {
    "actions": _actions,
    "call": _call,
    "context": _context,
    "header": _header,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "section": _section,
    "table": _table,
    "video": _video,
}
