"""How the REST API v1, and Data Center's, shows things: what is wanted beyond the least is named by `expand`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from .confluence_asking import Raw, missing, stamp
from .confluence_model import CONTAINED, IN_TREES, Content, Space, User, Version
from .confluence_shapes import RENDERED, body_shown, label_number, links_of

if TYPE_CHECKING:
    from .confluence import FakeConfluence

BODIES = ("storage", "atlas_doc_format", *RENDERED)
EXPANDABLE = ("body", "version", "space", "ancestors", "history", "metadata", "restrictions", "container", "extensions")
PICTURE = {"path": "/images/icons/profilepics/default.svg", "width": 48, "height": 48, "isDefault": True}
PLAIN_TITLE = re.compile(r"[\w .-]+", re.ASCII)  # others are told by number in addresses of Data Center
OPERATIONS = ("read", "update")


class Shapes:
    """Cloud stamps in UTC and knows accounts; Data Center stamps in its own zone and knows keys and names."""

    def __init__(self, service: FakeConfluence) -> None:
        self.service = service

    def content(self, content: Content, wanted: set[str]) -> Raw:
        """`wanted`: what `expand` names. What it does not know is passed over."""
        raw: Raw = {"id": content.id, "type": content.type, "status": content.status, "title": content.title}
        if content.type in CONTAINED:
            raw |= self._more_of_contained(content, wanted)
        elif content.type == "page":
            raw["extensions"] = {"position": "none" if content.position is None else content.position}
        known: dict[str, Callable[[], Any]] = {
            "version": lambda: self.version(content.version),
            "space": lambda: self.space(self.service.site.spaces[content.space]),
            "ancestors": lambda: self._ancestors(content, wanted),
            "container": lambda: self._container(content),
            "history": lambda: self._history(content, wanted),
            "body": lambda: self._bodies(content, wanted),
            "restrictions": lambda: self.restrictions(content),
        }
        asked_for = {each.partition(".")[0] for each in wanted}
        raw |= {name: shown() for name, shown in known.items() if name in asked_for}
        if "metadata.labels" in wanted:
            raw.setdefault("metadata", {})["labels"] = self.listed(self.labels(content), 200)
        raw["_expandable"] = {each: "" for each in EXPANDABLE if each not in raw}
        return raw | {"_links": self._links(content)}

    def _more_of_contained(self, content: Content, wanted: set[str]) -> Raw:
        if content.type == "attachment":
            facts = {"mediaType": content.media_type, "comment": content.version.message}
            more: Raw = {"fileSize": len(content.version.content)}
            more |= {"fileId": content.file_id} if not self.service.data_center else {}
            return {"metadata": dict(facts), "extensions": {**facts, **more}}
        extensions: Raw = {"location": "inline" if content.inline else "footer"}
        if content.inline and "extensions.inlineProperties" in wanted:
            selection = {"originalSelection": content.selection, "markerRef": content.marker}
            extensions["inlineProperties"] = selection
        if content.inline and "extensions.resolution" in wanted:
            extensions["resolution"] = {"status": content.resolution}
        return {"extensions": extensions}

    def _ancestors(self, content: Content, wanted: set[str]) -> list[Raw]:
        """Of a comment, the comments that it answers."""
        site = self.service.site
        above = site.above(content) if content.type in IN_TREES else site.answered(content)
        if any(one.id in self.service.quirks.unreadable_above for one in above):
            raise missing("No content found with id: ContentId{id=" + above[0].id + "}")
        inner = {each.removeprefix("ancestors.") for each in wanted if each.startswith("ancestors.")}
        return [self.content(one, inner) for one in above]

    def _container(self, content: Content) -> Raw:
        home = self.service.site.contents.get(content.container)
        return self.content(home, set()) if home else self.space(self.service.site.spaces[content.space])

    def _bodies(self, content: Content, wanted: set[str]) -> Raw:
        found: Raw = {}
        for form in BODIES:
            found |= body_shown(content, form, self.service.quirks) if f"body.{form}" in wanted else {}
        return found

    def _history(self, content: Content, wanted: set[str]) -> Raw:
        by, at = self.person(content.author), self.stamp(content.created_at)
        raw: Raw = {"latest": True, "createdBy": by, "createdDate": at}
        if "history.lastUpdated" in wanted:
            raw["lastUpdated"] = self.version(content.version)
        return raw | {"_links": {"self": f"{self.service.base}/rest/api/content/{content.id}/history"}}

    def _links(self, content: Content) -> Raw:
        known = links_of(self.service.site, content)
        if self.service.data_center and content.type == "page":
            key, named = self.service.site.spaces[content.space].key, quote_plus(content.title)
            plain = PLAIN_TITLE.fullmatch(content.title)
            known["webui"] = f"/display/{key}/{named}" if plain else f"/pages/viewpage.action?pageId={content.id}"
        return {**known, "self": f"{self.service.base}/rest/api/content/{content.id}"}

    def version(self, version: Version) -> Raw:
        raw: Raw = {"by": self.person(version.author), "when": self.stamp(version.at), "message": version.message}
        raw |= {"number": version.number, "minorEdit": version.minor, "hidden": False}
        return raw if self.service.data_center else raw | {"friendlyWhen": "recently", "contentTypeModified": False}

    def space(self, space: Space) -> Raw:
        raw: Raw = {"id": int(space.id), "key": space.key, "name": space.name, "type": space.type}
        raw |= {"status": space.status} | ({} if self.service.data_center else {"alias": space.alias})
        links = {"webui": f"/{'display' if self.service.data_center else 'spaces'}/{space.key}"}
        return raw | {"_links": {**links, "self": f"{self.service.base}/rest/api/space/{space.key}"}}

    def person(self, account: str) -> Raw:
        user = self.service.site.users.get(account)
        if user is None:
            return {"type": "anonymous", "displayName": "Anonymous", "profilePicture": PICTURE}
        raw = self.user(user)
        return raw | {"_links": {"self": f"{self.service.base}/rest/api/user?{self._named(user)}"}}

    def user(self, user: User) -> Raw:
        raw: Raw = {"type": "known", "displayName": user.display_name, "profilePicture": PICTURE}
        if self.service.data_center:
            return raw | {"username": user.name, "userKey": user.key, "_expandable": {"status": ""}}
        accounts = {"accountId": user.account_id, "accountType": "atlassian", "email": "", "publicName": user.name}
        return raw | accounts | {"isExternalCollaborator": False}

    def _named(self, user: User) -> str:
        return f"key={user.key}" if self.service.data_center else f"accountId={user.account_id}"

    def labels(self, content: Content) -> list[Raw]:
        return [
            {"prefix": kind, "name": name, "id": str(label_number(name, kind)), "label": name}
            for name, kind in sorted(content.labels.items())
        ]

    def restrictions(self, content: Content) -> Raw:
        """Its own alone; what it inherits stands at what is above it."""
        address = f"{self.service.base}/rest/api/content/{content.id}/restriction/byOperation"
        named = {"read": content.readers, "update": content.editors}
        raw: Raw = {name: self._restriction(name, named[name], address) for name in OPERATIONS}
        return raw | {"_links": {"self": address}}

    def _restriction(self, operation: str, names: set[str], address: str) -> Raw:
        users = [self.user(self.service.site.users[name]) for name in sorted(names) if name in self.service.site.users]
        groups = [
            {"type": "group", "name": name, "id": f"group-{name}"}
            for name in sorted(names)
            if name not in self.service.site.users
        ]
        found = {"user": self.listed(users, 200), "group": self.listed(groups, 200)}
        return {"operation": operation, "restrictions": found, "_links": {"self": f"{address}/{operation}"}}

    def listed(self, rows: list[Any], limit: int) -> Raw:
        """A list inside an answer about something else."""
        return {"results": rows[:limit], "start": 0, "limit": limit, "size": min(len(rows), limit)}

    def stamp(self, moment: datetime) -> str:
        if not self.service.data_center:
            return stamp(moment)
        return moment.astimezone(self.service.zone).isoformat(timespec="milliseconds").replace("+00:00", "Z")
