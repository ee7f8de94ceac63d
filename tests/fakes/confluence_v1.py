"""The REST API v1: all that Data Center has, and of Cloud the search and what is deprecated there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .confluence_asking import Many, Number, One, Raw, Refused, Told, following, missing, place_of, read
from .confluence_cql import Cql
from .confluence_doors import deprecated
from .confluence_model import Content, Space, User
from .confluence_shapes_v1 import Shapes
from .web import Answer, Asked

if TYPE_CHECKING:
    from .confluence import FakeConfluence

CAPS = ((("body.export_view", "body.styled_view"), 25), (("body",), 50), (("",), 200))
MOST_BARE = 1000
PAGE = {"start": Number(0), "limit": Number(25, 0), "expand": Many()}
STATUSES = ("current", "trashed", "archived", "draft", "historical", "any")
EXPANDED_ALONE = ("history", "space", "version")  # of one thing, where nothing is named
Route = tuple[re.Pattern[str], str, Callable[..., Answer]]


class V1:
    """Answers below /rest/api. A scope is needed where Cloud has a scoped token."""

    def __init__(self, service: FakeConfluence) -> None:
        self.service = service
        self.shapes = Shapes(service)
        details, search = "read:content-details:confluence", "search:confluence"
        routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("/content/search", f"{search} {details}", self._content_search),
            ("/search", f"{search} {details}", self._search),
            ("/search/user", f"{search} {details}", self._user_search),
            ("/user/current", details, self._me),
            ("/user", details, self._user),
            (r"/content/(\w+)/restriction/byOperation", details, self._restrictions),
            ("/content", details, self._contents),
            (r"/content/(\w+)", details, self._content),
            (r"/content/(\w+)/label", details, self._labels),
            (r"/content/(\w+)/(child|descendant)/(page|comment|attachment)", details, self._below),
            ("/space", details, self._spaces),
            (r"/space/([^/]+)", details, self._space),
            (r"/space/([^/]+)/content/(page|blogpost)", details, self._of_space),
        ]
        if service.data_center:
            routes += [("/content/scan", details, self._scan), ("/server-information", details, self._server)]
        self._routes: list[Route] = [(re.compile(path), scopes, found) for path, scopes, found in routes]
        self._routes.sort(key=lambda route: "(" in route[0].pattern)

    def answer(self, asked: Asked, path: str, scopes: set[str] | None) -> Answer:
        try:
            for pattern, needed, handler in self._routes:
                match = pattern.fullmatch(path)
                if match and asked.method == "GET":
                    if scopes is not None and not scopes >= set(needed.split()):
                        return Answer(401, {"code": 401, "message": "Unauthorized; scope does not match"})
                    answer = handler(asked, *match.groups())
                    if not self.service.data_center and "search" not in path and "restriction" not in path:
                        answer.headers |= deprecated(self.service.now)
                    return answer
            raise missing("null for uri: " + asked.path)
        except Refused as refused:
            return self._told(refused)

    def _told(self, refused: Refused) -> Answer:
        kinds = {400: "BadRequestException", 404: "NotFoundException"}
        name = f"com.atlassian.confluence.api.service.exceptions.{kinds.get(refused.status, 'ServiceException')}"
        valid = {"authorized": refused.status != 404, "valid": refused.status == 404, "errors": [], "successful": False}
        body: Raw = {"statusCode": refused.status, "data": valid, "message": f"{name}: {refused.title}"}
        if refused.status == 500:
            body = {"statusCode": 500, "message": "java.lang.NullPointerException"}
        return Answer(refused.status, body)

    # Search

    def _content_search(self, asked: Asked) -> Answer:
        """Cloud looks into archived spaces, too, and says so in `next`, together with an offset that it ignores."""
        further = {"start": Number(0), "includeArchivedSpaces": One()} if asked.query.get("cursor") else {}
        told = read(asked, self._searched({"cqlcontext": One(), **further}))
        found, place = self._matching(told, archived_spaces=not self.service.data_center)
        wanted = set(told["expand"])
        return self._answered(asked, told, found, place, lambda one: self.shapes.content(one, wanted))

    def _search(self, asked: Asked) -> Answer:
        more: dict[str, Any] = {"cqlcontext": One(), "excerpt": One(), "includeArchivedSpaces": One(("true", "false"))}
        more |= {"excludeCurrentSpaces": One(("true", "false")), "next": One(), "prev": One(), "start": Number(0)}
        told = read(asked, self._searched(more))
        found, place = self._matching(told, archived_spaces=told["includeArchivedSpaces"] == "true")
        if told["excludeCurrentSpaces"] == "true":
            found = [one for one in found if self.service.site.spaces[one.space].status == "archived"]
        wanted = {each.removeprefix("content.") for each in told["expand"]}
        answer = self._answered(asked, told, found, place, lambda one: self._hit(one, wanted))
        answer.body |= {"totalSize": len(found), "start": told["start"] or 0}
        return answer

    def _searched(self, more: dict[str, Any]) -> dict[str, Any]:
        """Cloud has a cursor, Data Center an offset."""
        paging = {"start": Number(0)} if self.service.data_center else {"cursor": One()}
        return {"cql": One(), "limit": Number(25, 0), "expand": Many(), **paging, **more}

    def _matching(self, told: Told, *, archived_spaces: bool) -> tuple[list[Content], Callable[[Content], list[Any]]]:
        """What the index finds, and the reader may see, shown as it is now."""
        if not told["cql"]:
            raise Refused(400, "cql query parameter is required")
        site, query = self.service.site, Cql(told["cql"], self.service.site, self.service.now).read()
        statuses = _context(told["cqlcontext"]).get("contentStatuses") or ["current"]
        found, places = [], {}
        for one in site.index.found():
            live = site.contents.get(one.id)
            if live is None or live.status not in statuses or not self.service.sees(live):
                continue
            in_archive = site.spaces[live.space].status == "archived"
            if one.status in statuses and (archived_spaces or not in_archive) and query.matches(one):
                found.append(live)
                places[one.id] = query.place(one)
        told["sort"] = "-" if query.descending else ""
        return found, lambda content: places[content.id]

    def _hit(self, content: Content, wanted: set[str]) -> Raw:
        """A thing, as the general search shows it."""
        shown = self.shapes.content(content, wanted)
        space = self.service.site.spaces[content.space]
        raw: Raw = {"content": shown, "title": content.title, "excerpt": "", "url": shown["_links"]["webui"]}
        raw |= {"entityType": "content", "lastModified": self.shapes.stamp(content.updated_at), "score": 0.0}
        raw |= {"friendlyLastModified": "recently", "iconCssClass": "", "breadcrumbs": []}
        return raw | {"resultGlobalContainer": {"title": space.name, "displayUrl": f"/spaces/{space.key}"}}

    def _answered(
        self,
        asked: Asked,
        told: Told,
        found: list[Content],
        place: Callable[[Content], list[Any]],
        shown: Callable[[Content], Raw],
    ) -> Answer:
        cap = self._cap(told["expand"])
        if self.service.data_center:
            rows = sorted(found, key=place, reverse=told["sort"] == "-")
            answer = self._offset(asked, told, rows, shown, cap)
        else:
            told["limit"] = min(told["limit"] or 25, cap)
            page, cursor = self.service.pager.cut(found, told, place, asked)
            address = f"/rest{asked.path.partition('/rest')[2]}"
            answer = Answer(200, self._page([shown(one) for one in page], told, asked))
            if cursor:
                answer.body["_links"]["next"] = following(asked, address, cursor) + self._further(asked, len(page))
        answer.body |= {"cqlQuery": told["cql"], "searchDuration": 12}
        return answer

    def _further(self, asked: Asked, count: int) -> str:
        if "start" in asked.query or not asked.path.endswith("/content/search"):
            return ""
        return f"&start={count}&includeArchivedSpaces=true"

    def _cap(self, wanted: list[str]) -> int:
        """How many come at most, whatever was asked for."""
        for names, most in CAPS:
            if any(each.removeprefix("content.").startswith(names) for each in wanted):
                return min(most, self.service.most_in_page)
        return min(MOST_BARE, self.service.most_in_page)

    def _user_search(self, asked: Asked) -> Answer:
        """By offset, though all else on Cloud has a cursor."""
        told = read(asked, {"cql": One(), **PAGE})
        rows = list(self.service.site.users.values())

        def shown(user: User) -> Raw:
            return {"user": self.shapes.user(user), "title": user.display_name, "entityType": "user", "score": 0.0}

        answer = self._offset(asked, told, rows, shown, 200)
        answer.body |= {"totalSize": len(rows), "cqlQuery": told["cql"]}
        return answer

    # Contents

    def _contents(self, asked: Asked) -> Answer:
        told = read(asked, {**self._filters(), **PAGE})
        return self._offset(asked, told, self._filtered(told), self._shown(told), self._cap(told["expand"]))

    def _of_space(self, asked: Asked, key: str, kind: str) -> Answer:
        told = read(asked, {**PAGE, "depth": One(("all", "root"))}) | {"status": [], "title": None, "ids": []}
        found = self._filtered(told | {"spaceKey": key, "type": kind})
        rows = [one for one in found if told["depth"] != "root" or not one.parent]
        return self._offset(asked, told, rows, self._shown(told), self._cap(told["expand"]))

    def _scan(self, asked: Asked) -> Answer:
        """Pages by a cursor, in the order of ids; more is expanded unless something is named."""
        known = {"spaceKey": One(), "status": Many(STATUSES), "cursor": One(), "expand": Many()}
        told = read(asked, {**known, "limit": Number(25, 0)}) | {"type": "page", "title": None, "ids": []}
        told["expand"] = told["expand"] or list(EXPANDED_ALONE)
        told["limit"] = min(told["limit"], self._cap(told["expand"]))
        found, quirks = self._filtered(told), self.service.quirks
        page, cursor = self.service.pager.cut(found, told, lambda one: place_of(one, "id", quirks), asked)
        body = self._page([self._shown(told)(one) for one in page], told, asked)
        if cursor:
            body["nextCursor"] = cursor
            body["_links"]["next"] = following(asked, "/rest/api/content/scan", cursor)
        return Answer(200, body)

    def _filters(self) -> dict[str, Any]:
        kinds = {"type": One(("page", "blogpost")), "status": Many(STATUSES), "ids": Many()}
        return {**kinds, "spaceKey": One(), "title": One()}

    def _filtered(self, told: Told) -> list[Content]:
        statuses = told["status"] or ["current"]
        space = self._space_of(told["spaceKey"]) if told["spaceKey"] else None
        return [
            one
            for one in self.service.visible(told["type"] or "page")
            if _has(one, statuses)
            and (space is None or one.space == space.id)
            and told["title"] in (None, one.title)
            and (not told["ids"] or one.id in told["ids"])
            and (one.status != "draft" or "draft" in statuses)
        ]

    def _content(self, asked: Asked, content_id: str) -> Answer:
        told = read(asked, {"status": Many(STATUSES), "version": Number(), "expand": Many()})
        told["expand"] = told["expand"] or list(EXPANDED_ALONE)
        content = self._readable(content_id)
        if not _has(content, told["status"] or ["current"]):
            raise self._unknown(content_id)
        return self._alone(self.shapes.content(content, set(told["expand"])))

    def _labels(self, asked: Asked, content_id: str) -> Answer:
        told = read(asked, {**PAGE, "prefix": One(("my", "team", "global", "system"))})
        told["limit"] = min(told["limit"], 200)
        rows = self.shapes.labels(self._readable(content_id))
        rows = [raw for raw in rows if told["prefix"] in (None, raw["prefix"])]
        return self._offset(asked, told, rows, lambda raw: raw, 200)

    def _restrictions(self, asked: Asked, content_id: str) -> Answer:
        read(asked, {"expand": Many(), "start": Number(0), "limit": Number(100)})
        return Answer(200, self.shapes.restrictions(self._readable(content_id)))

    def _below(self, asked: Asked, content_id: str, how: str, kind: str) -> Answer:
        more: dict[str, Any] = {"depth": One(("", "all", "root")), "location": Many(("inline", "footer", "resolved"))}
        files: dict[str, Any] = {"filename": One(), "mediaType": One()}
        keys = {"comment": more, "attachment": files, "page": {}}[kind]
        told = read(asked, {**PAGE, **keys})
        content, site = self._readable(content_id), self.service.site
        deep = how == "descendant" or told.get("depth") == "all"
        if kind == "page":
            found = [site.contents[each] for each in site.below(content_id)]
            found = [one for one in found if deep or one.parent == content_id]
        else:
            found = site.on(content_id, kind) or [site.contents[each] for each in site.below(content_id)]
            found = [one for one in found if deep or one.parent in ("", content.id)]
        found = [one for one in found if one.type == kind and one.status == "current" and self.service.sees(one)]
        rows = [one for one in found if _asked_for(one, told)]
        return self._offset(asked, told, rows, self._shown(told), self._cap(told["expand"]))

    # Spaces, people, the server

    def _spaces(self, asked: Asked) -> Answer:
        keys = {"spaceKey": Many(), "type": One(("global", "personal")), "status": One(("current", "archived"))}
        told = read(asked, {**PAGE, **keys})
        found = [
            space
            for space in self.service.site.spaces.values()
            if self.service.sees_space(space.id)
            and (not told["spaceKey"] or space.key in told["spaceKey"])
            and told["type"] in (None, space.type)
            and told["status"] in (None, space.status)
        ]
        return self._offset(asked, told, found, self.shapes.space, self.service.most_spaces)

    def _space(self, asked: Asked, key: str) -> Answer:
        read(asked, {"expand": Many()})
        return self._alone(self.shapes.space(self._space_of(key)))

    def _space_of(self, key: str) -> Space:
        for space in self.service.site.spaces.values():
            if space.key == key and self.service.sees_space(space.id):
                return space
        raise missing(f"No space found with key : {key}")

    def _me(self, asked: Asked) -> Answer:
        read(asked, {"expand": Many()})
        user = self.service.site.users[self.service.site.reader]
        return self._alone(self.shapes.user(user))

    def _user(self, asked: Asked) -> Answer:
        told = read(asked, {"accountId": One(), "key": One(), "username": One(), "expand": Many()})
        for user in self.service.site.users.values():
            if user.account_id == told["accountId"] or user.key == told["key"] or user.name == told["username"]:
                return self._alone(self.shapes.user(user))
        raise missing("No user found")

    def _server(self, asked: Asked) -> Answer:
        read(asked, {})
        return Answer(200, {"version": "9.2.1", "buildNumber": "9111", "baseUrl": self.service.base})

    # Helpers

    def _shown(self, told: Told) -> Callable[[Content], Raw]:
        wanted = set(told["expand"])
        return lambda content: self.shapes.content(content, wanted)

    def _readable(self, content_id: str) -> Content:
        content = self.service.site.contents.get(content_id)
        if content is None or not self.service.sees(content):
            raise self._unknown(content_id)
        return content

    def _unknown(self, content_id: str) -> Refused:
        return missing("No content found with id: ContentId{id=" + content_id + "}")

    def _offset(self, asked: Asked, told: Told, rows: list[Any], shown: Callable[[Any], Raw], cap: int) -> Answer:
        """One page by `start` and `limit`. The limit is lowered in silence, and `next` counts as if it were not."""
        quirks, start, given = self.service.quirks, told["start"], told["limit"]
        limit = min(given, cap, quirks.short_pages or cap)
        if quirks.past_end and start >= len(rows):
            start = max(0, len(rows) - limit)
        page = rows[start : start + limit]
        told |= {"limit": limit, "start": start}
        body = self._page([shown(one) for one in page], told, asked)
        if len(rows) > start + limit or quirks.past_end:
            step = given if quirks.wrong_next and self.service.data_center else limit
            pairs = [(name, each) for name in asked.query for each in asked.every(name) if name not in ("start",)]
            address = f"/rest{asked.path.partition('/rest')[2]}"
            body["_links"]["next"] = f"{address}?{urlencode([*pairs, ('start', start + step)])}"
        return Answer(200, body)

    def _page(self, rows: list[Raw], told: Told, asked: Asked) -> Raw:
        body: Raw = {"results": rows, "limit": told["limit"], "size": len(rows), **self._based()}
        if "start" in told and told["start"] is not None and "cursor" not in told:
            body["start"] = told["start"]
        body["_links"]["self"] = f"{self.service.base}/rest{asked.path.partition('/rest')[2]}"
        return body

    def _alone(self, raw: Raw) -> Answer:
        """A thing that is no part of a list tells the site's address beside its own links."""
        return Answer(200, {**raw, "_links": {**raw.get("_links", {}), **self._based()["_links"]}})

    def _based(self) -> Raw:
        return {"_links": {"base": self.service.base, "context": self.service.context}}


def _has(content: Content, statuses: list[str]) -> bool:
    return "any" in statuses or content.status in statuses


def _asked_for(content: Content, told: Told) -> bool:
    """Whether name, type or place of a file or comment is what was asked for."""
    resolved = content.inline and content.resolution == "resolved"
    where = "resolved" if resolved else ("inline" if content.inline else "footer")
    return (
        (not told.get("location") or where in told["location"])
        and told.get("filename") in (None, content.title)
        and told.get("mediaType") in (None, content.media_type)
    )


def _context(text: str | None) -> Raw:
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise Refused(400, "cqlcontext is no JSON") from error
    return found if isinstance(found, dict) else {}
