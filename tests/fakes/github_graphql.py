"""GitHub's GraphQL interface over the state: real queries, executed against the official schema."""

from __future__ import annotations

import functools
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldsOnCorrectTypeRule,
    FragmentsOnCompositeTypesRule,
    GraphQLError,
    GraphQLSchema,
    KnownArgumentNamesRule,
    KnownFragmentNamesRule,
    KnownTypeNamesRule,
    ProvidedRequiredArgumentsRule,
    ScalarLeafsRule,
    ValuesOfCorrectTypeRule,
    VariablesInAllowedPositionRule,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from ..specs import spec_file
from .github_state import Comment, Discussion, Issue, Objects, Repository, Review, Thread

if TYPE_CHECKING:
    from .github import FakeGitHub

MOST_FIRST = 100
RULES = [  # all but those that compare every field with every other
    FieldsOnCorrectTypeRule,
    FragmentsOnCompositeTypesRule,
    KnownArgumentNamesRule,
    KnownFragmentNamesRule,
    KnownTypeNamesRule,
    ProvidedRequiredArgumentsRule,
    ScalarLeafsRule,
    ValuesOfCorrectTypeRule,
    VariablesInAllowedPositionRule,
]
MOST_TEXT_BYTES = 512_000  # of a blob; what is longer is cut off

Node = dict[str, Any]


@functools.cache
def schema() -> GraphQLSchema:
    return build_schema(spec_file("github/schema.graphql").read_text(), assume_valid=True)


