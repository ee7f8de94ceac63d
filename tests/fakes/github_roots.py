"""Where GraphQL queries at GitHub begin: accounts, repositories, nodes, limits. Names are the schema's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import github_state as state
from . import github_talk as talk
from . import github_talking as talking
from .github_access import SAML, Token
from .github_connection import Connection, Key, Problem
from .github_json import iso
from .github_objects import Blob, Commit, Ref, Tree, found_object
from .github_repository import Repository as Model

if TYPE_CHECKING:
    from .github import FakeGitHub

THREAD = "PRRT_"  # before the node id of the comment that a thread begins with
ORDERS: dict[str, Key] = {
    "UPDATED_AT": lambda thing: (thing.updated_at, thing.id),
    "CREATED_AT": lambda thing: (thing.created_at, thing.id),
    "COMMENTS": lambda thing: (len(thing.comments), thing.id),
    "PUSHED_AT": lambda thing: (thing.pushed_at or thing.created_at, thing.id),
    "NAME": lambda thing: (thing.name.lower(), thing.id),
    "STARGAZERS": lambda thing: (0, thing.id),
}


@dataclass
class Asking:
    """Who asks, and what the whole query costs."""

    fake: FakeGitHub
    token: Token
    cost: int
    nodes: int

    def need(self, permission: str) -> None:
        if self.token.lacks(permission):
            raise Problem("FORBIDDEN", str(self.token.refusal(permission)))

    def see(self, one: Model | None, missing: str) -> Repository:
        """The repository, if it exists for who asks."""
        if one is None or not self.token.sees(one):
            raise Problem("NOT_FOUND", missing)
        if self.token.walled(one):
            raise Problem("FORBIDDEN", SAML, extensions={"saml_failure": True})
        if one.blocked:
            raise Problem("FORBIDDEN", "Repository access blocked")
        return Repository(self, one)


class Query:
    def __init__(self, asking: Asking) -> None:
        self._asking, self._state = asking, asking.fake.state

    def viewer(self) -> Any:
        if self._asking.token.kind == "installation":
            raise Problem("FORBIDDEN", "Resource not accessible by integration")
        return talking.actor(self._asking, self._state.user(self._asking.token.login))

    def rate_limit(self, dry_run: bool = False) -> dict[str, Any] | None:
        """Nothing on a server without limits."""
        told = self._asking.fake.told(self._asking.token, "graphql")
        if not told:
            return None
        resets_at = datetime.fromtimestamp(told["reset"], self._state.now.tzinfo)
        return {**told, "cost": self._asking.cost, "nodeCount": self._asking.nodes, "resetAt": iso(resets_at)}

    def organization(self, login: str) -> Organization:
        owner = self._state.owners.get(login.lower())
        if owner is None or owner.kind != "Organization":
            raise Problem("NOT_FOUND", f"Could not resolve to an Organization with the login of '{login}'.")
        if self._asking.token.sso == "required":
            raise Problem("FORBIDDEN", SAML, extensions={"saml_failure": True})
        return Organization(self._asking, owner)

    def user(self, login: str) -> User:
        if login not in self._state.users:
            raise Problem("NOT_FOUND", f"Could not resolve to a User with the login of '{login}'.")
        return User(self._asking, self._state.users[login])

    def repository_owner(self, login: str) -> Organization | User | None:
        """Nothing, without an error, where there is nobody of that name."""
        owner = self._state.owners.get(login.lower())
        if owner is not None and owner.kind == "Organization":
            return self.organization(login)
        return self.user(login) if login in self._state.users else None

    def repository(self, owner: str, name: str, follow_renames: bool = True) -> Repository:
        found = self._state.named(owner, name)
        if found is None and follow_renames:
            found = self._state.formerly(owner, name)
        missing = f"Could not resolve to a Repository with the name '{owner}/{name}'."
        return self._asking.see(found, missing)

    def node(self, id: str) -> Any:
        missing = f"Could not resolve to a node with the global id of '{id}'"
        found = self._state.nodes.get(id.removeprefix(THREAD))
        if found is None:
            raise Problem("NOT_FOUND", missing)
        if isinstance(found, Model):
            return self._asking.see(found, missing)
        if isinstance(found, state.Owner):
            return Organization(self._asking, found)
        written = self._written(found, missing)
        return talking.PullRequestReviewThread(self._asking, found) if id.startswith(THREAD) else written

    def _written(self, found: Any, missing: str) -> Any:
        """What somebody wrote, if its repository exists for who asks."""
        if isinstance(found, talk.User):
            return talking.actor(self._asking, found)
        whole = getattr(found, "issue", None) or getattr(found, "discussion", None) or found
        home = getattr(whole, "home", None)
        self._asking.see(home, missing)
        said = isinstance(whole, talk.Discussion)
        if home is None or whole.number not in (home.discussions.all if said else home.issues):
            raise Problem("NOT_FOUND", missing)
        self._asking.need("discussions" if said else "pull_requests" if whole.pull else "issues")
        return talking.wrapped(self._asking, found)

    def nodes(self, ids: list[str]) -> list[Any]:
        """Those that are not there are null, each with an error."""
        if len(ids) > 100:
            raise Problem("ARGUMENT_LIMIT", "You may not provide more than 100 node ids; you provided " + str(len(ids)))
        found: list[Any] = []
        for one in ids:
            try:
                found.append(self.node(one))
            except Problem as problem:
                found.append(problem)  # an exception in a list is the error of that place
        return found


class Organization:
    def __init__(self, asking: Asking, owner: state.Owner) -> None:
        self._asking, self._owner = asking, owner
        self.id, self.login, self.name, self.database_id = owner.node_id, owner.login, owner.login, owner.id
        self.url = f"{asking.fake.bodies.web}/{owner.login}"
        self.resource_path = f"/{owner.login}"

    def repositories(self, **given: Any) -> Connection:
        return repositories_of(self._asking, self._owner, given)

    def repository(self, name: str, follow_renames: bool = True) -> Repository | None:
        return Query(self._asking).repository(self._owner.login, name, follow_renames)


class User(talking.User):
    """Who has repositories."""

    def repositories(self, **given: Any) -> Connection:
        return repositories_of(self._asking, self._asking.fake.state.owner(self.login), given)


def owner_of(asking: Asking, owner: state.Owner) -> Organization | User:
    if owner.kind == "User":
        return User(asking, asking.fake.state.users[owner.login])
    return Organization(asking, owner)


class Repository:
    def __init__(self, asking: Asking, one: Model) -> None:
        self._asking, self._one = asking, one
        self.id, self.database_id, self.name = one.node_id, one.id, one.name
        self.name_with_owner, self.description = one.full_name, one.description
        self.is_archived, self.is_disabled, self.is_fork = one.archived, one.disabled, one.fork
        self.is_private, self.visibility, self.is_empty = one.private, one.visibility.upper(), one.code.empty
        self.is_locked = self.is_mirror = self.is_template = False
        self.has_issues_enabled, self.has_wiki_enabled = one.has_issues, one.has_wiki
        self.has_discussions_enabled = one.has_discussions
        self.created_at, self.updated_at = iso(one.created_at), iso(one.updated_at)
        self.pushed_at = iso(one.pushed_at)
        self.archived_at = iso(one.updated_at) if one.archived else None
        self.url, self.resource_path = f"{asking.fake.bodies.web}/{one.full_name}", f"/{one.full_name}"
        self.homepage_url = self.primary_language = self.license_info = None
        self.stargazer_count = self.fork_count = 0
        self.viewer_permission, self.disk_usage, self.is_in_organization = "READ", 12, True

    @property
    def owner(self) -> Organization | User:
        return owner_of(self._asking, self._one.owner)

    # Issues and pull requests

    def issues(self, **given: Any) -> Connection:
        self._asking.need("issues")
        rows = [one for one in self._shown() if one.pull is None and self._one.has_issues]
        chosen = given.get("filter_by") or {}
        if since := chosen.get("since"):
            moment = datetime.fromisoformat(since)
            rows = [issue for issue in rows if issue.updated_at >= moment]
        states = given.get("states") or chosen.get("states")
        rows = [issue for issue in rows if not states or issue.state.upper() in states]
        rows = _labelled(rows, given.get("labels") or chosen.get("labels"))
        return listed("issues", rows, lambda one: talking.Issue(self._asking, one), given)

    def pull_requests(self, **given: Any) -> Connection:
        self._asking.need("pull_requests")
        rows = [one for one in self._shown() if one.pull is not None and self._one.has_pull_requests]
        states = given.get("states")
        pulls = [talking.PullRequest(self._asking, one) for one in rows]
        pulls = [one for one in pulls if not states or one.state in states]
        chosen = set(map(id, _labelled(rows, given.get("labels"))))
        pulls = [one for one in pulls if id(one.model) in chosen]
        order = {"updated_at": lambda one: (one.moved_at, one.model.id)}
        key = order["updated_at"] if _field(given) == "UPDATED_AT" else lambda one: ORDERS[_field(given)](one.model)
        return listed("pullRequests", pulls, lambda one: one, given, key=key)

    def _shown(self) -> list[talk.Issue]:
        return self._asking.fake.state.shown(self._one.issues.values())

    def issue(self, number: int) -> talking.Issue:
        self._asking.need("issues")
        found = self._one.issues.get(number)
        if found is None or found.pull is not None or not self._one.has_issues:
            raise Problem("NOT_FOUND", f"Could not resolve to an Issue with the number of {number}.")
        return talking.Issue(self._asking, found)

    def pull_request(self, number: int) -> talking.PullRequest:
        self._asking.need("pull_requests")
        found = self._one.issues.get(number)
        if found is None or found.pull is None or not self._one.has_pull_requests:
            raise Problem("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return talking.PullRequest(self._asking, found)

    def issue_or_pull_request(self, number: int) -> Any:
        found = self._one.issues.get(number)
        there = found is not None and (self._one.has_pull_requests if found.pull else self._one.has_issues)
        if found is None or not there:
            raise Problem("NOT_FOUND", f"Could not resolve to an issue or pull request with the number of {number}.")
        self._asking.need("pull_requests" if found.pull else "issues")
        return talking.wrapped(self._asking, found)

    # Discussions

    def discussions(self, **given: Any) -> Connection:
        """Without an order, the newest change first."""
        self._asking.need("discussions")
        rows = list(self._asking.fake.state.shown(self._one.discussions.all.values()))
        rows = rows if self._one.has_discussions else []
        if given.get("states"):
            rows = [row for row in rows if ("CLOSED" if row.closed_at else "OPEN") in given["states"]]
        if given.get("answered") is not None:
            rows = [row for row in rows if (row.answer is not None) == given["answered"]]
        order = given.get("order_by") or {"field": "UPDATED_AT", "direction": "DESC"}
        given = {**given, "order_by": order}
        return listed("discussions", rows, lambda one: talking.Discussion(self._asking, one), given)

    def discussion(self, number: int) -> talking.Discussion:
        self._asking.need("discussions")
        found = self._one.discussions.all.get(number)
        if found is None or not self._one.has_discussions:
            raise Problem("NOT_FOUND", f"Could not resolve to a Discussion with the number of {number}.")
        return talking.Discussion(self._asking, found)

    # Files

    @property
    def default_branch_ref(self) -> Ref | None:
        """Who may not read the files is not told their state either."""
        if self._asking.token.lacks("contents") or not self._one.code.head:
            return None
        return Ref(self._asking, self._one, self._one.code.default_branch)

    def ref(self, qualified_name: str) -> Ref | None:
        name = qualified_name.removeprefix("refs/heads/")
        return Ref(self._asking, self._one, name) if name in self._one.code.heads else None

    def object(self, oid: str | None = None, expression: str | None = None) -> Blob | Commit | Tree | None:
        self._asking.need("contents")
        return found_object(self._asking, self._one, oid, expression)

    # Names

    def labels(self, **given: Any) -> Connection:
        return talking.labels_of(list(self._one.labels.values()), given)

    def milestones(self, **given: Any) -> Connection:
        made = list(self._one.milestones.values())
        return listed("milestones", made, lambda one: talking.Milestone(self._asking, one), given)


def _field(given: dict[str, Any]) -> str:
    return str((given.get("order_by") or {"field": "CREATED_AT"})["field"])


def _labelled(rows: list[talk.Issue], names: list[str] | None) -> list[talk.Issue]:
    return [issue for issue in rows if not names or any(label.name in names for label in issue.labels)]


def repositories_of(asking: Asking, owner: state.Owner, given: dict[str, Any]) -> Connection:
    """Those that the token sees, in no order unless one is asked for."""
    token = asking.token
    seen = [one for one in asking.fake.state.of(owner) if token.sees(one)]
    if given.get("visibility"):
        seen = [one for one in seen if one.visibility.upper() == given["visibility"]]
    if given.get("privacy"):
        seen = [one for one in seen if one.private == (given["privacy"] == "PRIVATE")]
    for argument, attribute in (
        ("is_fork", "fork"),
        ("is_archived", "archived"),
        ("has_issues_enabled", "has_issues"),
    ):
        if given.get(argument) is not None:
            seen = [one for one in seen if getattr(one, attribute) == given[argument]]
    return listed("repositories", seen, lambda one: Repository(asking, one), given)


def listed(
    name: str, rows: list[Any], wrap: Callable[[Any], Any], given: dict[str, Any], *, key: Key | None = None
) -> Connection:
    """In the order that was asked for; else as they came to be."""
    order = given.get("order_by")
    if order is None:
        return Connection(name, rows, wrap, given)
    chosen = key or ORDERS[order["field"]]
    down = order["direction"] == "DESC"
    return Connection(name, rows, wrap, given, key=chosen, descending=down, order=order["field"])
