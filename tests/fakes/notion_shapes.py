"""Notion's objects as answers give them: pages, databases, data sources, blocks, comments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .notion_model import Block, Comment, Database, Page, Source, Thing, spans
from .notion_sight import Raw, stamp
from .notion_values import Values

TEXTS = ("paragraph", "bulleted_list_item", "numbered_list_item", "quote", "toggle", "to_do", "callout", "template")
TEXTS += ("heading_1", "heading_2", "heading_3", "heading_4", "code")
FILES = ("image", "video", "audio", "pdf", "file")
LINKS = ("bookmark", "embed")
OPAQUE = ("child_page", "child_database")
BARE = ("divider", "breadcrumb", "column_list", "tab")


class Shapes(Values):
    """What is answered about one thing."""

    def page(self, page: Page, only: list[str] | None = None) -> Raw:
        told = {"object": "page", "id": page.id, **self._times(page), **self._people(page)}
        told |= {"in_trash": self.space.in_trash(page), "is_archived": page.archived, "is_locked": page.locked}
        told |= {"icon": self._icon(page.icon), "cover": self._cover(page.cover), "parent": self.parent(page)}
        told |= {"url": self.address(page), "public_url": page.public_url}
        return {**told, "properties": self.properties(page, only)}

    def database(self, database: Database) -> Raw:
        """Since 2025-09-03 it has no properties any more."""
        sources = [
            {"id": each.id, "name": self.title(each)}
            for each in database.sources
            if self.shown(each) and not each.trashed
        ]
        told = {"object": "database", "id": database.id, "title": self.rich(database.title)}
        told |= {"description": self.rich(database.description), "parent": self.parent(database)}
        told |= {"is_inline": database.inline, "in_trash": self.space.in_trash(database), "is_locked": database.locked}
        told |= {**self._times(database), "data_sources": sources, "icon": None, "cover": None}
        return {**told, "url": self.address(database), "public_url": None}

    def source(self, source: Source) -> Raw:
        told = {"object": "data_source", "id": source.id, **self._times(source), **self._people(source)}
        told |= {"title": self.rich(source.title), "description": self.rich(source.description)}
        told |= {"parent": self.parent(source), "database_parent": self.parent(source.database)}
        told |= {"is_inline": source.database.inline, "in_trash": self.space.in_trash(source)}
        told |= {"properties": self.schema(source), "icon": None, "cover": None}
        return {**told, "url": self.address(source.database), "public_url": None}

    def row(self, thing: Page | Source, only: list[str] | None = None) -> Raw:
        """In listings."""
        return self.page(thing, only) if isinstance(thing, Page) else self.source(thing)

    def partial(self, thing: Thing) -> Raw:
        """Of what cannot be read, or is listed so for no reason."""
        kinds = ((Page, "page"), (Source, "data_source"), (Database, "database"))
        return {"object": next((name for kind, name in kinds if isinstance(thing, kind)), "block"), "id": thing.id}

    def block(self, block: Block) -> Raw:
        told = {"object": "block", "id": block.id, "parent": self.parent(block), **self._times(block)}
        told |= {**self._people(block), "has_children": bool(self.children(block))}
        told |= {"in_trash": self.space.in_trash(block), "type": block.kind}
        return {**told, block.kind: self._content(block)}

    def children(self, block: Block) -> list[Block]:
        """A copy of a synced block has those of the original."""
        if isinstance(block, Database):
            return []
        original = self.original(block)
        if original is not None:
            return self.children(original) if self.shown(original) else []
        return [each for each in block.children if not each.trashed]

    def original(self, block: Block) -> Block | None:
        """What a synced block is a copy of; None of an original, and where that is gone."""
        if block.kind != "synced_block" or not block.content.get("synced_from"):
            return None
        found = self.space.things.get(block.content["synced_from"])
        fit = isinstance(found, Block) and not isinstance(found, Page | Database) and found not in block.above()
        return found if fit else None

    def comment(self, comment: Comment) -> Raw:
        kind = "page_id" if isinstance(comment.on, Page) else "block_id"
        told = {"object": "comment", "id": comment.id, "parent": {"type": kind, kind: comment.on.id}}
        told |= {"discussion_id": comment.discussion, "created_by": self.partial_user(comment.by)}
        told |= {"created_time": stamp(comment.created), "last_edited_time": stamp(comment.edited)}
        name = self.user(comment.by).get("name")
        return {**told, "rich_text": self.rich(comment.rich), "display_name": {"type": "user", "resolved_name": name}}

    # Inner

    def _times(self, thing: Thing) -> Raw:
        return {"created_time": stamp(thing.created), "last_edited_time": stamp(thing.edited)}

    def _people(self, thing: Thing) -> Raw:
        by, last = self.partial_user(thing.created_by), self.partial_user(thing.edited_by)
        return {"created_by": by, "last_edited_by": last}

    def _icon(self, icon: str | None) -> Raw | None:
        return {"type": "emoji", "emoji": icon} if icon else None

    def _cover(self, cover: str | None) -> Raw | None:
        """An address, or the name of a file that was uploaded."""
        return self.file(cover, cover if "://" in cover else None) if cover else None

    def _content(self, block: Block) -> Raw:
        """What lies under the key of its kind."""
        kind, content = block.kind, block.content
        writers: dict[str, Callable[[Block], Raw]] = {
            **dict.fromkeys(TEXTS, self._text),
            **dict.fromkeys(FILES, self._file_block),
            **dict.fromkeys(OPAQUE, lambda one: {"title": self.title(one)}),
            **dict.fromkeys(BARE, lambda _one: {}),
            **dict.fromkeys(LINKS, self._link),
            "table_row": lambda one: {"cells": [self.rich(cell) for cell in one.content["cells"]]},
            "synced_block": self._synced,
            "link_to_page": lambda one: {"type": next(iter(one.content)), **one.content},
            "meeting_notes": self._meeting,
            "unsupported": lambda one: {"block_type": one.content.get("block_type", "button")},
            "table_of_contents": lambda one: {"color": "default", **one.content},
        }
        return writers[kind](block) if kind in writers else {**content}

    def _link(self, block: Block) -> Raw:
        return {"url": block.content["url"], "caption": self.rich(spans(block.content.get("caption", "")))}

    def _synced(self, block: Block) -> Raw:
        origin = block.content.get("synced_from")
        return {"synced_from": {"type": "block_id", "block_id": origin} if origin else None}

    def _text(self, block: Block) -> Raw:
        kind, told = block.kind, {"rich_text": self.rich(block.rich)}
        if kind == "code":
            caption = self.rich(spans(block.content.get("caption", "")))
            return {**told, "caption": caption, "language": block.content.get("language", "plain text")}
        if kind == "template":
            return told
        told["color"] = block.content.get("color", "default")
        more: Raw = {key: value for key, value in block.content.items() if key not in ("icon", "color")}
        if kind.startswith("heading"):
            more = {"is_toggleable": bool(block.children), **more}
        if kind == "to_do":
            more = {"checked": False, **more}
        if kind in ("callout", "paragraph"):
            more["icon"] = self._icon(block.content.get("icon"))
        return {**told, **more}

    def _file_block(self, block: Block) -> Raw:
        """`name="plan.pdf"` of what was uploaded, or `external="https://…"`."""
        external, name = block.content.get("external"), block.content.get("name", f"{block.kind}.bin")
        told = {"caption": self.rich(spans(block.content.get("caption", ""))), **self.file(name, external)}
        return {**told, "name": name} if block.kind == "file" else told

    def _meeting(self, block: Block) -> Raw:
        """Its children are the summary, the notes and the transcript, in this order."""
        names = ("summary_block_id", "notes_block_id", "transcript_block_id")
        parts = {name: each.id for name, each in zip(names, block.children, strict=False)}
        return {"title": self.rich(block.rich), "status": "notes_ready", "children": parts}


def error(status: int, code: str, message: str, request_id: str = "", **additional: Any) -> Raw:
    """The body of every refusal."""
    told = {"object": "error", "status": status, "code": code, "message": message, "request_id": request_id}
    return {**told, "additional_data": additional} if additional else told
