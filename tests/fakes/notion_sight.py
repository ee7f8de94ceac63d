"""What one connection sees of people, text, files and places of a Notion workspace, as answers say it."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import quote

from .notion_model import Block, Connection, Database, Page, Source, Span, Spans, Thing
from .notion_things import Things

Raw = dict[str, Any]
ADDRESS = "https://www.notion.so"
SIGNED_SECONDS = 3600
MARKS = ("bold", "italic", "strikethrough", "underline", "code")


class Sight:
    """Of one connection, while one request is answered."""

    def __init__(self, space: Things, connection: Connection, signatures: count[int]) -> None:
        self.space = space
        self.connection = connection
        self.signatures = signatures

    def can(self, capability: str) -> bool:
        return capability in self.connection.can

    def shown(self, thing: Thing | None) -> bool:
        return thing is not None and self.connection.reads(thing)

    # People

    def partial_user(self, user_id: str) -> Raw:
        return {"object": "user", "id": user_id}

    def user(self, user_id: str) -> Raw:
        """Name and address as far as the connection may know them."""
        found = self.space.users.get(user_id)
        if found is None or not self.can("read_users"):
            return self.partial_user(user_id)
        told = {**self.partial_user(user_id), "name": found.name, "avatar_url": None}
        if found.bot:
            return {**told, "type": "bot", "bot": {}}
        mail = {"email": found.email} if found.email and self.can("read_emails") else {}
        return {**told, "type": "person", "person": mail}

    def itself(self) -> Raw:
        """The bot of the connection, which also tells of the workspace."""
        owner: Raw = {"type": "workspace", "workspace": True}
        if self.connection.sees_all:
            owner = {"type": "user", "user": self.user(self.space.owner)}
        bot = {"owner": owner, "workspace_id": self.space.workspace_id, "workspace_name": self.space.workspace_name}
        bot["workspace_limits"] = {"max_file_upload_size_in_bytes": 5_368_709_120}
        told = {**self.partial_user(self.connection.bot), "name": self.connection.name, "avatar_url": None}
        return {**told, "type": "bot", "bot": bot}

    # Text

    def rich(self, parts: Spans) -> list[Raw]:
        return [self._part(each) for each in parts]

    def words(self, parts: Spans) -> str:
        return "".join(each["plain_text"] for each in self.rich(parts))

    def title(self, thing: Thing) -> str:
        named = isinstance(thing, Page | Database | Source)
        return self.words(thing.title) if named else ""

    def _part(self, part: Span) -> Raw:
        marks = {"annotations": {**{mark: mark in part.marks for mark in MARKS}, "color": part.color}}
        if part.kind == "equation":
            told = {"type": "equation", "equation": {"expression": part.value}}
            return {**told, **marks, "plain_text": part.value, "href": None}
        if part.kind == "mention":
            mentioned, words, href = self._mention(*part.value)
            return {"type": "mention", "mention": mentioned, **marks, "plain_text": words, "href": href}
        link = {"url": part.link} if part.link else None
        told = {"type": "text", "text": {"content": part.value, "link": link}}
        return {**told, **marks, "plain_text": part.value, "href": part.link}

    def _mention(self, kind: str, value: Any) -> tuple[Raw, str, str | None]:
        """What is mentioned, in words, and where it is."""
        if kind == "user":
            user = self.user(value)
            name = user.get("name", "Anonymous")
            return {"type": "user", "user": user}, f"@{name}", None
        if kind in ("page", "database"):
            found = self.space.things.get(value)
            words = (self.title(found) or "Untitled") if found is not None and self.shown(found) else "Untitled"
            return {"type": kind, kind: {"id": value}}, words, f"{ADDRESS}/{bare(value)}"
        if kind == "date":
            date = {"start": value, "end": None, "time_zone": None} if isinstance(value, str) else value
            return {"type": "date", "date": date}, " → ".join(filter(None, (date["start"], date["end"]))), None
        if kind == "link_preview":
            return {"type": kind, kind: {"url": value}}, value, value
        if kind == "link_mention":
            return {"type": kind, kind: {"href": value, "title": "A linked page"}}, value, value
        if kind == "template_mention":
            sort = "template_mention_user" if value == "me" else "template_mention_date"
            return {"type": kind, kind: {"type": sort, sort: value}}, f"@{value.title()}", None
        emoji = {"id": "9a1b2c3d-0000-4000-8000-000000000001", "name": value, "url": self.signed("emoji.png")["url"]}
        return {"type": "custom_emoji", "custom_emoji": emoji}, f":{value}:", None

    # Files

    def signed(self, name: str) -> Raw:
        """An address that is another one with each answer, and expires."""
        query = f"X-Amz-Expires={SIGNED_SECONDS}&X-Amz-Signature={next(self.signatures):064x}"
        expires = self.space.clock() + timedelta(seconds=SIGNED_SECONDS)
        address = (
            f"https://prod-files-secure.s3.us-west-2.amazonaws.com/{self.space.workspace_id}/{quote(name)}?{query}"
        )
        return {"url": address, "expiry_time": expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")}

    def file(self, name: str, external: str | None) -> Raw:
        if external:
            return {"type": "external", "external": {"url": external}}
        return {"type": "file", "file": self.signed(name)}

    # Places

    def parent(self, thing: Thing) -> Raw:
        above = thing.parent
        if above is None and isinstance(thing, Page) and thing.agent:
            return {"type": "agent_id", "agent_id": thing.agent}
        if above is None:
            return {"type": "workspace", "workspace": True}
        if isinstance(above, Source):
            return {"type": "data_source_id", "data_source_id": above.id, "database_id": above.database.id}
        if isinstance(above, Database):
            return {"type": "database_id", "database_id": above.id}
        kind = "page_id" if isinstance(above, Page) else "block_id"
        return {"type": kind, kind: above.id}

    def address(self, thing: Thing) -> str:
        """On the web; the title is a part of it."""
        words = "-".join("".join(each if each.isalnum() else " " for each in self.title(thing)).split())
        named = f"{words}-" if words and isinstance(thing, Page) else ""
        return f"{ADDRESS}/{quote(named)}{bare(thing.id)}"

    def block_address(self, block: Block) -> str:
        page = self.space.page_of(block)
        return f"{ADDRESS}/{bare(page.id) if page else ''}#{bare(block.id)}"


def bare(thing_id: str) -> str:
    """Without dashes, as addresses have ids."""
    return thing_id.replace("-", "")


@functools.lru_cache(maxsize=50_000)
def stamp(moment: datetime) -> str:
    """As answers give it: rounded down to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")
