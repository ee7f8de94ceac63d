"""What each endpoint of Notion's API answers: things by their id, lists, queries, searches."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from .notion_filter import Query, Unfit
from .notion_lists import Listing, Lists, Refused, check_id, in_order, invalid
from .notion_markdown import Markdown
from .notion_model import Block, Database, Page, Property, Source, Thing
from .notion_shapes import Shapes
from .notion_sight import Raw, stamp
from .notion_space import Space
from .notion_values import PAGED
from .web import Asked, FakeService

QUERIED = ("filter", "sorts", "start_cursor", "page_size", "in_trash", "archived", "result_type")
SEARCHED = ("query", "sort", "filter", "start_cursor", "page_size")
KINDS = {"page": Page, "data_source": Source}
NOT_SHARED = "Make sure the relevant pages and databases are shared with your integration."


class Answers(FakeService):
    """Endpoints are methods. `begin_anew` of FakeNotion sets the attributes and says what they do."""

    space: Space
    lists: Lists
    search_delay: float
    query_delay: float
    result_limit: int
    record_limit: int
    failing: dict[str, int]
    prefix_only: set[str]
    fenced_callouts: bool
    ticked_formulas: bool
    hidden_rows_partial: bool
    hidden_blocks_partial: bool
    trash_query_all: bool

    # Things by their id

    def _shown(self, shapes: Shapes, thing_id: str, name: str, *kinds: type[Thing]) -> Any:
        """The thing, if it is one of these kinds and the connection may see it."""
        wanted = check_id(thing_id, f"{name.replace(' ', '_')}_id")
        found = self.space.things.get(wanted)
        readable = found is not None and shapes.shown(found)
        if readable and wanted in self.failing:
            raise self._failure(self.failing[wanted], wanted)
        if readable and isinstance(found, kinds):
            return found
        kind = shapes.partial(found)["object"] if found is not None and readable else ""
        if {kind, name} == {"page", "database"}:
            raise invalid(f"Provided ID {wanted} is a {kind}, not a {name}. Use the retrieve {kind} API instead.")
        raise Refused(404, "object_not_found", f"Could not find {name} with ID: {wanted}. {NOT_SHARED}")

    def _failure(self, status: int, thing_id: str) -> Refused:
        codes = {404: "object_not_found", 403: "restricted_resource", 400: "validation_error", 409: "conflict_error"}
        codes |= {500: "internal_server_error", 503: "service_unavailable", 504: "gateway_timeout"}
        return Refused(status, codes[status], f"Could not answer for {thing_id}.")

    def _page(self, asked: Asked, shapes: Shapes, page_id: str) -> Raw:
        page = self._shown(shapes, page_id, "page", Page)
        return shapes.page(page, self._only(asked, page.parent))

    def _only(self, asked: Asked, source: Thing | None) -> list[str] | None:
        names = asked.every("filter_properties")
        if not names:
            return None
        if not isinstance(source, Source):
            return names
        found = [source.property(name) for name in names]
        for name, column in zip(names, found, strict=True):
            if column is None:
                raise invalid(f"Could not find property with name or id: {name}")
        return [column.id for column in found if column is not None]

    def _database(self, asked: Asked, shapes: Shapes, database_id: str) -> Raw:
        database: Database = self._shown(shapes, database_id, "database", Database)
        if database.linked == 404:
            raise Refused(404, "object_not_found", f"Could not find database with ID: {database.id}. {NOT_SHARED}")
        if database.linked:
            none = "does not contain any data sources accessible by this API bot."
            raise invalid(f"Database with ID {database.id} {none}")
        if asked.headers["notion-version"] < "2025-09-03" and len(database.sources) > 1:
            raise invalid("Databases with multiple data sources are not supported in this API version.")
        return shapes.database(database)

    def _source(self, _asked: Asked, shapes: Shapes, source_id: str) -> Raw:
        return shapes.source(self._shown(shapes, source_id, "data source", Source))

    def _block(self, _asked: Asked, shapes: Shapes, block_id: str) -> Raw:
        return shapes.block(self._shown(shapes, block_id, "block", Block))

    def _markdown(self, asked: Asked, shapes: Shapes, thing_id: str) -> Raw:
        block: Block = self._shown(shapes, thing_id, "page", Block)
        if isinstance(block, Database):
            raise invalid(f"Provided ID {block.id} is a database, not a page. Use the retrieve database API instead.")
        prefix, transcript = block.id in self.prefix_only, asked.query.get("include_transcript") == "true"
        written = Markdown(shapes, self.record_limit, transcript=transcript, prefix_only=prefix)
        written.fenced, written.ticked = self.fenced_callouts, self.ticked_formulas
        text = written.of(block)
        told = {"object": "page_markdown", "id": block.id, "markdown": text, "truncated": bool(written.unknown)}
        return {**told, "unknown_block_ids": written.unknown}

    # Lists

    def _list(self, kind: str, listing: Listing, told: Any, bound: str) -> tuple[list[int], Raw]:
        places, step = self.lists.page(listing, told, bound)
        return places, {"object": "list", "results": [], **step, "type": kind, kind: {}}

    def _users(self, asked: Asked, shapes: Shapes) -> Raw:
        users = [*self.space.users]
        places, told = self._list("user", Listing(users), asked.query, "users")
        return {**told, "results": [shapes.user(users[place]) for place in places]}

    def _user(self, _asked: Asked, shapes: Shapes, user_id: str) -> Raw:
        wanted = check_id(user_id, "user_id")
        if wanted not in self.space.users:
            raise Refused(404, "object_not_found", f"Could not find user with ID: {wanted}.")
        return shapes.user(wanted)

    def _children(self, asked: Asked, shapes: Shapes, block_id: str) -> Raw:
        block: Block = self._shown(shapes, block_id, "block", Block)
        original = shapes.original(block)
        if original is not None and not shapes.shown(original):
            raise Refused(404, "object_not_found", f"Could not find block with ID: {original.id}. {NOT_SHARED}")
        found = [each for each in shapes.children(block) if self.hidden_blocks_partial or shapes.shown(each)]
        places, told = self._list("block", Listing([each.id for each in found]), asked.query, f"children {block.id}")
        results = [found[place] for place in places]
        return {**told, "results": [shapes.block(one) if shapes.shown(one) else shapes.partial(one) for one in results]}

    def _comments(self, asked: Asked, shapes: Shapes) -> Raw:
        """Open ones, the oldest first; of a page those on the page itself."""
        if "block_id" not in asked.query:
            raise invalid("query failed validation: query.block_id should be defined, instead was `undefined`.")
        block: Block = self._shown(shapes, asked.query["block_id"], "block", Block)
        found = [each for each in self.space.comments.values() if each.on is block and not each.resolved]
        places, told = self._list("comment", Listing([each.id for each in found]), asked.query, f"on {block.id}")
        return {**told, "results": [shapes.comment(found[place]) for place in places]}

    def _property(self, asked: Asked, shapes: Shapes, page_id: str, name: str) -> Raw:
        page: Page = self._shown(shapes, page_id, "page", Page)
        source = page.parent
        column = source.property(name) if isinstance(source, Source) else None
        if column is None and name == "title":
            column = Property("title", "title", "title")
        if column is None:
            raise Refused(404, "object_not_found", f"Could not find property with name or id: {name}")
        if column.kind not in PAGED:
            return shapes.item(page, column)
        items = shapes.items(page, column)
        listing = Listing([str(number) for number in range(len(items))])
        places, told = self._list("property_item", listing, asked.query, f"{page.id} {column.id}")
        last, following = not told["has_more"], None
        if not last:
            path = f"{self.url}/v1/pages/{page.id}/properties/{column.shown_id}"
            following = f"{path}?start_cursor={told['next_cursor']}"
        summary = {**shapes.summary(page, column, last=last), "next_url": following}
        return {**told, "results": [items[place] for place in places], "property_item": summary}

    # Queries and searches

    def _body(self, asked: Asked, known: tuple[str, ...]) -> Raw:
        try:
            body = asked.json if asked.body else {}
        except ValueError as error:
            raise Refused(400, "invalid_json", "Error parsing JSON body.") from error
        for name in set(body) - {*known}:
            raise invalid(f"body failed validation: body.{name} should be not present, instead was `{body[name]}`.")
        return body if isinstance(body, dict) else {}

    def _bound(self, path: str, body: Raw) -> str:
        """What a cursor holds for: all of the question but how many, and itself."""
        return (
            f"{path} {json.dumps({key: body[key] for key in sorted(body) if key not in ('start_cursor', 'page_size')})}"
        )

    def _query(self, asked: Asked, shapes: Shapes, source_id: str) -> Raw:
        source: Source = self._shown(shapes, source_id, "data source", Source)
        body, only = self._body(asked, QUERIED), self._only(asked, source)
        query = Query(shapes, source, self.now)
        try:
            holds, (key, descending) = query.filter(body.get("filter")), query.sorts(body.get("sorts", []))
            rows = in_order([row for row in self._rows(source, shapes, body) if holds(row)], key, descending)
        except Unfit as error:
            raise invalid(str(error)) from error
        return self._found(rows, descending, asked.path, body, shapes, only)

    def _rows(self, source: Source, shapes: Shapes, body: Raw) -> list[Any]:
        """As a query knows them, which may lag behind."""
        trash = bool(body.get("in_trash", body.get("archived", False)))
        kinds = {"page": Page, "data_source": Source}
        wanted = kinds.get(body["result_type"]) if "result_type" in body else (Page, Source)
        if wanted is None:
            raise invalid("body failed validation: body.result_type should be `page` or `data_source`.")
        known: Iterable[tuple[Any, Any]] = ((each, each) for each in source.rows)
        if self.query_delay:
            known = self.space.as_of(self.now - timedelta(seconds=self.query_delay))
        vanished, decided = not self.space.alive(source), shapes.connection.shared
        return [
            was
            for was, _now in known
            if was.parent is source
            and isinstance(was, wanted)
            and (self.hidden_rows_partial or decided.get(was.id) is not False)
            and ((was.trashed or vanished) == trash or (trash and self.trash_query_all))
        ]

    def _search(self, asked: Asked, shapes: Shapes) -> Raw:
        body = self._body(asked, SEARCHED)
        kinds, trash = _searched(body.get("filter", {}))
        words = str(body.get("query", "")).lower()
        descending = [_direction(body.get("sort")) == "descending", False]
        found = [
            was
            for was, now in self.space.as_of(self.now - timedelta(seconds=self.search_delay))
            if isinstance(was, kinds)
            and shapes.shown(now)
            and was.id not in self.space.hidden_from_search
            and self.space.alive(was) != trash
            and words in shapes.title(was).lower()
        ]
        rows = in_order(found, lambda one: [stamp(one.edited), one.id], descending)
        return self._found(rows, descending, asked.path, body, shapes, None)

    def _found(
        self,
        rows: list[tuple[list[Any], Any]],
        descending: list[bool],
        path: str,
        body: Raw,
        shapes: Shapes,
        only: list[str] | None,
    ) -> Raw:
        listing = Listing([each.id for _, each in rows], [key for key, _ in rows], descending, self.result_limit)
        places, told = self._list("page_or_data_source", listing, body, self._bound(path, body))
        results = [rows[place][1] for place in places]
        partial = [getattr(each, "listed_partially", False) or not shapes.shown(each) for each in results]
        shown = [
            shapes.partial(each) if bare else shapes.row(each, only)
            for each, bare in zip(results, partial, strict=True)
        ]
        return {**told, "results": shown}


def _searched(asked: Any) -> tuple[Any, bool]:
    """What kinds of things a search looks for, and whether in the trash."""
    told = dict(asked) if isinstance(asked, dict) else {"": asked}
    trash, named, value = told.pop("in_trash", False), told.pop("property", None), told.pop("value", None)
    if told or (named is None) != (value is None) or (named is not None and (named != "object" or value not in KINDS)):
        raise invalid(f"body failed validation: body.filter should be an `object` filter, instead was `{asked}`.")
    return (KINDS[value] if value else (Page, Source)), bool(trash)


def _direction(asked: Any) -> str:
    """The latest edit first, where nothing is said, or relevance."""
    if asked is None or asked == {"property": "relevance"}:
        return "descending"
    direction = asked.get("direction") if isinstance(asked, dict) else None
    if direction not in ("ascending", "descending") or asked.get("timestamp") != "last_edited_time":
        raise invalid(f"body failed validation: body.sort should be by `last_edited_time`, instead was `{asked}`.")
    return str(direction)
