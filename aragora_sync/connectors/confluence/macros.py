"""Macros to Markdown: what a reader would see of each, as far as the body itself holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .markdown import Block, attached, fenced, quoted
from .storage import Node

if TYPE_CHECKING:
    from .markdown import Renderer

PANELS = {"info": "NOTE", "note": "WARNING", "tip": "TIP", "warning": "CAUTION", "panel": "NOTE"}
LISTS = frozenset(  # made by Confluence when somebody looks
    {
        *("toc", "toc-zone", "pagetree", "pagetreesearch", "children", "recently-updated", "contentbylabel"),
        *(
            "gallery",
            "livesearch",
            "detailssummary",
            "attachments",
            "space-attachments",
            "blog-posts",
            "change-history",
        ),
        *("contributors", "contributors-summary", "navmap", "recently-used-labels", "popular-labels", "labels-list"),
        *("related-labels", "tasks-report-macro", "anchor", "index", "profile-picture", "listlabels", "favpages"),
    }
)
SOURCES = {"mermaid": "mermaid", "mermaid-macro": "mermaid", "plantuml": "plantuml", "latex": "latex", "math": "latex"}
DIAGRAMS = ("drawio", "gliffy", "lucidchart", "drawio-sketch", "inc-drawio")
INLINE_MACROS = frozenset({"status", "jira", "anchor", "mathinline"})


def is_inline(node: Node) -> bool:
    """Whether it stands within a line."""
    return node.get("ac:name") in INLINE_MACROS and "ac:rich-text-body" not in {each.name for each in node.elements()}


def macro(renderer: Renderer, node: Node) -> str:
    """What a reader sees of it; a comment with its name where only Confluence knows."""
    name = node.get("ac:name")
    if name in LISTS:
        return ""
    if (made := MACROS.get(name)) is not None:
        return made(renderer, node)
    body = node.first("ac:rich-text-body")
    if body is not None:
        return renderer.blocks(body.children)
    plain = node.first("ac:plain-text-body")
    return fenced(plain.text) if plain is not None and plain.text.strip() else f"<!-- macro: {name} -->"


def _parameter(node: Node, name: str) -> str:
    for each in node.elements():
        if each.name == "ac:parameter" and each.get("ac:name") == name:
            return each.text.strip()
    return ""


def _body(renderer: Renderer, node: Node) -> str:
    body = node.first("ac:rich-text-body")
    return renderer.blocks(body.children) if body is not None else ""


def _code(_renderer: Renderer, node: Node) -> str:
    plain = node.first("ac:plain-text-body")
    block = fenced(plain.text if plain is not None else "", _parameter(node, "language"))
    title = _parameter(node, "title")
    return f"**{title}**\n\n{block}" if title else block


def _source(_renderer: Renderer, node: Node) -> str:
    plain = node.first("ac:plain-text-body")
    name = node.get("ac:name")
    return fenced(plain.text, SOURCES[name]) if plain is not None else f"<!-- macro: {name} -->"


def _panel(renderer: Renderer, node: Node) -> str:
    title, body = _parameter(node, "title"), _body(renderer, node)
    parts = [f"[!{PANELS[node.get('ac:name')]}]", *([f"**{title}**"] if title else []), *([body] if body else [])]
    return quoted("\n".join(parts))


def _expand(renderer: Renderer, node: Node) -> str:
    title, body = _parameter(node, "title"), _body(renderer, node)
    return "\n\n".join(part for part in (f"**{title}**" if title else "", body) if part)


def _status(_renderer: Renderer, node: Node) -> str:
    title = _parameter(node, "title")
    return f"[{title}]" if title else ""


def _jira(_renderer: Renderer, node: Node) -> str:
    key = _parameter(node, "key")
    if not key:
        return _parameter(node, "jqlQuery") or _parameter(node, "jql")
    server = _parameter(node, "baseUrl")
    return f"[{key}]({server}/browse/{key})" if server else key


def _include(renderer: Renderer, node: Node) -> str:
    """Another page, or its excerpt, shown here: only named, for it is an item of its own."""
    for each in node.elements():
        link = each if each.name == "ac:link" else each.first("ac:link", "ri:page")
        page = link.first("ri:page", "ri:blog-post") if link is not None and link.name == "ac:link" else link
        if page is not None and page.get("ri:content-title"):
            name, address = renderer.resource(page)
            return f"[include: {name}]({address})"
    name = _parameter(node, "") or _parameter(node, "name")
    return f"[include: {name}]" if name else ""


def _diagram(_renderer: Renderer, node: Node) -> str:
    name = _parameter(node, "diagramName") or _parameter(node, "name") or _parameter(node, "diagramDisplayName")
    return f"[{name}]({attached(name)})" if name else f"<!-- macro: {node.get('ac:name')} -->"


def _file(renderer: Renderer, node: Node) -> str:
    for each in node.elements():
        if (attachment := each.first("ri:attachment")) is not None:
            name, address = renderer.resource(attachment)
            return f"[{name}]({address})"
    return f"<!-- macro: {node.get('ac:name')} -->"


MACROS: Mapping[str, Block] = {
    "code": _code,
    "noformat": _code,
    **dict.fromkeys(PANELS, _panel),
    **dict.fromkeys(SOURCES, _source),
    **dict.fromkeys(DIAGRAMS, _diagram),
    "expand": _expand,
    "status": _status,
    "jira": _jira,
    **dict.fromkeys(("include", "excerpt-include"), _include),
    **dict.fromkeys(("view-file", "viewpdf", "viewdoc", "viewxls", "viewppt"), _file),
}
