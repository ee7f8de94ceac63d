"""Ids of Notion: how people write them, and how the API does."""

from __future__ import annotations

import re
from uuid import UUID

_ID = re.compile(r"([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")  # a title before it may hold digits


def id_of(text: str) -> str:
    """The id with dashes in small letters, of one with or without them or of a web address; empty where there is none.

    The path names the page or database; what follows the ? names a view of it.
    """
    path = re.split(r"[?#]", text.strip().lower(), maxsplit=1)[0].rstrip("/")
    found = _ID.search(path.rpartition("/")[2])
    return str(UUID(found[1])) if found else ""


def address_of(thing_id: str, block_id: str = "") -> str:
    """Where a page is on the web, and a block in it."""
    anchor = f"#{block_id.replace('-', '')}" if block_id else ""
    return f"https://www.notion.so/{thing_id.replace('-', '')}{anchor}"
