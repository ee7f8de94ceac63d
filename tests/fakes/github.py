"""GitHub on loopback, as an Enterprise Server answers: REST, GraphQL and wikis by git."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from . import github_json as rows
from .github_graphql import Query, stamp
from .github_state import Issue, Objects, Repository, State
from .web import Answer, Asked, FakeService

TOKEN = "ghp_1111-of-a-person"
REST = "/api/v3"
DEEPEST = 1000  # rows that numbers of pages reach
APP_ID, INSTALLATION = "Iv23-app", 77
KINDS = {"issues": "issue", "pulls": "pull"}

Route = Callable[[Asked, Repository, Sequence[str]], Answer]


class FakeGitHub(FakeService):
    """REST below /api/v3, GraphQL at /api/graphql, wikis at /OWNER/NAME.wiki.git.

    `state` is what people edit (see `github_state.State`). Switches: `tokens` (each None, or how it is refused: an
    Answer), `owners` that exist without repositories, `most_nodes` that one query may give, `most_entries` of a tree
    before it is cut off, `points` of GraphQL that are left, `retired` (410 for everything),
    `failing` numbers and blobs, `app_key` (the public key
    of the App, PEM), `wikis` (a folder with bare repositories NAME.wiki.git).
    """

    def __init__(self) -> None:
        super().__init__()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Nothing is there; no switch is set."""
        self.state = State(self.tick)
        self.tokens: dict[str, Answer | None] = {TOKEN: None}
        self.owners = {"acme"}
        self.most_nodes = 500_000
        self.most_entries = 100_000
        self.points = 5000
        self.retired = False
        self.failing: set[int | str] = set()  # numbers of issues, and blobs, on which queries break
        self.app_key = ""
        self.wikis: Path | None = None
        self.minted = 0
        self._ends: dict[str, datetime] = {}
        self._objects: dict[tuple[int, str], Objects] = {}
        self.forget()

    # What the state looks like to a token

    def may_read(self, repository: Repository) -> bool:
        return repository.readable

    def find(self, full_name: str, *, follow: bool = True) -> Repository | None:
        for each in self.state.repositories.values():
            if each.full_name.lower() == full_name.lower():
                return each
        former = self.state.redirects.get(full_name) if follow else None
        return self.state.repositories.get(former or 0)

    def objects(self, repository: Repository) -> Objects:
        key = (repository.id, repository.commit)
        if key not in self._objects:
            self._objects[key] = Objects(repository.files)
        return self._objects[key]

    # Every request

    def answer(self, asked: Asked) -> Answer:
        if ".wiki.git/" in asked.path:
            return self._git(asked)
        if self.retired:
            return Answer(410, {"message": "Gone"}, {"Sunset": "Sun, 01 Nov 2026 00:00:00 GMT"})
        if (refused := self._refusal(asked)) is not None:
            return refused
        if asked.path == "/api/graphql":
            return Answer(200, Query(self, asked.json).answer(), self._headers())
        if not asked.path.startswith(REST):
            return _missing()
        answer = self._route(asked, asked.path.removeprefix(REST).strip("/").split("/"))
        answer.headers = {**self._headers(), **answer.headers}
        return answer

    def _headers(self) -> dict[str, str]:
        return {"X-GitHub-Enterprise-Version": "3.19.2", "X-OAuth-Scopes": "repo"}

    def _refusal(self, asked: Asked) -> Answer | None:
        if "user-agent" not in asked.headers:
            return Answer(403, {"message": "Request forbidden by administrative rules."})
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token.count(".") == 2 and not token.startswith("ghs_"):
            return None if self._is_app(token) else _bad()
        if token not in self.tokens or self._ends.get(token, self.now) < self.now:
            return _bad()
        return self.tokens[token]

    def _route(self, asked: Asked, parts: Sequence[str]) -> Answer:
        match parts:
            case ["orgs" | "users", owner, "installation"]:
                return Answer(200, {"id": INSTALLATION}) if owner in self.owners else _missing()
            case ["app", "installations", number, "access_tokens"]:
                return self._mint() if number == str(INSTALLATION) else _missing()
            case ["repositories", number, *rest]:
                found = self.state.repositories.get(int(number))
            case ["repos", owner, name, *rest]:
                found = self.find(f"{owner}/{name}")
                if found is not None and found.full_name.lower() != f"{owner}/{name}".lower():
                    return self._moved(found, rest, asked)
            case _:
                return _missing()
        if found is None or not self.may_read(found):
            return _missing()
        return self._in_repository(asked, found, rest)

    def _moved(self, found: Repository, rest: Sequence[str], asked: Asked) -> Answer:
        address = "/".join([f"{self.url}{REST}/repositories/{found.id}", *rest])
        address += f"?{urlencode(asked.query)}" if asked.query else ""
        return Answer(301, {"message": "Moved Permanently", "url": address}, {"Location": address})

    def _in_repository(self, asked: Asked, of: Repository, parts: Sequence[str]) -> Answer:
        match parts:
            case []:
                return Answer(200, rows.repository(of, f"{self.url}{REST}", self.url))
            case ["issues"]:
                return self._issues(asked, of)
            case ["issues" | "pulls" as kind, "comments"]:
                return self._comments(asked, of, kind)
            case ["issues", number]:
                return self._issue(of, int(number))
            case ["git", "trees", sha]:
                return self._tree(asked, of, sha)
            case ["git", "blobs", sha]:
                return self._blob(asked, of, sha)
        return _missing()

    # Issues

    def _issues(self, asked: Asked, of: Repository) -> Answer:
        if not of.has_issues:
            return Answer(410, {"message": "Issues are disabled for this repo"})
        field = "updated" if asked.query.get("sort") == "updated" else "created"
        since = asked.query.get("since", "")
        if since.startswith("1970-01-01T00:00:00"):
            return Answer(200, [])
        state = asked.query.get("state", "open")
        found = [
            each
            for each in of.issues.values()
            if (state == "all" or (each.closed is None) == (state == "open")) and (stamp(each.updated) or "") >= since
        ]
        if not of.has_pulls:
            found = [each for each in found if each.pull is None]
        by: Callable[[Issue], Any] = lambda each: (stamp(getattr(each, field)), each.id)  # noqa: E731
        found.sort(key=by, reverse=asked.query.get("direction", "desc") == "desc")
        told = [rows.issue(of, each, f"{self.url}{REST}", self.url) for each in found]
        return self._page(asked, of, "issues", told)

    def _issue(self, of: Repository, number: int) -> Answer:
        if number in of.issues:
            return Answer(200, rows.issue(of, of.issues[number], f"{self.url}{REST}", self.url))
        if number not in of.gone:
            return _missing()
        moved = of.gone[number]
        if moved is None:
            return Answer(410, {"message": "This issue was deleted"})
        address = f"{self.url}{REST}/repositories/{moved[0]}/issues/{moved[1]}"
        return Answer(301, {"message": "Moved Permanently", "url": address}, {"Location": address})

    def _comments(self, asked: Asked, of: Repository, kind: str) -> Answer:
        if kind == "pulls" and not of.has_pulls:
            return _missing()
        where = (f"{self.url}{REST}", self.url)
        found: list[rows.Row] = []
        for issue in of.issues.values():
            if kind == "issues":
                found += [rows.issue_comment(of, issue, comment, *where) for comment in issue.comments]
            for thread in issue.pull.threads if issue.pull and kind == "pulls" else ():
                found += [rows.review_comment(of, issue, thread, comment, *where) for comment in thread.comments]
        found = [row for row in found if row["updated_at"] >= asked.query.get("since", "")]
        sort = asked.query.get("sort")  # without it, `direction` is ignored
        found.sort(key=lambda row: (row[f"{sort}_at"], row["id"]) if sort else (row["id"],))
        if sort and asked.query.get("direction") == "desc":
            found.reverse()
        return self._page(asked, of, f"{kind}/comments", found)

    def _page(self, asked: Asked, of: Repository, path: str, found: Sequence[rows.Row]) -> Answer:
        size = min(int(asked.query.get("per_page", 30)), 100)
        number = int(asked.query.get("page", 1))
        first = (number - 1) * size
        if "after" in asked.query:
            first = int(b64decode(asked.query["after"]))
        elif first >= DEEPEST:
            told = "Pagination with the page parameter is not supported for large datasets, please use cursor based"
            return Answer(422, {"message": f"{told} pagination (after/before)", "status": "422"})
        shown = list(found[first : first + size])
        token = asked.headers["authorization"]
        etag = f'W/"{hashlib.sha256((token + json.dumps(shown)).encode()).hexdigest()[:32]}"'
        if asked.headers.get("if-none-match") == etag:
            return Answer(304, b"", {"ETag": etag})
        headers = {"ETag": etag}
        if first + size < len(found):
            after = b64encode(str(first + size).encode()).decode()
            asked_next = {**asked.query, "after": after, "page": str(number + 1)}
            headers["Link"] = f'<{self.url}{REST}/repositories/{of.id}/{path}?{urlencode(asked_next)}>; rel="next"'
        return Answer(200, shown, headers)

    # Code

    def _tree(self, asked: Asked, of: Repository, sha: str) -> Answer:
        objects = self.objects(of)
        if not of.committed:
            return Answer(409, {"message": "Git Repository is empty.", "status": "409"})
        if sha not in objects.trees:
            return _missing()
        entries = objects.walk(sha) if "recursive" in asked.query else iter(objects.trees[sha])
        root = next((entry.path for lines in objects.trees.values() for entry in lines if entry.sha == sha), "")
        told = [rows.tree_entry(entry, _below(entry.path, root)) for entry in entries]
        cut = "recursive" in asked.query and len(told) > self.most_entries
        return Answer(
            200, {"sha": sha, "url": self.url, "tree": told[: self.most_entries] if cut else told, "truncated": cut}
        )

    def _blob(self, asked: Asked, of: Repository, sha: str) -> Answer:
        content = self.objects(of).blobs.get(sha)
        if content is None:
            return _missing()
        if "raw" in asked.headers.get("accept", ""):
            return Answer(200, content, {"Content-Type": "application/vnd.github.raw+json"})
        told = {"sha": sha, "node_id": "B", "url": self.url, "size": len(content)}
        return Answer(200, {**told, "encoding": "base64", "content": b64encode(content).decode()})

    # The App

    def _is_app(self, token: str) -> bool:
        import jwt

        try:
            claims = jwt.decode(
                token, self.app_key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
            )
        except jwt.PyJWTError:
            return False
        return bool(claims["iss"] == APP_ID and 0 < claims["exp"] - claims["iat"] <= 660)

    def _mint(self) -> Answer:
        self.minted += 1
        token = f"ghs_{APP_ID}_{'x' * 300}.{self.minted}.y"
        ends = self.now + timedelta(hours=1)
        self.tokens[token], self._ends[token] = None, ends
        return Answer(201, {"token": token, "expires_at": stamp(ends), "permissions": {"contents": "read"}})

    # Wikis

    def _git(self, asked: Asked) -> Answer:
        """The program `git http-backend` answers, as it does for whoever serves git."""
        secret = b64decode(asked.headers.get("authorization", "").removeprefix("Basic ")).decode()
        user, _, token = secret.partition(":")
        if user != "x-access-token" or self.tokens.get(token, _bad()) is not None:
            return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="GitHub"'})
        name, _, rest = asked.path.removeprefix("/").partition(".wiki.git/")
        of = self.find(name)
        folder = None if self.wikis is None or of is None else self.wikis / f"{of.id}.wiki.git"
        if folder is None or not folder.exists():
            return Answer(404, b"Repository not found.")
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.wikis),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{folder.name}/{rest}",
            "QUERY_STRING": urlencode(asked.query),
            "REQUEST_METHOD": asked.method,
            "CONTENT_TYPE": asked.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", ""),
            "HTTP_GIT_PROTOCOL": asked.headers.get("git-protocol", ""),
        }
        made = subprocess.run(
            ["git", "http-backend"], input=asked.body, env=environment, capture_output=True, check=True
        )
        head, _, body = made.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        return Answer(int(headers.pop("Status", "200").split()[0]), body, headers)


def _below(path: str, root: str) -> str:
    return path.removeprefix(f"{root}/") if root else path


def _missing() -> Answer:
    return Answer(404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})


def _bad() -> Answer:
    return Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})


def too_many(seconds: int = 7) -> Answer:
    """The secondary limit, which names a pause."""
    told = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return Answer(403, {"message": told}, {"Retry-After": str(seconds)})
