"""GitHub on loopback: its REST and GraphQL APIs and git, over a world that tests edit."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import traceback
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from .github_access import CLASSIC, FINE, SAML, App, Refused, Token, credential_of, sso_headers
from .github_apps import Apps
from .github_git import serve
from .github_graphql import GraphQL
from .github_json import Bodies
from .github_limits import Limits
from .github_repository import Repository
from .github_rest import Call, Rest
from .github_state import State
from .web import Answer, Asked, FakeService

VERSIONS = ["2026-03-10", "2022-11-28"]
NO_AGENT = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
PUBLIC = ("/meta", "/versions", "/rate_limit")


class FakeGitHub(FakeService):
    """What tests edit, all in the words of GitHub; each act happens a second (`state.pace`) after the one before.

    `state` (github_state.State) is the whole: create_repository("acme/app", visibility="public", has_wiki=False, …),
    rename_/transfer_/archive_/delete_repository, set_visibility, take_access, give_access, rename_owner, add_user,
    rename_user, delete_user, transfer_issue, convert_issue; switches `lag`, `comments_move_discussions`, …

    A repository (github_repository.Repository): open_issue, edit, close, reopen, label, unlabel, rename_label, assign,
    set_milestone, rename_milestone, set_type, lock, delete_issue, comment, delete, minimize; open_pull, push, merge,
    mark_ready, review, submit, dismiss, comment_on_line (with `reply_to`), resolve; `has_issues`,
    `has_pull_requests`, `has_discussions`, `has_wiki`, `archived`, `disabled`, `blocked` may be set; and it holds

    `discussions`: begin, edit, comment, reply, answer, delete_comment, recategorize, close, reopen, lock, label,
    delete;
    `code`: commit({path: bytes, str, Link, Submodule, Zeros, Program, None}), rename, force_push, reset,
    set_default_branch, rename_branch, collect_garbage (github_code.lfs_pointer makes a pointer);
    `wiki`: write({"Home.md": text or None}), rename, rewrite, destroy.

    Of the service: `tokens` (github_access.Token, by value; CLASSIC and FINE are there from the start), `app` (install;
    private_key, client_id), `limits` (github_limits.Limits), `serve_enterprise()`, `retired` (API versions), and the
    numbers below `begin_anew`. For `order`: secondary, primary, graphql_limit of github_limits, html of web.
    """

    def __init__(self) -> None:
        super().__init__()
        self._folder: Path | None = None
        self.begin_anew()

    def begin_anew(self) -> None:
        """An empty world; no switch is set."""
        self.close()
        self.state = State(self.tick, self._repositories)
        self.tokens = {CLASSIC: Token(), FINE: Token("fine", scopes=set())}
        self.app = App()
        self.limits = Limits()
        self.base, self.graphql_path = "", "/graphql"
        self.enterprise_version = ""
        self.versions = [*VERSIONS]
        self.retired: dict[str, datetime] = {}  # since when these versions are no more; and before, that they will be
        self.lockout_after = 0  # so many bad credentials: 403 for everybody
        self._failures = 0
        self.ghosts = False  # of deleted accounts REST says "ghost" instead of null
        self.cursors_shift = False  # links of issues hold places instead of things
        self.deepest = 1000  # issues that are reached by `page`
        self.tree_entries, self.tree_bytes = 100_000, 7_000_000  # of a recursive tree
        self.text_bytes = 512_000  # of a blob's text in GraphQL, before it is cut
        self.heavy_nodes = 0  # GraphQL with more possible nodes is given up with parts missing; 0: never
        self.slow_nodes = 0  # … takes too long: 502
        self.pull_clock = "newest"  # what GraphQL calls updatedAt of a pull request: "newest" of its two, or "pull"
        self.rest = Rest(self)
        self.graphql = GraphQL(self)
        self.forget()

    def close(self) -> None:
        """What lies on the disk is removed."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __del__(self) -> None:
        self.close()

    def serve_enterprise(self, version: str = "3.19.2") -> None:
        """From now on this is a server of one's own: other paths, no limits."""
        self.base, self.graphql_path, self.enterprise_version = "/api/v3", "/api/graphql", version
        self.versions = ["2022-11-28"]
        self.limits.on = False

    @property
    def bodies(self) -> Bodies:
        return Bodies(f"{self.url}{self.base}", self.url, ghosts=self.ghosts)

    def key(self, token: Token) -> str:
        """Whose limits a request with this token counts for."""
        return f"installation {token.installation.id}" if token.installation else token.login

    def told(self, token: Token, resource: str) -> dict[str, int]:
        return self.limits.told(self.key(token), resource, self.now)

    # Every request

    def answer(self, asked: Asked) -> Answer:
        try:
            if match := re.fullmatch(r"/([^/]+)/([^/]+?)(\.wiki)?\.git/(.+)", asked.path):
                return self._git(asked, match[1], match[2], match[4], wiki=bool(match[3]))
            if match := re.fullmatch(r"/codeload/.+/legacy\.tar\.gz/([0-9a-f]+)", asked.path):
                return self.rest.history.archive(asked, match[1])
            answer = self._api(asked)
        except Refused as error:
            answer = error.answer
        except Exception:
            traceback.print_exc()  # a mistake of the fake, which the client would take for a cut connection
            raise
        answer.headers.setdefault("X-GitHub-Media-Type", "github.v3; format=json")
        answer.headers["X-GitHub-Request-Id"] = f"R{len(self.asked)}"
        if self.enterprise_version:
            answer.headers["X-GitHub-Enterprise-Version"] = self.enterprise_version
        return answer

    def _api(self, asked: Asked) -> Answer:
        if not asked.headers.get("user-agent"):
            return Answer(403, f"{NO_AGENT} (https://docs.github.com/rest).".encode(), {"Content-Type": "text/plain"})
        is_graphql = asked.path == self.graphql_path
        if not is_graphql and not asked.path.startswith(f"{self.base}/"):
            raise Refused(404, "Not Found")
        version = self._version(asked)
        path = asked.path.removeprefix(self.base)
        if not is_graphql and (path == "/app" or path.startswith("/app/") or path.endswith("/installation")):
            self.app.prove(credential_of(asked), self.now)
            return Apps(self).answer(asked, path)
        value = credential_of(asked)
        if path in PUBLIC and not (value and path == "/rate_limit"):
            return self._public(path)
        anonymous = not value and not is_graphql and path != "/user"
        token = Token(login="", scopes=set()) if anonymous else self._token(value)
        resource = "graphql" if is_graphql else "core"
        call = Call(asked, token, version)
        refused = None if path == "/rate_limit" else self.limits.refusal(self.key(token), resource, self.now)
        if refused is not None:
            return refused
        try:
            answer = self.graphql.answer(call) if is_graphql else self._counted(call, path, value)
        except Refused as error:
            answer = error.answer
            self.limits.spend(self.key(token), resource, 1, self.now)
        answer.headers.update(self._headers(token, value, resource, version))
        return answer

    def _counted(self, call: Call, path: str, value: str) -> Answer:
        """What was answered to this very token before, and did not change, costs nothing."""
        if call.asked.method != "GET":
            raise Refused(404, "Not Found")
        answer = self.rest.answer(call, path)
        tag = hashlib.sha256(value.encode() + call.version.encode() + answer.content).hexdigest()
        etag = f'W/"{tag}"'
        if etag in [given.strip() for given in call.asked.headers.get("if-none-match", "").split(",")]:
            return Answer(304, b"", {"ETag": etag, "Cache-Control": "private, max-age=60, s-maxage=60"})
        if path != "/rate_limit":
            self.limits.spend(self.key(call.token), "core", 1, self.now)
        answer.headers["ETag"] = etag
        return answer

    def _version(self, asked: Asked) -> str:
        version = asked.headers.get("x-github-api-version", "2022-11-28")
        if version not in self.versions and version not in self.retired:
            told = f"The specified API version is invalid: {version}. Supported: {', '.join(self.versions)}"
            raise Refused(400, told)
        if version in self.retired and self.retired[version] <= self.now:
            raise Refused(410, "This API version is no longer supported.", self._sunset(version))
        return version

    def _sunset(self, version: str) -> dict[str, str]:
        """The headers that say until when a version is served."""
        if version not in self.retired:
            return {}
        gone = self.retired[version]
        return {"Deprecation": f"@{int(gone.timestamp())}", "Sunset": gone.strftime("%a, %d %b %Y %H:%M:%S GMT")}

    def _token(self, value: str) -> Token:
        if not value:
            raise Refused(401, "Requires authentication")
        token = self.tokens.get(value)
        if 0 < self.lockout_after <= self._failures:
            raise Refused(403, "Maximum number of login attempts exceeded. Please try again later.")
        if token is None or token.refused or (token.expires_at is not None and token.expires_at <= self.now):
            self._failures += 1
            raise Refused(401, "Bad credentials")
        if token.installation is not None and token.installation.suspended:
            raise Refused(403, "This installation has been suspended")
        return token

    def _headers(self, token: Token, value: str, resource: str, version: str) -> dict[str, str]:
        found = self.limits.headers(self.key(token), resource, self.now)
        found["X-GitHub-Api-Version-Selected"] = version
        if token.sso == "partial" and resource == "graphql":
            found["X-GitHub-SSO"] = self.partial(self.state.repositories.values())
        found |= self._sunset(version)
        if token.kind == "classic":
            found |= {"X-OAuth-Scopes": ", ".join(sorted(token.scopes)), "X-Accepted-OAuth-Scopes": "repo"}
        if token.kind != "installation" and token.expires_at:
            found["github-authentication-token-expiration"] = token.expires_at.strftime("%Y-%m-%d %H:%M:%S UTC")
        return found

    def _public(self, path: str) -> Answer:
        """What is told to everybody."""
        if path == "/versions":
            return Answer(200, self.versions)
        if path == "/rate_limit":
            raise Refused(401, "Requires authentication")
        told = {"verifiable_password_authentication": bool(self.enterprise_version)}
        return Answer(200, told | ({"installed_version": self.enterprise_version} if self.enterprise_version else {}))

    def walled(self, login: str) -> Refused:
        return Refused(403, SAML, sso_headers(login))

    def partial(self, found: Iterable[Repository]) -> str:
        """What is said where a list leaves out what organizations keep behind their walls."""
        walled = {str(one.owner.id) for one in found if one.owner.kind == "Organization"}
        return f"partial-results; organizations={','.join(sorted(walled))}"

    # git, of wikis and of files

    def _repositories(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="github-"))
        return self._folder

    def _git(self, asked: Asked, owner: str, name: str, service: str, *, wiki: bool) -> Answer:
        """git asks without a credential first; that there is nothing it learns only with one."""
        value = credential_of(asked)
        one = self.state.named(owner, name) or self.state.formerly(owner, name)
        if one is not None and not self._fetched(one, value, wiki):
            one = None
        challenge = {"WWW-Authenticate": 'Basic realm="GitHub"'}
        if value:
            try:
                self._token(value)
            except Refused:
                return Answer(401, b"Invalid username or token.", challenge)
        elif one is None:
            return Answer(401, b"Repository not found.", challenge)
        if one is None:
            return Answer(404, b"Repository not found.", {"Content-Type": "text/plain"})
        return serve(one.wiki.folder if wiki else one.code.as_git(), asked, service)

    def _fetched(self, one: Repository, value: str, wiki: bool) -> bool:
        """Whether there is something to fetch for the holder of this."""
        there = one.has_wiki and one.wiki.exists if wiki else True
        token = self.tokens.get(value)
        return (
            there and one.accessible and (token.sees(one) and not token.lacks("contents") if token else not one.private)
        )


def prepare(fake: FakeGitHub, owner: str = "acme", name: str = "app", issues: int = 5) -> Repository:
    """A repository with some of everything."""
    one = fake.state.create_repository(f"{owner}/{name}")
    for number in range(issues):
        issue = one.open_issue(f"issue {number}", f"text of issue {number}")
        one.comment(issue, f"comment on issue {number}")
    pull = one.open_pull("a change", "what it does")
    one.comment_on_line(pull, "why so?", review=one.review(pull, "CHANGES_REQUESTED", "almost"))
    question = one.discussions.begin("how?", "does it work")
    one.discussions.reply(one.discussions.comment(question, "so"), "thanks")
    one.code.commit({"README.md": "# App\n", "src/app.py": "print('app')\n"})
    one.wiki.write({"Home.md": "welcome\n"})
    return one