def stamp(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


class Query:
    """One query. `nodes` counts what was given out by connections."""

    def __init__(self, fake: FakeGitHub, asked: Mapping[str, Any]) -> None:
        self.fake = fake
        self.asked = asked
        self.nodes = 0

    def answer(self) -> dict[str, Any]:
        """The body, as GitHub forms it."""
        document = parse(self.asked["query"])
        if errors := validate(schema(), document, RULES):
            return {"errors": [{"message": error.message} for error in errors]}
        root = {
            "repositoryOwner": self._owner,
            "repository": self._repository,
            "node": self._node,
            "rateLimit": {"limit": 5000, "remaining": self.fake.points, "cost": 1},
        }
        result = execute_sync(schema(), document, root, variable_values=self.asked.get("variables"))
        if self.nodes > self.fake.most_nodes:
            told = {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
            return {"data": dict.fromkeys(result.data or {}), "errors": [told]}
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [_error(error) for error in result.errors]
        return body

    # What a query begins with

    def _owner(self, _info: Any, login: str) -> Node | None:
        owned = [each for each in self.fake.state.repositories.values() if each.owner.lower() == login.lower()]
        if not owned and login.lower() not in self.fake.owners:
            raise _refusal("NOT_FOUND", f"Could not resolve to a User with the login of '{login}'.")
        readable = [each for each in owned if self.fake.may_read(each)]
        return {
            "__typename": "Organization",
            "repositories": self._connection(readable, self.repository, lambda each: (each.name.lower(), each.id)),
        }

    def _repository(self, _info: Any, owner: str, name: str, followRenames: bool = True) -> Node:  # noqa: N803
        found = self.fake.find(f"{owner}/{name}", follow=followRenames)
        if found is None or not self.fake.may_read(found):
            raise _refusal("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return self.repository(found)

    def _node(self, _info: Any, id: str) -> Node | None:
        for repository in filter(self.fake.may_read, self.fake.state.repositories.values()):
            for issue in repository.issues.values():
                if id == f"{'PR' if issue.pull else 'I'}_{issue.id}":
                    return self.issue(repository, issue)
                for thread in issue.pull.threads if issue.pull else ():
                    if id == f"PRRT_{thread.id}":
                        return self._thread(thread)
            for discussion in repository.discussions.values():
                if id == f"D_{discussion.id}":
                    return self.discussion(repository, discussion)
                for comment in discussion.comments:
                    if id == f"DC_{comment.id}":
                        return self._discussed(comment)
        raise _refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'.")

    # Repositories

    def repository(self, of: Repository) -> Node:
        objects = self.fake.objects(of)

        def seen(name: str, value: Any) -> Any:
            def resolve(info: Any, **arguments: Any) -> Any:
                if name in of.hidden:
                    raise _refusal("FORBIDDEN", "Resource not accessible by personal access token")
                return value(info, **arguments) if callable(value) else value

            return resolve

        issues = [issue for issue in of.issues.values() if issue.pull is None]
        address = f"{self.fake.url}/{of.full_name}"
        node = {
            "__typename": "Repository",
            "databaseId": of.id,
            "name": of.name,
            "nameWithOwner": of.full_name,
            "url": address,
            "visibility": of.visibility.upper(),
            "hasIssuesEnabled": of.has_issues,
            "hasWikiEnabled": of.has_wiki,
            "hasDiscussionsEnabled": of.has_discussions,
            "owner": {"__typename": "Organization", "login": of.owner},
            "defaultBranchRef": seen("defaultBranchRef", self._branch(of, objects)),
            "issues": seen("issues", self._tickets(of, issues if of.has_issues else [])),
            "pullRequests": seen("pullRequests", self._tickets(of, of.pulls() if of.has_pulls else [])),
            "discussions": seen("discussions", self._discussions(of)),
            "issueOrPullRequest": lambda _info, number: self._ticket(of, number),
            "discussion": lambda _info, number: self._one_discussion(of, number),
            "object": lambda _info, oid=None, expression=None: self._object(objects, oid),
        }
        return node

    def _branch(self, of: Repository, objects: Objects) -> Node | None:
        if not of.committed:
            return None
        tree = {"__typename": "Tree", "oid": objects.root}
        return {"name": of.branch, "target": {"__typename": "Commit", "oid": of.commit, "tree": tree}}

    def _object(self, objects: Objects, oid: str | None) -> Node | None:
        self._break_on(oid or "")
        content = objects.blobs.get(oid or "")
        if content is None:
            return None
        binary = b"\0" in content
        text = None if binary else content[:MOST_TEXT_BYTES].decode("utf-8", "replace")
        cut = len(content) > MOST_TEXT_BYTES
        return {"__typename": "Blob", "oid": oid, "isBinary": binary, "isTruncated": cut, "text": text}

    def _break_on(self, name: int | str) -> None:
        if name in self.fake.failing:
            raise GraphQLError("Something went wrong while executing your query. This may be the result of a timeout.")

    # Issues and pull requests

    def _tickets(self, of: Repository, tickets: Sequence[Issue]) -> Callable[..., Node]:
        return self._connection(tickets, lambda each: self.issue(of, each), _moment_of, ordered=True)

    def _ticket(self, of: Repository, number: int) -> Node:
        self._break_on(number)
        moved = of.gone.get(number)
        if moved is not None:  # GitHub leads to where it was transferred
            target = self.fake.state.repositories.get(moved[0])
            if target is not None and moved[1] in target.issues:
                return self.issue(target, target.issues[moved[1]])
        issue = of.issues.get(number)
        if issue is None:
            raise _refusal("NOT_FOUND", f"Could not resolve to an issue or pull request with the number of {number}.")
        return self.issue(of, issue)

    def issue(self, of: Repository, issue: Issue) -> Node:
        pull = issue.pull
        kind = "pull" if pull else "issues"
        state = "CLOSED" if issue.closed else "OPEN"
        node = {
            "__typename": "PullRequest" if pull else "Issue",
            "id": f"{'PR' if pull else 'I'}_{issue.id}",
            "number": issue.number,
            "title": issue.title,
            "body": issue.body or "",
            "state": "MERGED" if pull and pull.merged else state,
            "url": f"{self.fake.url}/{of.full_name}/{kind}/{issue.number}",
            "createdAt": stamp(issue.created),
            "updatedAt": stamp(pull.updated if pull else issue.updated),
            "closedAt": stamp(issue.closed),
            "locked": issue.locked,
            "author": _actor(issue.author),
            "repository": {"databaseId": of.id},
            "labels": self._connection([*enumerate(issue.labels)], lambda one: {"name": one[1]}, lambda one: one[0]),
            "assignees": self._connection([*enumerate(issue.assignees)], lambda one: _user(one[1]), lambda one: one[0]),
            "milestone": {"title": issue.milestone} if issue.milestone else None,
            "comments": self._connection(issue.comments, _comment, _id_of),
        }
        if pull:
            node |= {
                "isDraft": pull.draft,
                "mergedAt": stamp(pull.merged),
                "baseRefName": "main",
                "headRefName": f"change-{issue.number}",
                "reviews": self._connection(pull.reviews, _review, _id_of),
                "reviewThreads": self._connection(pull.threads, self._thread, _id_of),
            }
        return node

    def _thread(self, thread: Thread) -> Node:
        return {
            "__typename": "PullRequestReviewThread",
            "id": f"PRRT_{thread.id}",
            "path": thread.path,
            "line": thread.line,
            "isResolved": thread.resolved,
            "comments": self._connection(thread.comments, _comment, _id_of),
        }

    # Discussions

    def _discussions(self, of: Repository) -> Callable[..., Node]:
        those = list(of.discussions.values()) if of.has_discussions else []
        return self._connection(those, lambda each: self.discussion(of, each), _moment_of, ordered=True)

    def _one_discussion(self, of: Repository, number: int) -> Node:
        if number not in of.discussions:
            raise _refusal("NOT_FOUND", f"Could not resolve to a Discussion with the number of {number}.")
        return self.discussion(of, of.discussions[number])

    def discussion(self, of: Repository, discussion: Discussion) -> Node:
        return {
            "__typename": "Discussion",
            "id": f"D_{discussion.id}",
            "number": discussion.number,
            "title": discussion.title,
            "body": discussion.body,
            "url": f"{self.fake.url}/{of.full_name}/discussions/{discussion.number}",
            "createdAt": stamp(discussion.created),
            "updatedAt": stamp(discussion.updated),
            "closed": discussion.closed,
            "isAnswered": any(comment.is_answer for comment in discussion.comments),
            "locked": False,
            "author": _actor(discussion.author),
            "repository": {"databaseId": of.id},
            "category": {"name": discussion.category},
            "labels": None,
            "comments": self._connection(discussion.comments, self._discussed, _id_of),
        }

    def _discussed(self, comment: Comment) -> Node:
        replies = self._connection(comment.replies, self._discussed, _id_of)
        return {
            **_comment(comment),
            "__typename": "DiscussionComment",
            "id": f"DC_{comment.id}",
            "deletedAt": stamp(comment.deleted),
            "isAnswer": comment.is_answer,
            "replies": replies,
        }

    # Connections

    def _connection(
        self, nodes: Iterable[Any], make: Callable[[Any], Node], key: Callable[[Any], Any], *, ordered: bool = False
    ) -> Callable[..., Node]:
        """Pages by what stands in their order, so that nothing shifts them. `ordered`: the query says by what."""

        def page(_info: Any, first: int | None = None, after: str | None = None, **arguments: Any) -> Node:
            if first is None or not 1 <= first <= MOST_FIRST:
                raise _refusal("EXCESSIVE_PAGINATION", f"`first` of {first} is not within 1..{MOST_FIRST}.")
            order = arguments.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
            by = (lambda each: key(each, order["field"])) if ordered else key
            turned = ordered and order["direction"] == "DESC"
            listed = sorted(nodes, key=by, reverse=turned)
            total = len(listed)
            if after is not None:
                last = _place_of(after)
                listed = [each for each in listed if (_text(by(each)) < last if turned else _text(by(each)) > last)]
            shown = listed[:first]
            self.nodes += len(shown)
            more = len(listed) > len(shown)
            end = _cursor(by(shown[-1])) if shown else None
            made = [make(each) for each in shown]
            return {"totalCount": total, "nodes": made, "pageInfo": {"hasNextPage": more, "endCursor": end}}

        return page


def _moment_of(one: Any, field: str) -> tuple[str, int]:
    moment = one.created
    if field == "UPDATED_AT":
        pull = getattr(one, "pull", None)
        moment = pull.updated if pull else one.updated
    return stamp(moment) or "", one.id


def _id_of(one: Any) -> int:
    return int(one.id)


def _text(place: Any) -> str:
    """A place in an order as text that sorts alike."""
    parts = place if isinstance(place, tuple) else (place,)
    return "\n".join(f"{part:012d}" if isinstance(part, int) else part for part in parts)


def _cursor(place: Any) -> str:
    return b64encode(f"cursor:v2:{_text(place)}".encode()).decode()


def _place_of(cursor: str) -> str:
    try:
        return b64decode(cursor).decode().removeprefix("cursor:v2:")
    except ValueError as error:
        message = f"`{cursor}` does not appear to be a valid cursor."
        raise _refusal("INVALID_CURSOR_ARGUMENTS", message) from error


def _actor(login: str | None) -> Node | None:
    """Apps are named without what REST puts behind."""
    if login is None:
        return None
    bot = login.endswith("[bot]")
    return {"__typename": "Bot" if bot else "User", "login": login.removesuffix("[bot]")}


def _user(login: str) -> Node:
    return {"__typename": "User", "login": login}


def _comment(comment: Comment) -> Node:
    return {"author": _actor(comment.author), "body": comment.body, "createdAt": stamp(comment.created)}


def _review(review: Review) -> Node:
    return {
        "author": _actor(review.author),
        "body": review.body,
        "state": review.state,
        "submittedAt": stamp(review.submitted),
    }


def _refusal(kind: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": kind})


def _error(error: GraphQLError) -> dict[str, Any]:
    told: dict[str, Any] = {"message": error.message, "path": error.path}
    if kind := (error.extensions or {}).get("type"):
        told["type"] = kind
    return told
