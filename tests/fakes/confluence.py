"""Confluence on loopback: one site that tests edit, behind Cloud's APIs or behind Data Center's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import ClassVar
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from . import confluence_doors as doors
from .confluence_asking import Pager, Quirks
from .confluence_doors import EMAIL, PAT, SCOPED_TOKEN, SCOPES, TOKEN, Throttle, Token
from .confluence_model import Content
from .confluence_site import Site
from .confluence_v1 import V1
from .confluence_v2 import V2
from .web import Answer, Asked, FakeService, html

CLOUD_ID = "11111111-2222-3333-4444-555555555555"
GATEWAY = f"/ex/confluence/{CLOUD_ID}"
DOWNLOAD = re.compile(r"/rest/api/content/(\d+)/child/attachment/(att\d+)/download")
DOWNLOAD_BY_NAME = re.compile(r"/download/attachments/(\d+)/([^/]+)")
MEDIA_SECONDS = 600


class FakeConfluence(FakeService):
    """Cloud: v2 below /wiki/api/v2, v1 below /wiki/rest/api, the gateway below /ex/confluence/<CLOUD_ID>/wiki, files
    on another host (`localhost`) to which they redirect. `FakeDataCenter` shows the same site as Data Center does.

    What a test does on `site` (a second passes at each act, stamps have milliseconds; `at=` and `by=` give others):
      spaces       create_space(key, homepage=…) rename_space archive_space restore_space delete_space block_space
                   take_away(space) and give_back(space): whether the reading user sees it
      pages        create(space, title, body, parent=…, kind="page|folder|whiteboard|database|embed", subtype="live")
                   blog draft publish edit(…, minor=…) rename write_live move(parent=…, space=…)
      no version   label unlabel restrict(page, *who) unrestrict restrict_editing archive(below=…) unarchive
                   trash(below=…) restore purge
      comments     comment(page, body, on="words" for an inline one) reply edit_comment delete_comment resolve
      files        attach(page, name, content, media_type) replace trash restore purge
      people       add_user(name, groups=…) rename_user; `reader` is whose token is used, `users[reader].zone` its zone
      index        index.lag: seconds until CQL finds a change; index.list_lag: until lists show it

    Here: `tokens` (refusals, scopes; take one out to revoke it), `throttle` and `limit_for(seconds)` (limits), `quirks`
    (what servers do that no document promises), `anonymous_redirect`, `zone` of the server, `most_in_page`,
    `begin_anew`, and `order`, `forget`, `counts`, `before`, `tick` of every fake.
    """

    data_center: ClassVar[bool] = False
    context = "/wiki"

    def __init__(self) -> None:
        super().__init__()
        self.begin_anew()

    def begin_anew(self) -> None:
        """An empty site, with the quirks of every day."""
        self.site = Site(self.tick)
        self.quirks, self.throttle = Quirks(), Throttle()
        self.tokens = self._tokens()
        self.anonymous_redirect = ""  # where who is not known is sent, to log in
        self.zone = ZoneInfo("UTC")  # of the server
        self.most_in_page = 1000
        self.most_spaces = 500
        self.token = Token()
        self.pager = Pager(self.quirks, lambda: self.now)
        self.v1 = V1(self)
        self.v2 = V2(self)
        self.forget()

    def _tokens(self) -> dict[str, Token]:
        return {TOKEN: Token(), SCOPED_TOKEN: Token(scopes=set(SCOPES))}

    @property
    def base(self) -> str:
        """The address of the site, with its context."""
        return f"{self.url}{self.context}"

    def limit_for(self, seconds: float) -> None:
        """From now on everything is refused, for so long."""
        self.throttle.until = self.now + timedelta(seconds=seconds)

    # Every request

    def answer(self, asked: Asked) -> Answer:
        if asked.path.startswith("/media/"):
            return self._media(asked)
        if asked.path == "/_edge/tenant_info":
            return Answer(200, {"cloudId": CLOUD_ID})
        through_gateway = asked.path.startswith(f"{GATEWAY}/")
        path = asked.path.removeprefix(GATEWAY) if through_gateway else asked.path
        if not path.startswith(f"{self.context}/"):
            return html(404, "<html><body>Page not found</body></html>")
        refused = self.throttle.refusal(self.now, self.data_center) or self._known(asked, through_gateway)
        answer = refused or self._inside(asked, path.removeprefix(self.context))
        return Answer(
            answer.status,
            answer.body,
            {**self.throttle.headers(self.now, self.data_center), **answer.headers},
            answer.cut,
        )

    def _inside(self, asked: Asked, path: str) -> Answer:
        if (match := DOWNLOAD.fullmatch(path) or DOWNLOAD_BY_NAME.fullmatch(path)) is not None:
            return self._download(asked, *match.groups())
        if path.startswith("/rest/api/"):
            return self.v1.answer(asked, path.removeprefix("/rest/api"), self.token.scopes)
        if path.startswith("/api/v2/") and not self.data_center:
            if self.token.scopes is not None and self.quirks.v2_refuses_scoped:
                return doors.unauthorized("OUT")
            return self.v2.answer(asked, path.removeprefix("/api/v2"), self.token.scopes)
        return html(404, "<html><body>Page not found</body></html>")

    def _known(self, asked: Asked, through_gateway: bool) -> Answer | None:
        """None, and `token` is set, where the request may be answered."""
        if "authorization" not in asked.headers:
            redirect = self.anonymous_redirect
            return doors.to_login(redirect) if redirect else doors.unauthorized("OUT")
        email, secret = doors.basic(asked)
        token = self.tokens.get(secret or (doors.bearer(asked) if through_gateway else ""))
        if token is None or (secret and email != token.email) or (token.scopes is not None) != through_gateway:
            return doors.unauthorized()
        return self._admitted(token)

    def _admitted(self, token: Token) -> Answer | None:
        if token.refusal == "expired":
            return doors.unauthorized()
        if token.refusal not in ("", "blind"):
            return doors.forbidden(token.refusal)
        self.token = token
        return None

    # Who sees what

    def sees_space(self, space_id: str) -> bool:
        return self.token.refusal != "blind" and self.site.sees_space(space_id)

    def sees(self, content: Content) -> bool:
        space = self.site.spaces[content.space]
        return self.token.refusal != "blind" and not space.blocked and self.site.sees(content)

    def visible(self, kind: str) -> list[Content]:
        """What lists may show. Permissions are those of now, whatever else lags."""
        alive = self.site.contents
        listed = self.site.index.listed() if self.site.index.list_lag else list(alive.values())
        return [one for one in listed if one.type == kind and one.id in alive and self.sees(alive[one.id])]

    # Files

    def _download(self, asked: Asked, home: str, named: str) -> Answer:
        needed = "readonly:content.attachment:confluence"
        if self.token.scopes is not None and needed not in self.token.scopes:
            return Answer(401, {"code": 401, "message": "Unauthorized; scope does not match"})
        found = [one for one in self.site.on(home, "attachment") if unquote(named) in (one.id, one.title)]
        if not found or not self.sees(found[0]):
            return Answer(404, {"statusCode": 404, "message": f"No attachment found: {named}"})
        if self.data_center:
            return self._content_of(found[0], asked.query.get("version", ""))
        host = self.url.replace("127.0.0.1", "localhost")
        until = int(self.now.timestamp()) + MEDIA_SECONDS
        version = asked.query.get("version") or found[0].version.number
        return Answer(
            302, b"", {"Location": f"{host}/media/{found[0].id}?version={version}&until={until}&token=signed"}
        )

    def _media(self, asked: Asked) -> Answer:
        """The store of files. It refuses what carries credentials of the site, and what is signed for too long ago."""
        if "authorization" in asked.headers:
            return Answer(400, {"error": {"code": "InvalidRequest", "title": "Only one way to log in is allowed"}})
        found = self.site.contents.get(asked.path.removeprefix("/media/"))
        if asked.query.get("token") != "signed" or int(asked.query["until"]) < self.now.timestamp():
            return Answer(403, {"error": {"code": "JwtAuthoriser:TokenExpired", "title": "Expired"}})
        return self._content_of(found, asked.query.get("version", "")) if found else html(404)

    def _content_of(self, content: Content, number: str) -> Answer:
        version = next((one for one in content.versions if str(one.number) == number), content.version)
        disposition = f'attachment; filename="{content.title}"'
        return Answer(200, version.content, {"Content-Type": content.media_type, "Content-Disposition": disposition})


class FakeDataCenter(FakeConfluence):
    """Data Center: all below /rest/api (`context` before it), a personal access token or a password, offsets."""

    data_center = True
    context = ""

    def _tokens(self) -> dict[str, Token]:
        return {PAT: Token(), "password": Token(email="me")}

    def _known(self, asked: Asked, through_gateway: bool) -> Answer | None:
        if "authorization" not in asked.headers:
            redirect = self.anonymous_redirect
            return doors.to_login(redirect) if redirect else doors.unauthorized("OUT")
        name, secret = doors.basic(asked)
        token = self.tokens.get(secret or doors.bearer(asked))
        if token is None or (secret and name != token.email) or through_gateway:
            return doors.unauthorized()
        return self._admitted(token)


__all__ = ["CLOUD_ID", "EMAIL", "GATEWAY", "PAT", "SCOPED_TOKEN", "TOKEN", "FakeConfluence", "FakeDataCenter"]
