"""What GitHub's REST interface says of things, with every field that its description demands."""

from __future__ import annotations

from typing import Any

from .github_graphql import stamp
from .github_state import SUBMODULE, TREE, Comment, Entry, Issue, Repository, Thread

Row = dict[str, Any]

_PARTS = (
    *("archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents"),
    *("contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks"),
    *("issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones"),
    *("notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams"),
    "trees",
)
_OF_USERS = (
    *("events", "followers", "following", "gists", "organizations", "received_events", "repos", "starred"),
    "subscriptions",
)


def user(login: str | None) -> Row:
    """A deleted account is called ghost."""
    login = login or "ghost"
    address = f"https://git.example/api/v3/users/{login}"
    return {
        "login": login,
        "id": sum(login.encode()),
        "node_id": f"U_{login}",
        "avatar_url": f"https://git.example/avatars/{sum(login.encode())}",
        "gravatar_id": "",
        "url": address,
        "html_url": f"https://git.example/{login}",
        **{f"{part}_url": f"{address}/{part}" for part in _OF_USERS},
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
    }


def repository(of: Repository, rest: str, web: str) -> Row:
    address = f"{rest}/repos/{of.full_name}"
    return {
        "id": of.id,
        "node_id": f"R_{of.id}",
        "name": of.name,
        "full_name": of.full_name,
        "owner": user(of.owner),
        "private": of.visibility != "public",
        "visibility": of.visibility,
        "html_url": f"{web}/{of.full_name}",
        "description": None,
        "fork": False,
        "url": address,
        **{f"{part}_url": f"{address}/{part}" for part in _PARTS},
        "clone_url": f"{web}/{of.full_name}.git",
        "git_url": f"git://git.example/{of.full_name}.git",
        "ssh_url": f"git@git.example:{of.full_name}.git",
        "svn_url": f"{web}/{of.full_name}",
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        **dict.fromkeys(("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count"), 0),
        **dict.fromkeys(("watchers", "watchers_count", "network_count", "subscribers_count"), 0),
        "has_issues": of.has_issues,
        "has_projects": False,
        "has_wiki": of.has_wiki,
        "has_pages": False,
        "has_discussions": of.has_discussions,
        "archived": False,
        "disabled": False,
        "default_branch": of.branch,
        "pushed_at": "2026-10-01T10:00:00Z",
        "created_at": "2026-10-01T10:00:00Z",
        "updated_at": "2026-10-01T10:00:00Z",
    }


def issue(of: Repository, one: Issue, rest: str, web: str) -> Row:
    """A row of the list of issues, where pull requests stand, too."""
    home = f"{rest}/repos/{of.full_name}"
    address = f"{home}/issues/{one.number}"
    page = f"{web}/{of.full_name}/{'pull' if one.pull else 'issues'}/{one.number}"
    row: Row = {
        "id": one.id,
        "node_id": f"{'PR' if one.pull else 'I'}_{one.id}",
        "number": one.number,
        "title": one.title,
        "body": one.body,
        "state": "closed" if one.closed else "open",
        "locked": one.locked,
        "url": address,
        "html_url": page,
        "repository_url": home,
        "comments_url": f"{address}/comments",
        "events_url": f"{address}/events",
        "labels_url": f"{address}/labels{{/name}}",
        "user": user(one.author),
        "labels": [{"id": sum(name.encode()), "name": name, "color": "ededed"} for name in one.labels],
        "assignee": user(one.assignees[0]) if one.assignees else None,
        "assignees": [user(login) for login in one.assignees],
        "milestone": milestone(one.milestone, home) if one.milestone else None,
        "comments": len(one.comments),
        "author_association": "MEMBER",
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
        "closed_at": stamp(one.closed),
    }
    if one.pull:
        row["pull_request"] = {
            "url": f"{home}/pulls/{one.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
        }
    return row


def milestone(title: str, home: str) -> Row:
    address = f"{home}/milestones/1"
    return {
        "id": 1,
        "node_id": "MI_1",
        "number": 1,
        "title": title,
        "description": None,
        "state": "open",
        "url": address,
        "html_url": address,
        "labels_url": f"{address}/labels",
        "creator": user("mona"),
        "open_issues": 1,
        "closed_issues": 0,
        "created_at": "2026-10-01T10:00:00Z",
        "updated_at": "2026-10-01T10:00:00Z",
        "closed_at": None,
        "due_on": None,
    }


def issue_comment(of: Repository, one: Issue, comment: Comment, rest: str, web: str) -> Row:
    home = f"{rest}/repos/{of.full_name}"
    return {
        "id": comment.id,
        "node_id": f"IC_{comment.id}",
        "url": f"{home}/issues/comments/{comment.id}",
        "html_url": f"{web}/{of.full_name}/issues/{one.number}#issuecomment-{comment.id}",
        "issue_url": f"{home}/issues/{one.number}",
        "user": user(comment.author),
        "body": comment.body,
        "author_association": "MEMBER",
        "created_at": stamp(comment.created),
        "updated_at": stamp(comment.updated),
    }


def review_comment(of: Repository, one: Issue, thread: Thread, comment: Comment, rest: str, web: str) -> Row:
    home = f"{rest}/repos/{of.full_name}"
    address, pull = f"{home}/pulls/comments/{comment.id}", f"{home}/pulls/{one.number}"
    page = f"{web}/{of.full_name}/pull/{one.number}#discussion_r{comment.id}"
    return {
        "id": comment.id,
        "node_id": f"PRRC_{comment.id}",
        "url": address,
        "html_url": page,
        "pull_request_url": pull,
        "pull_request_review_id": None,
        "diff_hunk": "@@ -1 +1 @@",
        "path": thread.path,
        "line": thread.line or 1,
        "commit_id": "0" * 40,
        "original_commit_id": "0" * 40,
        "user": user(comment.author),
        "body": comment.body,
        "author_association": "MEMBER",
        "_links": {"self": {"href": address}, "html": {"href": page}, "pull_request": {"href": pull}},
        "created_at": stamp(comment.created),
        "updated_at": stamp(comment.updated),
    }


def tree_entry(entry: Entry, path: str) -> Row:
    """A line of a tree; `path` is told from where the listing began."""
    kind = "tree" if entry.mode == TREE else "commit" if entry.mode == SUBMODULE else "blob"
    row: Row = {"path": path, "mode": entry.mode.zfill(6), "type": kind, "sha": entry.sha}
    return row if entry.size is None else {**row, "size": entry.size}
