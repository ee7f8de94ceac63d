"""How Cloud's REST API v2 shows things."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus
from zlib import crc32

from .confluence_asking import Quirks, Raw, Refused, stamp
from .confluence_model import Content, Space, User, Version
from .confluence_site import Site

MOST_INCLUDED = 50
RENDERED = ("view", "export_view", "anonymous_export_view", "styled_view", "editor")


def space_shown(space: Space, description: str | None) -> Raw:
    raw: Raw = {"id": space.id, "key": space.key, "name": space.name, "type": space.type, "status": space.status}
    raw |= {"authorId": space.author, "createdAt": stamp(space.created_at), "currentActiveAlias": space.alias}
    raw |= {"homepageId": space.homepage} if space.homepage else {}
    if description:
        raw["description"] = {description: {"representation": description, "value": space.description}}
    return raw | {"_links": {"webui": f"/spaces/{space.key}"}}


def version_shown(version: Version) -> Raw:
    raw: Raw = {"number": version.number, "message": version.message, "minorEdit": version.minor}
    raw |= {"authorId": version.author, "createdAt": stamp(version.at)}
    return raw | ({"ncsStepVersion": version.session} if version.session else {})


def thing_shown(site: Site, content: Content) -> Raw:
    """What hangs in trees, and blog posts; without a body."""
    raw: Raw = {"id": content.id, "status": content.status, "title": content.title, "spaceId": content.space}
    raw |= {"authorId": content.author, "createdAt": stamp(content.created_at)}
    raw["version"] = version_shown(content.version)
    if content.type not in ("page", "blogpost"):
        raw["type"] = content.type
    if content.type != "blogpost":
        above = site.contents.get(content.parent)
        raw |= {"parentId": above.id, "parentType": above.type} if above else {}
        raw |= {"position": content.position, "ownerId": content.owner}
    if content.type == "page":
        raw |= {"lastOwnerId": None, "subtype": content.subtype}
    return raw | {"_links": links_of(site, content)}


def attachment_shown(site: Site, content: Content) -> Raw:
    version, home = content.version, site.contents[content.container]
    raw: Raw = {
        "id": content.id,
        "status": content.status,
        "title": content.title,
        "createdAt": stamp(content.created_at),
    }
    raw |= {"blogPostId" if home.type == "blogpost" else "pageId": home.id}
    raw |= {"mediaType": content.media_type, "mediaTypeDescription": "File", "comment": version.message}
    raw |= {"fileId": content.file_id, "fileSize": len(version.content), "version": version_shown(version)}
    links = links_of(site, content)
    return raw | {"webuiLink": links["webui"], "downloadLink": links["download"], "_links": links}


def comment_shown(site: Site, content: Content) -> Raw:
    home = site.contents[content.container]
    raw: Raw = {"id": content.id, "status": content.status, "title": content.title}
    raw |= {"blogPostId" if home.type == "blogpost" else "pageId": home.id}
    raw |= {"parentCommentId": content.parent} if content.parent else {}
    if content.inline:
        raw["resolutionStatus"] = content.resolution
        raw["properties"] = {"inlineMarkerRef": content.marker, "inlineOriginalSelection": content.selection}
        if content.resolved_at:
            raw |= {"resolutionLastModifierId": content.resolved_by}
            raw |= {"resolutionLastModifiedAt": stamp(content.resolved_at)}
    return raw | {"version": version_shown(content.version), "_links": links_of(site, content)}


def user_shown(user: User) -> Raw:
    """The email is hidden, as it is for most."""
    raw: Raw = {"displayName": user.display_name, "publicName": user.display_name, "accountId": user.account_id}
    raw |= {"timeZone": user.zone, "isExternalCollaborator": False, "email": "", "accountType": "atlassian"}
    picture = {"path": "/wiki/aa-avatar/x", "isDefault": False}
    return raw | {"accountStatus": "active" if user.active else "closed", "profilePicture": picture}


def child_shown(content: Content, quirks: Quirks) -> Raw:
    position = None if quirks.null_positions else content.position
    raw = {"id": content.id, "status": content.status, "title": content.title, "type": content.type}
    return raw | {"spaceId": content.space, "childPosition": position}


def links_of(site: Site, content: Content) -> Raw:
    """Below the context, `/wiki` on Cloud."""
    home = site.home(content)
    space, named = site.spaces.get(home.space), quote_plus(home.title)
    key = space.key if space else ""  # a list that lags may know a space that is gone
    place = f"/spaces/{key}/pages/{home.id}/{named}"
    if home.type == "blogpost":
        place = f"/spaces/{key}/blog/{home.created_at:%Y/%m/%d}/{home.id}/{named}"
    elif home.type != "page":
        place = f"/spaces/{key}/{home.type}/{home.id}"
    if content.type == "comment":
        return {"webui": f"{place}?focusedCommentId={content.id}"}
    if content.type == "attachment":
        shown = f"/pages/viewpageattachments.action?pageId={home.id}&preview={quote(f'/{home.id}/{content.id}')}"
        version, name = content.version, quote(content.title)
        query = f"version={version.number}&modificationDate={int(version.at.timestamp() * 1000)}&cacheVersion=1&api=v2"
        return {"webui": shown, "download": f"/download/attachments/{home.id}/{name}?{query}"}
    return {"webui": place, "editui": f"/pages/resumedraft.action?draftId={home.id}", "tinyui": f"/x/{home.id}"}


def body_shown(content: Content, form: str, quirks: Quirks) -> Raw:
    """The body in one form. Of some pages the storage format cannot be had."""
    if form == "storage" and content.id in quirks.poisonous:
        raise Refused(500, "Internal Server Error", "INTERNAL_SERVER_ERROR")
    value = content.body
    if form == "atlas_doc_format":
        value = json.dumps(_document(content.body))
    elif form in RENDERED:
        value = rendered(content.body)
    return {form: {"representation": form, "value": value}}


def labels_shown(content: Content, prefix: str | None = None) -> list[Raw]:
    return [
        {"id": str(label_number(name, kind)), "name": name, "prefix": kind}
        for name, kind in sorted(content.labels.items())
        if prefix in (None, kind)
    ]


def label_number(name: str, prefix: str) -> int:
    """Labels have ids; here they follow from their names."""
    return crc32(f"{prefix}:{name}".encode())


def included(rows: Iterable[Raw], address: str) -> Raw:
    """The first fifty of something, inside an answer about something else."""
    found = list(rows)
    more = len(found) > MOST_INCLUDED
    meta = {"hasMore": more, **({"cursor": str(MOST_INCLUDED)} if more else {})}
    return {"results": found[:MOST_INCLUDED], "meta": meta, "_links": {"self": address}}


def rendered(storage: str) -> str:
    """What is left when macros are carried out: their text."""
    plain = re.sub(r"<!\[CDATA\[(.*?)\]\]>", r"\1", storage, flags=re.DOTALL)
    return re.sub(r"</?(ac|ri):[^>]*>", "", plain)


def _document(storage: str) -> Mapping[str, Any]:
    """A plain document of Atlassian's format: a paragraph for each paragraph."""
    texts = [re.sub(r"<[^>]+>", "", part) for part in re.split(r"</p>", storage)]
    paragraphs = [{"type": "paragraph", "content": [{"type": "text", "text": text}]} for text in texts if text]
    return {"version": 1, "type": "doc", "content": paragraphs}
