"""What all lists of Cloud's REST API v2 have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from . import confluence_shapes as shapes
from .confluence_asking import Raw, Refused, Told, following, missing, place_of
from .confluence_model import IN_TREES, Content, Space
from .web import Answer, Asked

if TYPE_CHECKING:
    from .confluence import FakeConfluence


class Lists:
    """Finds what a request names, cuts pages, and shows what is in them."""

    def __init__(self, service: FakeConfluence) -> None:
        self.service = service

    def readable(self, content_id: str, kind: str = "", place: str = "") -> Content:
        content = self.service.site.contents.get(content_id)
        if content is None or not self.service.sees(content) or kind not in ("", content.type):
            raise missing(f"{(kind or 'content').title()} not found")
        if place and content.inline != (place == "inline"):
            raise missing("Comment not found")
        return content

    def is_open(self, content: Content) -> bool:
        """What it belongs to is neither in the trash nor a draft."""
        return self.service.site.home(content).status in ("current", "archived")

    def shown(self, content: Content, told: Told) -> Raw:
        shape = {"attachment": shapes.attachment_shown, "comment": shapes.comment_shown}
        raw = shape.get(content.type, shapes.thing_shown)(self.service.site, content)
        if content.type in ("page", "blogpost", "comment"):
            form = told.get("body-format")
            raw["body"] = shapes.body_shown(content, form, self.service.quirks) if form else {}
        elif content.type in IN_TREES:
            raw.pop("subtype", None)
        return raw

    def list_contents(self, asked: Asked, told: Told, found: list[Content]) -> Answer:
        sort, quirks = (told["sort"] or "id").lstrip("-"), self.service.quirks
        return self.listed(
            asked, told, found, lambda one: place_of(one, sort, quirks), lambda one: self.shown(one, told)
        )

    def listed(
        self,
        asked: Asked,
        told: Told,
        found: Iterable[Any],
        place: Callable[[Any], list[Any]],
        shown: Callable[[Any], Raw],
    ) -> Answer:
        page, cursor = self.service.pager.cut(found, told, place, asked)
        rows, most = [shown(one) for one in page], self.service.quirks.most_bytes
        if most and sum(len(json.dumps(raw.get("body"))) for raw in rows) > most:
            raise Refused(504, "Gateway Timeout", "GATEWAY_TIMEOUT")
        base = f"{self.service.url}/wiki"
        links, more = {"base": base}, {}
        if cursor:
            links["next"] = following(asked, asked.path[asked.path.index("/wiki/") :], cursor)
            more["Link"] = f'<{links["next"]}>; rel="next", <{base}>; rel="base"'
        return Answer(200, {"results": rows, "_links": links}, more)

    def one(self, raw: Raw) -> Answer:
        raw.setdefault("_links", {})["base"] = f"{self.service.url}/wiki"
        return Answer(200, raw)

    def told(self, asked: Asked, name: str) -> list[Any]:
        try:
            given = asked.json[name]
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(400, f"'{name}' is required") from error
        if not isinstance(given, list) or not 1 <= len(given) <= 250:
            raise Refused(400, f"Size of '{name}' must be between 1 and 250")
        return given


def space_place(told: Told) -> Callable[[Space], list[Any]]:
    name = (told["sort"] or "id").lstrip("-")
    return lambda space: ["" if name == "id" else str(getattr(space, name)).lower(), int(space.id)]
