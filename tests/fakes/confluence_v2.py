"""Cloud's REST API v2: lists with a cursor, and single things."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import confluence_shapes as shapes
from .confluence_asking import Flag, Many, Number, One, Raw, Refused, Told, missing, orders, place_of, read
from .confluence_lists import Lists, space_place
from .confluence_model import Content, Space
from .web import Answer, Asked

if TYPE_CHECKING:
    from .confluence import FakeConfluence

LISTED_FORMS = One(("storage", "atlas_doc_format"))
FORMS = One((*LISTED_FORMS.words, *shapes.RENDERED))
PAGE = {"cursor": One(), "limit": Number(25, 1, 250)}
DATES, BY_DATE = ("created-date", "modified-date"), orders("created-date", "modified-date")
PAGE_STATUSES, POST_STATUSES = ("current", "archived", "deleted", "trashed"), ("current", "deleted", "trashed")
ATTACHMENTS = {"status": Many(("current", "archived", "trashed")), "mediaType": One(), "filename": One()}
ATTACHMENTS = {**ATTACHMENTS, **PAGE, "sort": BY_DATE, "limit": Number(50, 1, 250)}
COMMENTS = {"body-format": LISTED_FORMS, "sort": BY_DATE, **PAGE}
STATES = Many(("current", "archived", "trashed", "deleted", "historical", "draft"))
INCLUDED = ("labels", "properties", "operations", "likes", "versions", "collaborators", "direct-children")
INCLUDES = {f"include-{name}": Flag() for name in (*INCLUDED, "favorited-by-current-user-status", "webresources")}
SPACE_TYPES = ("global", "collaboration", "knowledge_base", "personal", "system", "onboarding", "xflow_sample_space")
KINDS = {"pages": "page", "blogposts": "blogpost", "folders": "folder", "whiteboards": "whiteboard"}
KINDS = {**KINDS, "databases": "database", "embeds": "embed"}
Handler = Callable[..., Answer]


class V2(Lists):
    """Answers below /wiki/api/v2. Every route names the scope that a scoped token needs."""

    def __init__(self, service: FakeConfluence) -> None:
        super().__init__(service)
        trees = "pages|folders|whiteboards|databases|embeds"
        routes: list[tuple[str, str, str, Handler]] = [
            ("GET", "/spaces", "read:space:confluence", self._spaces),
            ("GET", r"/spaces/(\d+)", "read:space:confluence", self._space),
            ("GET", r"/(pages|blogposts)", "read:page:confluence", self._things),
            ("GET", r"/spaces/(\d+)/(pages|blogposts)", "read:page:confluence", self._of_space),
            ("GET", r"/(pages|blogposts)/(\d+)", "read:page:confluence", self._thing),
            ("GET", r"/(folders|whiteboards|databases|embeds)/(\d+)", "read:{}:confluence", self._other_thing),
            ("GET", "/attachments", "read:attachment:confluence", self._attachments),
            ("GET", r"/(?:pages|blogposts)/(\d+)/attachments", "read:attachment:confluence", self._attachments),
            ("GET", r"/attachments/(att\d+)", "read:attachment:confluence", self._attachment),
            ("GET", r"/(?:pages|blogposts|attachments)/(\w+)/labels", "read:page:confluence", self._labels),
            ("GET", r"/labels/(\d+)/(pages|blogposts|attachments)", "read:page:confluence", self._labelled),
            ("GET", r"/(footer|inline)-comments", "read:comment:confluence", self._comments),
            ("GET", r"/(footer|inline)-comments/(\d+)", "read:comment:confluence", self._comment),
            ("GET", r"/(footer|inline)-comments/(\d+)/children", "read:comment:confluence", self._replies),
            (
                "GET",
                r"/(?:pages|blogposts)/(\d+)/(footer|inline)-comments",
                "read:comment:confluence",
                self._comments_on,
            ),
            ("GET", rf"/(?:{trees})/(\d+)/ancestors", "read:content.metadata:confluence", self._ancestors),
            ("GET", rf"/(?:{trees})/(\d+)/direct-children", "read:hierarchical-content:confluence", self._children),
            ("GET", rf"/(?:{trees})/(\d+)/descendants", "read:hierarchical-content:confluence", self._descendants),
            ("GET", r"/(?:pages|blogposts|attachments)/(\w+)/versions", "read:page:confluence", self._versions),
            ("GET", "/data-policies/spaces", "read:space:confluence", self._policies),
            ("POST", "/users-bulk", "read:user:confluence", self._users),
            ("POST", "/content/convert-ids-to-types", "read:content.metadata:confluence", self._types),
        ]
        self._routes = [(method, re.compile(path), scope, found) for method, path, scope, found in routes]

    def answer(self, asked: Asked, path: str, scopes: set[str] | None) -> Answer:
        """`scopes` None: the token may do what its owner may."""
        try:
            for method, pattern, scope, handler in self._routes:
                match = pattern.fullmatch(path)
                if match and method == asked.method:
                    needed = scope.format(path.split("/")[1].removesuffix("s"))
                    if scopes is not None and needed not in scopes:
                        return Answer(401, {"code": 401, "message": "Unauthorized; scope does not match"})
                    return handler(asked, *match.groups())
            raise missing()
        except Refused as refused:
            error = {"status": refused.status, "code": refused.code, "title": refused.title, "detail": None}
            return Answer(refused.status, {"errors": [error]})

    # Spaces

    def _spaces(self, asked: Asked) -> Answer:
        keys = {"keys": Many(most=250), "ids": Many(most=250), "type": One(SPACE_TYPES), "labels": Many()}
        keys |= {"status": One(("current", "archived")), "sort": orders("id", "key", "name"), **PAGE}
        told = read(asked, {**keys, "description-format": One(("plain", "view")), "include-icon": Flag()})
        found = [
            space
            for space in self._visible_spaces(told)
            if told["type"] in (None, space.type)
            and told["status"] in (None, space.status)
            and not told["labels"]  # spaces have none here
        ]
        rows = {space.id: shapes.space_shown(space, told["description-format"]) for space in found}
        return self.listed(asked, told, found, space_place(told), lambda space: rows[space.id])

    def _visible_spaces(self, told: Told) -> list[Space]:
        return [
            space
            for space in self.service.site.spaces.values()
            if self.service.sees_space(space.id)
            and (not told["keys"] or space.key in told["keys"])
            and (not told["ids"] or space.id in told["ids"])
        ]

    def _space(self, asked: Asked, space_id: str) -> Answer:
        more = ("icon", "operations", "properties", "permissions", "role-assignments", "labels")
        known = {"description-format": One(("plain", "view")), **{f"include-{name}": Flag() for name in more}}
        told = read(asked, known)
        raw = shapes.space_shown(self._readable_space(space_id), told["description-format"])
        del raw["currentActiveAlias"]
        return self.one(raw)

    def _readable_space(self, space_id: str) -> Space:
        if not self.service.sees_space(space_id):
            raise missing("Space not found")
        return self.service.site.spaces[space_id]

    def _policies(self, asked: Asked) -> Answer:
        keys = {"keys": Many(most=250), "ids": Many(most=250), "sort": orders("id", "key", "name")}
        told = read(asked, {**keys, **PAGE})
        found = self._visible_spaces(told)

        def shown(space: Space) -> Raw:
            raw = {"id": space.id, "key": space.key, "name": space.name}
            return raw | {"dataPolicy": {"anyContentBlocked": space.blocked}}

        return self.listed(asked, told, found, space_place(told), shown)

    # Pages, blog posts, and what else hangs in trees

    def _things(self, asked: Asked, name: str) -> Answer:
        pages = name == "pages"
        keys = {"id": Many(most=250), "space-id": Many(most=100), "title": One(), "body-format": LISTED_FORMS}
        keys |= {"status": Many(PAGE_STATUSES if pages else POST_STATUSES), **PAGE}
        keys |= {"sort": orders("id", *DATES, "title") if pages else orders("id", *DATES)}
        told = read(asked, {**keys, **({"subtype": One(("live", "page"))} if pages else {})})
        return self._list_things(asked, told, KINDS[name], told["space-id"])

    def _of_space(self, asked: Asked, space_id: str, name: str) -> Answer:
        self._readable_space(space_id)
        pages = name == "pages"
        keys = {"title": One(), "body-format": LISTED_FORMS, **PAGE}
        keys |= {"status": Many(PAGE_STATUSES if pages else POST_STATUSES)}
        keys |= {"sort": orders("id", *DATES, "title") if pages else orders("id", *DATES)}
        told = read(asked, {**keys, **({"depth": One(("all", "root"))} if pages else {})})
        return self._list_things(asked, told, KINDS[name], [space_id])

    def _list_things(self, asked: Asked, told: Told, kind: str, spaces: list[str]) -> Answer:
        usual = ["current", "archived"] if kind == "page" else ["current"]
        statuses = told["status"] or usual
        found = [
            one
            for one in (*self.service.visible(kind), *self._graves(kind))
            if one.status in statuses
            and (not spaces or one.space in spaces)
            and (not told.get("id") or one.id in told["id"])
            and told["title"] in (None, one.title)
            and told.get("subtype") in (None, one.subtype)
            and (told.get("depth") != "root" or not one.parent)
        ]
        return self.list_contents(asked, told, found)

    def _graves(self, kind: str) -> list[Content]:
        """What was deleted for good, where the site still tells of it."""
        site = self.service.site
        told = [one for one in site.graves.values() if one.type == kind and one.space in site.spaces]
        return [one for one in told if self.service.sees(one)] if self.service.quirks.tells_deleted else []

    def _thing(self, asked: Asked, name: str, content_id: str) -> Answer:
        keys = {"body-format": FORMS, "get-draft": Flag(), "status": STATES, "version": Number(), **INCLUDES}
        told = read(asked, {**keys, "include-version": Flag(True)})
        allowed = told["status"] or ["current", "archived", "trashed"]
        content = self.readable(content_id, KINDS[name])
        if content.status not in allowed and not (told["get-draft"] and content.status == "draft"):
            raise missing(f"{KINDS[name].title()} not found")
        raw = self.shown(content, told)
        if not told["include-version"]:
            del raw["version"]
        address = f"{self.service.url}/wiki/api/v2{asked.path.partition('/api/v2')[2]}"
        if told["include-labels"]:
            raw["labels"] = shapes.included(shapes.labels_shown(content), f"{address}/labels")
        if told["include-versions"]:
            versions = [shapes.version_shown(version) for version in reversed(content.versions)]
            raw["versions"] = shapes.included(versions, f"{address}/versions")
        for each in ("properties", "operations", "likes"):
            if told[f"include-{each}"]:
                raw[each] = shapes.included([], f"{address}/{each}")
        return self.one(raw)

    def _other_thing(self, asked: Asked, name: str, content_id: str) -> Answer:
        read(asked, {f"include-{each}": Flag() for each in INCLUDED})
        return self.one(self.shown(self.readable(content_id, KINDS[name]), {}))

    def _versions(self, asked: Asked, content_id: str) -> Answer:
        told = read(asked, {"body-format": LISTED_FORMS, "sort": orders("modified-date"), **PAGE})
        content = self.readable(content_id)
        if told["body-format"]:
            told["limit"] = min(told["limit"], 50)  # since June 2026, in silence

        def shown(version: Any) -> Raw:
            form, raw = told["body-format"], shapes.version_shown(version)
            named: Raw = {"title": version.title, "id": content.id}
            named |= {"body": {form: {"representation": form, "value": version.body}}} if form else {}
            return {**raw, "attachment" if content.type == "attachment" else "page": named}

        return self.listed(asked, told, content.versions, lambda version: [version.number], shown)

    # Attachments, labels

    def _attachments(self, asked: Asked, home: str = "") -> Answer:
        told = read(asked, ATTACHMENTS)
        statuses = told["status"] or ["current", "archived"]
        if home:
            self.readable(home)
        found = [
            one
            for one in self.service.visible("attachment")
            if one.status in statuses
            and (one.container == home if home else self.is_open(one))
            and told["mediaType"] in (None, one.media_type)
            and told["filename"] in (None, one.title)
        ]
        return self.list_contents(asked, told, found)

    def _attachment(self, asked: Asked, content_id: str) -> Answer:
        known = {"version": Number(), "include-version": Flag(True), **{f"include-{each}": Flag() for each in INCLUDED}}
        told = read(asked, known)
        content = self.readable(content_id, "attachment")
        raw = self.shown(content, told)
        if told["include-labels"]:
            address = f"{self.service.url}/wiki/api/v2/attachments/{content_id}/labels"
            raw["labels"] = shapes.included(shapes.labels_shown(content), address)
        return self.one(raw)

    def _labels(self, asked: Asked, content_id: str) -> Answer:
        keys = {"prefix": One(("my", "team", "global", "system")), "sort": orders("created-date", "id", "name")}
        told = read(asked, {**keys, **PAGE})
        rows = shapes.labels_shown(self.readable(content_id), told["prefix"])
        return self.listed(asked, told, rows, lambda raw: [raw["name"]], lambda raw: raw)

    def _labelled(self, asked: Asked, label_id: str, name: str) -> Answer:
        known = {"space-id": Many(most=100), "body-format": LISTED_FORMS, "sort": orders("id", *DATES, "title"), **PAGE}
        told = read(asked, known)
        found = [
            one
            for one in self.service.visible({**KINDS, "attachments": "attachment"}[name])
            if one.status in ("current", "archived")
            and (not told["space-id"] or one.space in told["space-id"])
            and any(raw["id"] == label_id for raw in shapes.labels_shown(one))
        ]
        return self.list_contents(asked, told, found)

    # Comments

    def _comments(self, asked: Asked, kind: str) -> Answer:
        """All of the site, those that answer others too."""
        told = read(asked, COMMENTS)
        found = [one for one in self.service.visible("comment") if one.inline == (kind == "inline")]
        return self.list_contents(asked, told, [one for one in found if self.is_open(one)])

    def _comments_on(self, asked: Asked, home: str, kind: str) -> Answer:
        """Those that begin a thread."""
        inline = kind == "inline"
        resolution = {"resolution-status": Many(("resolved", "open", "dangling", "reopened"))} if inline else {}
        told = read(asked, {**COMMENTS, "status": STATES, **resolution})
        self.readable(home)
        found = [
            one
            for one in self.service.visible("comment")
            if one.container == home
            and one.inline == inline
            and not one.parent
            and (not told.get("resolution-status") or one.resolution in told["resolution-status"])
        ]
        return self.list_contents(asked, told, found)

    def _comment(self, asked: Asked, kind: str, comment_id: str) -> Answer:
        known = {"body-format": FORMS, "version": Number(), "include-version": Flag(True)}
        told = read(asked, {**known, **{f"include-{each}": Flag() for each in INCLUDED}})
        return self.one(self.shown(self.readable(comment_id, "comment", kind), told))

    def _replies(self, asked: Asked, kind: str, comment_id: str) -> Answer:
        told = read(asked, COMMENTS)
        self.readable(comment_id, "comment", kind)
        found = [one for one in self.service.visible("comment") if one.parent == comment_id]
        return self.list_contents(asked, told, found)

    # Trees

    def _ancestors(self, asked: Asked, content_id: str) -> Answer:
        told = read(asked, {"limit": Number(25, 1, 250)})
        above = self.service.site.above(self.readable(content_id))[-told["limit"] :]
        return self.one({"results": [{"id": one.id, "type": one.type} for one in above], "_links": {}})

    def _children(self, asked: Asked, content_id: str) -> Answer:
        told = read(asked, {"sort": orders("id", *DATES, "title", "child-position"), **PAGE})
        self.readable(content_id)
        found = [one for one in self.service.site.children(content_id) if self.service.sees(one)]
        quirks, sort = self.service.quirks, (told["sort"] or "child-position").lstrip("-")

        def place(content: Content) -> list[Any]:
            return place_of(content, sort, quirks)

        answer = self.listed(asked, told, found, place, lambda one: shapes.child_shown(one, quirks))
        if quirks.null_positions and sort == "child-position":
            answer.body["_links"].pop("next", None)
            answer.headers.pop("Link", None)
        return answer

    def _descendants(self, asked: Asked, content_id: str) -> Answer:
        told = read(asked, {"depth": Number(2, 1, 10), **PAGE})
        self.readable(content_id)
        rows, level = [], [content_id]
        for depth in range(1, told["depth"] + 1):
            found = [one for above in level for one in self.service.site.children(above) if self.service.sees(one)]
            rows += [shapes.child_shown(one, self.service.quirks) | {"depth": depth} for one in found]
            level = [one.id for one in found]
        for raw in rows:
            raw["parentId"] = self.service.site.contents[raw["id"]].parent
            del raw["spaceId"]
        return self.listed(asked, told, rows, lambda raw: [raw["depth"], int(raw["id"])], lambda raw: raw)

    # People, ids

    def _users(self, asked: Asked) -> Answer:
        read(asked, {})
        accounts = self.told(asked, "accountIds")
        users = self.service.site.users
        found = [shapes.user_shown(users[account]) for account in dict.fromkeys(accounts) if account in users]
        return self.one({"results": found, "_links": {}})

    def _types(self, asked: Asked) -> Answer:
        read(asked, {})
        contents = self.service.site.contents
        found: Raw = {}
        for content_id in map(str, self.told(asked, "contentIds")):
            one = contents.get(content_id)
            if one and self.service.sees(one):
                place = "inline-" if one.inline else "footer-"
                found[content_id] = f"{place}comment" if one.type == "comment" else one.type
        return self.one({"results": found})
