"""Pages and databases as the API tells them: where they belong, and what tells two states of them apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from ...core.changes import JSON, Item
from .dialect import Body
from .ids import address_of
from .moments import is_settled, minute_in, moment_of
from .properties import lines_of, title_of, values_of
from .richtext import Names, markdown, plain

HASH_BYTES = 9
UNTITLED = "Untitled"
UNSETTLED = "?"  # ends the version of what was read while its minute was not over
PAGE, ROW, DATABASE = "page", "row", "database"
PAGES, DATABASES, SOURCES = "pages", "databases", "data_sources"  # in the metadata: ids of what is shown there

Raw = Mapping[str, Any]


class Parent(NamedTuple):
    """What something hangs under: `page_id`, `block_id`, `database_id`, `data_source_id`, `workspace`, `agent_id`."""

    kind: str
    id: str


def parent_of(raw: Raw) -> Parent:
    """What the API names; of a row, the database."""
    parent = raw.get("parent") or {}
    kind = str(parent.get("type", ""))
    if kind == "data_source_id" and parent.get("database_id"):
        kind = "database_id"
    found = parent.get(kind)
    return Parent(kind, found if isinstance(found, str) else "")


def source_of(raw: Raw) -> str:
    """The data source that a row belongs to; empty for other pages."""
    return str((raw.get("parent") or {}).get("data_source_id") or "")


def is_gone(raw: Raw) -> bool:
    """Whether it is in the trash."""
    return bool(raw.get("in_trash") or raw.get("archived"))


def is_whole(raw: Raw) -> bool:
    """Whether more is told than that it exists."""
    return "last_edited_time" in raw


def title_of_database(raw: Raw) -> str:
    return plain(raw.get("title") or ()) or UNTITLED


def version_of(raw: Raw, at: datetime) -> str:
    """Tells two states of a page or database apart, as far as it can be told without its body.

    The minute of an edit says little: what Notion computes (formulas, rollups), renamed properties and a move leave
    it as it was. While the minute is not over, a further edit leaves no trace at all: such a version is never equal.
    """
    if raw.get("object") == DATABASE:
        shown: Any = [plain(raw.get("title") or ()), plain(raw.get("description") or ()), raw.get("data_sources")]
    else:
        properties = raw.get("properties") or {}
        shown = [title_of(properties), values_of(_lasting(properties), {}), raw.get("public_url")]
    shown = [shown, raw.get("parent"), raw.get("url"), _icon(raw), _marks(raw)]
    digest = blake2b(json.dumps(shown, sort_keys=True).encode(), digest_size=HASH_BYTES).hexdigest()
    minute = minute_in(raw["last_edited_time"])
    return f"{minute}.{digest}{'' if is_settled(minute, at) else UNSETTLED}"


def is_unchanged(version: str, known: str) -> bool:
    """Whether nothing can have happened between these two."""
    return version == known and not version.endswith(UNSETTLED)


def page_item(raw: Raw, body: Body, parent: str, version: str, names: Names) -> Item:
    """A page or row as its readers see it: its properties, then its text. It remembers what it shows of others."""
    properties = raw.get("properties") or {}
    values = values_of(properties, names)
    creator, editor = (str((raw.get(field) or {}).get("id") or "") for field in ("created_by", "last_edited_by"))
    told: dict[str, JSON] = {"properties": values, "created_by": creator, "last_edited_by": editor}
    told |= {name: list(dict.fromkeys(ids)) for name, ids in ((PAGES, body.pages), (DATABASES, body.databases)) if ids}
    if source := source_of(raw):
        told["data_source"] = source
    return Item(
        raw["id"],
        ROW if source else PAGE,
        title_of(properties) or UNTITLED,
        "\n\n".join(part for part in (lines_of(values), body.text) if part),
        url=str(raw.get("url") or address_of(raw["id"])),
        author=names.get(creator, ""),
        parent=parent,
        created_at=moment_of(raw.get("created_time")),
        updated_at=moment_of(raw["last_edited_time"]),
        version=version,
        metadata=told | _icon(raw) | _marks(raw),
        acl=["public"] if raw.get("public_url") else None,
    )


def database_item(raw: Raw, parent: str, version: str, names: Names) -> Item:
    """A database without its rows, which are items of their own: what it is called, and what it is for."""
    sources: list[JSON] = [str(each["id"]) for each in raw.get("data_sources") or ()]
    return Item(
        raw["id"],
        DATABASE,
        title_of_database(raw),
        markdown(raw.get("description") or (), names),
        url=str(raw.get("url") or address_of(raw["id"])),
        parent=parent,
        created_at=moment_of(raw.get("created_time")),
        updated_at=moment_of(raw["last_edited_time"]),
        version=version,
        metadata={SOURCES: sources} | _icon(raw) | _marks(raw),
        acl=["public"] if raw.get("public_url") else None,
    )


def schema_of(raw: Raw) -> str:
    """Stands for the names and types of the properties that all rows of a data source have."""
    told = sorted((str(each.get("id")), name, str(each.get("type"))) for name, each in raw["properties"].items())
    return blake2b(json.dumps(told).encode(), digest_size=HASH_BYTES).hexdigest()


def _lasting(properties: Mapping[str, Raw]) -> dict[str, Raw]:
    """Without what changes with every edit, of which the version holds the minute anyway."""
    return {name: each for name, each in properties.items() if not str(each.get("type")).startswith("last_edited_")}


def _icon(raw: Raw) -> dict[str, JSON]:
    """An emoji; pictures have addresses that expire."""
    icon = raw.get("icon") or {}
    return {"icon": str(icon["emoji"])} if icon.get("emoji") else {}


def _marks(raw: Raw) -> dict[str, JSON]:
    return {mark: True for mark in ("is_archived", "is_locked") if raw.get(mark)}
