"""Repositories full of issues, as GitHub tells of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

PAGE = 100
OWNER = "bench"
FIRST_ID = 1000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = ("timeout", "when", "the", "cache", "is", "cold", "after", "deploy", "of", "service", "with", "two", "workers")
BODY = 900  # characters


def issue(address: str, repository: int, number: int) -> dict[str, Any]:
    """One row of the list of issues, as the REST description has it; the higher its number, the later its update."""
    home = f"{address}/repos/{OWNER}/project-{repository}"
    here = f"{home}/issues/{number}"
    words = " ".join(WORDS[(number * 7 + place * place) % len(WORDS)] for place in range(BODY // 4))
    at = moment(number)
    return {
        "url": here,
        "repository_url": home,
        "labels_url": f"{here}/labels{{/name}}",
        "comments_url": f"{here}/comments",
        "events_url": f"{here}/events",
        "html_url": f"https://github.example/{OWNER}/project-{repository}/issues/{number}",
        "id": repository * 1_000_000 + number,
        "node_id": f"I_{repository}_{number}",
        "number": number,
        "title": f"Issue {number}: {words[:40]}",
        "user": user(address, number % 211),
        "labels": [label(home, number % 7)],
        "state": "open" if number % 3 else "closed",
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": 0,
        "created_at": at,
        "updated_at": at,
        "closed_at": None if number % 3 else at,
        "author_association": "NONE",
        "active_lock_reason": None,
        "body": words[:BODY],
        "reactions": {"url": f"{here}/reactions", "total_count": 0, **dict.fromkeys(REACTIONS, 0)},
        "timeline_url": f"{here}/timeline",
        "performed_via_github_app": None,
        "state_reason": None if number % 3 else "completed",
    }


def moment(number: int) -> str:
    """When the issue of this number was updated."""
    return f"{BEGAN + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}"


REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
ADDRESSES = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def user(address: str, number: int) -> dict[str, Any]:
    """Who wrote it."""
    home = f"{address}/users/user{number}"
    return {
        "login": f"user{number}",
        "id": number,
        "node_id": f"U_{number}",
        "avatar_url": f"https://avatars.github.example/u/{number}?v=4",
        "gravatar_id": "",
        "url": home,
        "html_url": f"https://github.example/user{number}",
        **{name: home + end for name, end in ADDRESSES.items()},
        "type": "User",
        "site_admin": False,
    }


def label(home: str, number: int) -> dict[str, Any]:
    name = f"area-{number}"
    return {
        "id": number,
        "node_id": f"L_{number}",
        "url": f"{home}/labels/{name}",
        "name": name,
        "color": "f29513",
        "default": False,
        "description": f"Everything about area {number}",
    }


def sentinel(repositories: int, issues: int) -> dict[str, Any]:
    """The answer to the query that tells of all repositories what moved in them, whatever it leaves out."""
    nothing: dict[str, Any] = {"totalCount": 0, "nodes": []}
    newest = {"totalCount": issues, "nodes": [{"updatedAt": moment(issues)}]}
    nodes = [
        {
            "databaseId": FIRST_ID + place,
            "name": f"project-{FIRST_ID + place}",
            "nameWithOwner": f"{OWNER}/project-{FIRST_ID + place}",
            "owner": {"login": OWNER},
            "url": f"https://github.example/{OWNER}/project-{FIRST_ID + place}",
            "visibility": "PRIVATE",
            "isArchived": False,
            "isDisabled": False,
            "hasIssuesEnabled": True,
            "hasWikiEnabled": False,
            "hasDiscussionsEnabled": False,
            "pushedAt": None,
            "updatedAt": newest["nodes"][0]["updatedAt"],
            "defaultBranchRef": None,
            "issues": newest,
            "pullRequests": nothing,
            "discussions": nothing,
        }
        for place in range(repositories)
    ]
    listed = {"repositories": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": nodes}}
    limit = {"cost": 3, "remaining": 4990, "resetAt": "2026-12-31T00:00:00Z"}
    return {"data": {"organization": listed, "repositoryOwner": listed, "rateLimit": limit}}
