"""The REST API of GitHub: who one is, repositories, issues, pull requests, and comments on them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .github_access import Refused, Token, not_found
from .github_files import Files
from .github_history import History
from .github_json import Bodies, iso
from .github_pages import Page, later
from .github_repository import Repository
from .github_talk import Issue, Pull
from .web import Answer, Asked

if TYPE_CHECKING:
    from .github import FakeGitHub

DISABLED = "Issues are disabled for this repo"


@dataclass(frozen=True)
class Call:
    """One request by somebody who is known. `key`: whose limits it counts for."""

    asked: Asked
    token: Token
    version: str

    @property
    def query(self) -> Any:
        return self.asked.query

    @property
    def accept(self) -> str:
        return self.asked.headers.get("accept", "")


class Rest:
    """Answers below the base address. A repository may be asked for by its name or its number."""

    def __init__(self, fake: FakeGitHub) -> None:
        self.fake, self.state = fake, fake.state
        self.files = Files(fake)
        self.history = History(fake, self.files)

    @property
    def bodies(self) -> Bodies:
        return self.fake.bodies

    def answer(self, call: Call, path: str) -> Answer:
        for pattern, found in self._routes():
            if match := re.fullmatch(pattern, path):
                return found(call, *match.groups())
        match = re.fullmatch(r"/repos/([^/]+)/([^/]+)(/.*)?", path)
        numbered = re.fullmatch(r"/repositories/(\d+)(/.*)?", path)
        if match:
            repository = self._named(call, *match.groups())
            rest = match[3] or ""
        elif numbered:
            repository, rest = self.state.repositories.get(int(numbered[1])), numbered[2] or ""
        else:
            raise not_found()
        return self._inside(call, self._visible(call, repository), rest)

    def _routes(self) -> list[tuple[str, Callable[..., Answer]]]:
        return [
            (r"/user", self._user),
            (r"/orgs/([^/]+)", self._organization),
            (r"/rate_limit", self._rate_limit),
            (r"/orgs/([^/]+)/repos", self._organization_repositories),
            (r"/users/([^/]+)/repos", self._user_repositories),
            (
                r"/organizations/(\d+)/repos",
                lambda call, number: self._organization_repositories(call, self._login(number)),
            ),
            (r"/user/(\d+)/repos", lambda call, number: self._user_repositories(call, self._login(number))),
            (r"/user/repos", self._own_repositories),
            (r"/installation/repositories", self._installation_repositories),
        ]

    def _inside(self, call: Call, one: Repository, rest: str) -> Answer:
        for pattern, permission, found in [*self._repository_routes(), *self.files.routes(), *self.history.routes()]:
            if match := re.fullmatch(pattern, rest):
                if permission and call.token.lacks(permission):
                    raise call.token.refusal(permission)
                return found(call, one, *match.groups())
        raise not_found()

    def _repository_routes(self) -> list[tuple[str, str, Callable[..., Answer]]]:
        return [
            ("", "metadata", self._repository),
            (r"/collaborators", "metadata", self._collaborators),
            (r"/teams", "metadata", self._teams),
            (r"/issues", "issues", self._issues),
            (r"/issues/(\d+)", "issues", self._issue),
            (r"/issues/comments", "issues", self._comments),
            (r"/issues/comments/(\d+)", "issues", self._comment),
            (r"/issues/(\d+)/comments", "issues", self._comments_of),
            (r"/pulls", "pull_requests", self._pulls),
            (r"/pulls/(\d+)", "pull_requests", self._pull),
            (r"/pulls/comments", "pull_requests", self._review_comments),
            (r"/pulls/comments/(\d+)", "pull_requests", self._review_comment),
            (r"/pulls/(\d+)/comments", "pull_requests", self._review_comments_of),
            (r"/pulls/(\d+)/reviews", "pull_requests", self._reviews_of),
        ]

    # Finding a repository

    def _named(self, call: Call, owner: str, name: str, rest: str | None) -> Repository | None:
        """Under an old name there is a redirect, to whoever may see where it leads."""
        found = self.state.named(owner, name)
        if found is None and (moved := self.state.formerly(owner, name)):
            self._visible(call, moved)
            raise Moved(f"{self.bodies.api}/repositories/{moved.id}{rest or ''}", call)
        return found

    def _visible(self, call: Call, one: Repository | None) -> Repository:
        if one is None or not call.token.sees(one):
            raise not_found()
        if call.token.walled(one):
            raise self.fake.walled(one.owner.login)
        if one.blocked:
            block = {"reason": one.blocked, "created_at": iso(one.created_at)}
            raise Refused(403, "Repository access blocked", block=block)
        return one

    # Accounts and repositories

    def _user(self, call: Call) -> Answer:
        if call.token.kind == "installation":
            raise Refused(403, "Resource not accessible by integration")
        user = self.bodies.user(self.state.user(call.token.login)) or {}
        user |= dict.fromkeys(("company", "location", "email", "hireable", "bio"))
        user |= {"name": call.token.login, "blog": "", "public_repos": 1, "public_gists": 0, "followers": 0}
        user |= {"following": 0, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
        return Answer(200, user)

    def _organization(self, call: Call, login: str) -> Answer:
        owner = self.state.owners.get(login.lower())
        if owner is None or owner.kind != "Organization":
            raise not_found()
        if call.token.sso == "required":
            raise self.fake.walled(login)
        return Answer(200, self.bodies.organization(owner))

    def _rate_limit(self, call: Call) -> Answer:
        """Costs nothing. On a server without limits there is no such thing."""
        if not self.fake.limits.on:
            raise Refused(404, "Rate limiting is not enabled.")
        told = {name: self.fake.told(call.token, name) for name in ("core", "graphql")}
        told["search"] = {**told["core"], "limit": 30, "remaining": 30, "used": 0}
        return Answer(200, {"resources": told} | ({"rate": told["core"]} if call.version == "2022-11-28" else {}))

    def _organization_repositories(self, call: Call, login: str) -> Answer:
        owner = self.state.owners.get(login.lower())
        if owner is None or owner.kind != "Organization":
            raise not_found()
        if call.token.sso == "required":
            raise self.fake.walled(login)
        return self._listed_repositories(call, self.state.of(owner), "created", "desc")

    def _user_repositories(self, call: Call, login: str) -> Answer:
        """Only what is public, whoever asks."""
        owner = self.state.owners.get(login.lower())
        if owner is None and login not in self.state.users:
            raise not_found()
        found = [one for one in self.state.of(owner) if not one.private] if owner else []
        return self._listed_repositories(call, found, "full_name", "asc")

    def _own_repositories(self, call: Call) -> Answer:
        if call.token.kind == "installation":
            raise Refused(403, "Resource not accessible by integration")
        return self._listed_repositories(call, list(self.state.repositories.values()), "full_name", "asc")

    def _listed_repositories(self, call: Call, found: list[Repository], usual: str, direction: str) -> Answer:
        keys: dict[str, Callable[[Repository], Any]] = {
            "created": lambda one: (one.created_at, one.id),
            "updated": lambda one: (one.updated_at, one.id),
            "pushed": lambda one: (one.pushed_at or one.created_at, one.id),
            "full_name": lambda one: one.full_name.lower(),
        }
        sort = call.query.get("sort", usual)
        usual_direction = "asc" if sort == "full_name" else direction if sort == usual else "desc"
        down = call.query.get("direction", usual_direction) == "desc"
        seen = [one for one in found if call.token.sees(one)]
        seen.sort(key=keys.get(sort, keys[usual]), reverse=down)
        page, links = self._page(call).numbered(seen)
        if call.token.sso == "partial":
            links["X-GitHub-SSO"] = self.fake.partial(found)
        return Answer(200, [self.bodies.repository(one, call.version) for one in page], links)

    def _installation_repositories(self, call: Call) -> Answer:
        if call.token.kind != "installation":
            needed = "You must authenticate with an installation access token in order to list repositories for an"
            raise Refused(403, f"{needed} installation.")
        found = [one for one in self.state.repositories.values() if call.token.chosen(one) and one.accessible]
        page, links = self._page(call).numbered(found)
        listed = [self.bodies.repository(one, call.version) | {"has_downloads": True} for one in page]
        chosen = "all" if call.token.repositories is None else "selected"
        return Answer(200, {"total_count": len(found), "repository_selection": chosen, "repositories": listed}, links)

    def _repository(self, call: Call, one: Repository) -> Answer:
        return Answer(200, self.bodies.full_repository(one, call.version))

    def _collaborators(self, call: Call, one: Repository) -> Answer:
        """For those who may push."""
        if not call.token.pushes:
            raise Refused(403, "Must have push access to view repository collaborators.")
        page, links = self._page(call).numbered(list(one.collaborators.items()))
        return Answer(200, [self.bodies.collaborator(self.state.user(login), role) for login, role in page], links)

    def _teams(self, call: Call, one: Repository) -> Answer:
        page, links = self._page(call).numbered(list(one.teams.items()))
        return Answer(200, [self.bodies.team(one.owner, name, role) for name, role in page], links)

    # Issues

    def _issues(self, call: Call, one: Repository) -> Answer:
        """Pull requests, too. In what order depends on `sort` and `direction`, by default the newest first."""
        if not one.has_issues:
            raise Refused(410, DISABLED)
        page, query = self._page(call), call.query
        state = query.get("state", "open")
        keys: dict[str, Callable[[Issue], tuple[Any, ...]]] = {
            "created": lambda issue: (issue.created_at, issue.id),
            "updated": lambda issue: (issue.updated_at, issue.id),
            "comments": lambda issue: (len(issue.comments), issue.id),
        }
        key, down = keys.get(query.get("sort", "created"), keys["created"]), query.get("direction", "desc") != "asc"
        rows = self.state.shown(one.issues.values())
        rows = later(rows, page.since(), lambda issue: issue.updated_at)
        rows = [issue for issue in rows if state in ("all", issue.state)]
        rows.sort(key=key, reverse=down)
        shifting, deepest = self.fake.cursors_shift, self.fake.deepest
        found, links = page.anchored(rows, key, descending=down, shifting=shifting, deepest=deepest)
        return Answer(200, [self.bodies.issue(one, issue) for issue in found], links)

    def _issue(self, call: Call, one: Repository, number: str) -> Answer:
        issue = self._found(call, one, int(number))
        if not one.has_issues and not issue.pull:
            raise Refused(410, DISABLED)
        return Answer(200, self.bodies.issue(one, issue))

    def _found(self, call: Call, one: Repository, number: int) -> Issue:
        """Or where it went, or that it is gone."""
        if number in one.issues:
            return one.issues[number]
        if number in one.deleted:
            raise Refused(410, "This issue was deleted")
        if number in one.transferred:
            there, issue = one.transferred[number]
            self._visible(call, there)
            raise Moved(f"{self.bodies.api}/repositories/{there.id}/issues/{issue.number}", call)
        raise not_found()

    def _comments(self, call: Call, one: Repository) -> Answer:
        """By their ids, unless `sort` says otherwise; `direction` alone says nothing."""
        rows = self.state.shown(comment for issue in one.issues.values() for comment in issue.comments)
        rows = [comment for comment in rows if one.has_issues or comment.issue.pull]
        return self._timed(call, rows, lambda comment: self.bodies.issue_comment(one, comment))

    def _comment(self, call: Call, one: Repository, number: str) -> Answer:
        for issue in one.issues.values():
            for comment in issue.comments:
                if comment.id == int(number):
                    return Answer(200, self.bodies.issue_comment(one, comment))
        raise not_found()

    def _comments_of(self, call: Call, one: Repository, number: str) -> Answer:
        issue, page = self._found(call, one, int(number)), self._page(call)
        rows = later(self.state.shown(issue.comments), page.since(), lambda comment: comment.updated_at)
        found, links = page.numbered(sorted(rows, key=lambda comment: comment.id))
        return Answer(200, [self.bodies.issue_comment(one, comment) for comment in found], links)

    # Pull requests

    def _pulls(self, call: Call, one: Repository) -> Answer:
        """There is no `since`: it is ignored, as all that is not known."""
        rows = self._pull_rows(one)
        state = call.query.get("state", "open")
        rows = [row for row in rows if state in ("all", row[0].state)]
        keys: dict[str, Callable[[tuple[Issue, Pull]], Any]] = {
            "created": lambda row: (row[0].created_at, row[1].id),
            "updated": lambda row: (row[1].updated_at, row[1].id),
        }
        sort = call.query.get("sort", "created")
        down = call.query.get("direction", "desc" if sort == "created" else "asc") == "desc"
        rows.sort(key=keys.get(sort, keys["created"]), reverse=down)
        found, links = self._page(call).numbered(rows)
        return Answer(200, [self.bodies.pull(one, issue, pull) for issue, pull in found], links)

    def _pull_rows(self, one: Repository) -> list[tuple[Issue, Pull]]:
        if not one.has_pull_requests:
            raise not_found()
        pulls = [issue for issue in self.state.shown(one.issues.values()) if issue.pull]
        return [(issue, pull) for issue in pulls for pull in self.state.shown([issue.pull]) if pull]

    def _pull(self, call: Call, one: Repository, number: str) -> Answer:
        issue, pull = self._found_pull(one, int(number))
        return Answer(200, self.bodies.full_pull(one, issue, pull))

    def _found_pull(self, one: Repository, number: int) -> tuple[Issue, Pull]:
        issue = one.issues.get(number)
        if issue is None or issue.pull is None or not one.has_pull_requests:
            raise not_found()
        return issue, issue.pull

    def _review_comments(self, call: Call, one: Repository) -> Answer:
        """Those of pending reviews are nobody's business."""
        rows = [comment for _, pull in self._pull_rows(one) for comment in pull.comments if comment.review.submitted_at]
        return self._timed(call, self.state.shown(rows), lambda row: self.bodies.review_comment(one, row))

    def _review_comment(self, call: Call, one: Repository, number: str) -> Answer:
        for _, pull in self._pull_rows(one):
            for comment in pull.comments:
                if comment.id == int(number):
                    return Answer(200, self.bodies.review_comment(one, comment))
        raise not_found()

    def _review_comments_of(self, call: Call, one: Repository, number: str) -> Answer:
        _, pull = self._found_pull(one, int(number))
        rows = [comment for comment in pull.comments if comment.review.submitted_at]
        return self._timed(call, self.state.shown(rows), lambda row: self.bodies.review_comment(one, row))

    def _reviews_of(self, call: Call, one: Repository, number: str) -> Answer:
        """In the order of time; what others have not submitted is not shown."""
        _, pull = self._found_pull(one, int(number))
        found, links = self._page(call).numbered([review for review in pull.reviews if review.submitted_at])
        return Answer(200, [self.bodies.review(one, review) for review in found], links)

    # Lists

    def _timed(self, call: Call, rows: list[Any], written: Callable[[Any], Any]) -> Answer:
        """A list that knows `since`."""
        page, sort = self._page(call), call.query.get("sort")
        rows = later(rows, page.since(), lambda row: row.updated_at)
        keys: dict[str | None, Callable[[Any], Any]] = {
            "created": lambda row: (row.created_at, row.id),
            "updated": lambda row: (row.updated_at, row.id),
        }
        down = bool(sort) and call.query.get("direction", "desc") == "desc"
        rows.sort(key=keys.get(sort, lambda row: row.id), reverse=down)
        found, links = page.numbered(rows)
        return Answer(200, [written(row) for row in found], links)

    def _page(self, call: Call) -> Page:
        return Page(f"{self.bodies.api}{self._numbered(call.asked.path.removeprefix(self.fake.base))}", call.query)

    # Links hold numbers where requests hold names

    def _numbered(self, path: str) -> str:
        owner = re.fullmatch(r"/(orgs|users)/([^/]+)(/repos)", path)
        if owner and (known := self.state.owners.get(owner[2].lower())):
            return f"/{'organizations' if owner[1] == 'orgs' else 'user'}/{known.id}{owner[3]}"
        match = re.fullmatch(r"/repos/([^/]+)/([^/]+)(/.*)", path)
        one = self.state.named(match[1], match[2]) if match else None
        return f"/repositories/{one.id}{match[3]}" if match and one else path

    def _login(self, number: str) -> str:
        return next((owner.login for owner in self.state.owners.values() if owner.id == int(number)), "")

    def named(self, asked: Asked) -> Asked:
        """The same request in names: the official description knows no other."""
        path = asked.path.removeprefix(self.fake.base)
        if match := re.fullmatch(r"/repositories/(\d+)(.*)", path):
            one = self.state.repositories.get(int(match[1]))
            path = f"/repos/{one.full_name}{match[2]}" if one else path
        elif match := re.fullmatch(r"/(organizations|user)/(\d+)(/repos)", path):
            path = f"/{'orgs' if match[1] == 'organizations' else 'users'}/{self._login(match[2])}{match[3]}"
        return replace(asked, path=self.fake.base + path)


class Moved(Refused):
    """It is asked for elsewhere from now on."""

    def __init__(self, url: str, call: Call) -> None:
        query = call.asked.query
        if query:
            url += "?" + "&".join(f"{name}={value}" for name, value in query.items())
        super().__init__(301, "Moved Permanently", {"Location": url}, url=url)
