"""How the REST API of GitHub writes what there is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .github_repository import Repository
from .github_state import Owner
from .github_talk import GHOST_ID, Comment, Issue, Label, Milestone, Pull, Review, ReviewComment, Thing, User

Raw = dict[str, Any]
FOLLOWING = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "repos_url": "/repos",
    "organizations_url": "/orgs",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
BELOW_REPOSITORY = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "hooks_url": "/hooks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Bodies:
    """`api` is the address of the REST API, `web` that of the pages people look at. `ghosts`: instead of nobody."""

    def __init__(self, api: str, web: str, *, ghosts: bool = False) -> None:
        self.api, self.web, self.ghosts = api, web, ghosts

    # Accounts

    def user(self, user: User | None) -> Raw | None:
        if user is None:
            return self._ghost() if self.ghosts else None
        suffix = "[bot]" if user.kind == "Bot" else ""
        return self._account(user.login + suffix, user.id, user.node_id, user.kind)

    def _ghost(self) -> Raw:
        """Who stands in for deleted accounts."""
        return self._account("ghost", GHOST_ID, "MDQ6VXNlcjEwMTM3", "User")

    def owner(self, owner: Owner) -> Raw:
        return self._account(owner.login, owner.id, owner.node_id, owner.kind)

    def _account(self, login: str, number: int, node_id: str, kind: str) -> Raw:
        url = f"{self.api}/users/{login}"
        return {
            "login": login,
            "id": number,
            "node_id": node_id,
            "gravatar_id": "",
            "url": url,
            "type": kind,
            "avatar_url": f"{self.web}/avatars/{number}",
            "html_url": f"{self.web}/{login}",
            **{name: url + below for name, below in FOLLOWING.items()},
            "user_view_type": "public",
            "site_admin": False,
        }

    def organization(self, owner: Owner) -> Raw:
        url, moment = f"{self.api}/orgs/{owner.login}", "2020-01-01T00:00:00Z"
        told = {name: f"{url}/{name.removesuffix('_url')}" for name in ("repos_url", "events_url", "hooks_url")}
        told |= {"issues_url": f"{url}/issues", "members_url": f"{url}/members{{/member}}"}
        told |= {
            "public_members_url": f"{url}/public_members{{/member}}",
            "avatar_url": f"{self.web}/{owner.login}.png",
        }
        numbers = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
        more: Raw = {"login": owner.login, "id": owner.id, "node_id": owner.node_id, "url": url, "description": None}
        more |= {"html_url": f"{self.web}/{owner.login}", "type": owner.kind, "name": owner.login}
        more |= {"has_organization_projects": True, "has_repository_projects": True, "archived_at": None}
        return {**told, **numbers, **more, "created_at": moment, "updated_at": moment}

    def collaborator(self, user: User, role: str) -> Raw:
        order = ("read", "triage", "write", "maintain", "admin")
        named = dict(zip(("pull", "triage", "push", "maintain", "admin"), order, strict=True))
        may = {name: order.index(role) >= order.index(needed) for name, needed in named.items()}
        return {**(self.user(user) or {}), "permissions": may, "role_name": role}

    def team(self, owner: Owner, name: str, role: str) -> Raw:
        url, number = f"{self.api}/organizations/{owner.id}/team/{name}", sum(name.encode())
        told: Raw = {"id": number, "node_id": f"T_{name}", "name": name, "slug": name, "description": None, "url": url}
        told |= {"members_url": f"{url}/members{{/member}}", "repositories_url": f"{url}/repos", "permission": role}
        told |= {"html_url": f"{self.web}/orgs/{owner.login}/teams/{name}", "type": "organization", "parent": None}
        return told | {"privacy": "closed", "notification_setting": "notifications_enabled"}

    # Repositories

    def repository(self, one: Repository, version: str = "2022-11-28") -> Raw:
        url, page = f"{self.api}/repos/{one.full_name}", f"{self.web}/{one.full_name}"
        told = {
            "id": one.id,
            "node_id": one.node_id,
            "name": one.name,
            "full_name": one.full_name,
            "owner": self.owner(one.owner),
            "private": one.private,
            "visibility": one.visibility,
            "html_url": page,
            "description": one.description,
            "fork": one.fork,
            "url": url,
            **{name: url + below for name, below in BELOW_REPOSITORY.items()},
            "git_url": f"git://x/{one.full_name}.git",
            "ssh_url": f"git@x:{one.full_name}.git",
            "clone_url": f"{page}.git",
            "svn_url": page,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "forks_count": 0,
            "forks": 0,
            "stargazers_count": 0,
            "watchers_count": 0,
            "watchers": 0,
            "size": 12,
            "default_branch": one.code.default_branch,
            "open_issues_count": 0,
            "open_issues": 0,
            "is_template": False,
            "topics": [],
            "license": None,
            "has_pages": False,
            "has_projects": True,
            "has_issues": one.has_issues,
            "has_wiki": one.has_wiki,
            "has_discussions": one.has_discussions,
            "has_pull_requests": one.has_pull_requests,
            "archived": one.archived,
            "disabled": one.disabled,
            "pushed_at": iso(one.pushed_at),
            "created_at": iso(one.created_at),
            "updated_at": iso(one.updated_at),
            "permissions": {"admin": False, "maintain": False, "push": False, "triage": False, "pull": True},
            "allow_forking": True,
            "web_commit_signoff_required": False,
        }
        return told | ({"has_downloads": True} if version == "2022-11-28" else {})

    def full_repository(self, one: Repository, version: str = "2022-11-28") -> Raw:
        """As it is told of when it is asked for alone."""
        told = self.repository(one, version) | {"network_count": 0, "subscribers_count": 1, "temp_clone_token": None}
        return told | ({"organization": self.owner(one.owner)} if one.owner.kind == "Organization" else {})

    # Issues

    def issue(self, one: Repository, issue: Issue) -> Raw:
        url = f"{self.api}/repos/{one.full_name}/issues/{issue.number}"
        page = f"{self.web}/{one.full_name}/{'pull' if issue.pull else 'issues'}/{issue.number}"
        kind = {"id": 1, "node_id": "IT_1", "name": issue.type, "description": None, "color": "red", "is_enabled": True}
        told = {
            **self._written(issue, url, page),
            "repository_url": f"{self.api}/repos/{one.full_name}",
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "timeline_url": f"{url}/timeline",
            **self._common(one, issue),
            "state_reason": issue.state_reason,
            "closed_by": self.user(issue.closed_by) if issue.closed_by else None,
            "comments": len(issue.comments),
            "type": kind if issue.type else None,
            "performed_via_github_app": None,
            "reactions": self._reactions(url),
        }
        if issue.pull:
            api = f"{self.api}/repos/{one.full_name}/pulls/{issue.number}"
            told["draft"] = issue.pull.draft
            told["pull_request"] = {
                "url": api,
                "html_url": page,
                "diff_url": f"{page}.diff",
                "patch_url": f"{page}.patch",
                "merged_at": iso(issue.pull.merged_at),
            }
        return told

    def issue_comment(self, one: Repository, comment: Comment) -> Raw:
        issue = comment.issue
        url = f"{self.api}/repos/{one.full_name}/issues/comments/{comment.id}"
        kind = "pull" if issue.pull else "issues"
        page = f"{self.web}/{one.full_name}/{kind}/{issue.number}#issuecomment-{comment.id}"
        return {
            **self._written(comment, url, page),
            "issue_url": f"{self.api}/repos/{one.full_name}/issues/{issue.number}",
            "performed_via_github_app": None,
            "reactions": self._reactions(url),
            "pin": None,
            "minimized": {"reason": comment.minimized.lower()} if comment.minimized else None,
        }

    # Pull requests

    def pull(self, one: Repository, issue: Issue, pull: Pull) -> Raw:
        """As lists show it. Its clock is not that of its issue."""
        repo = f"{self.api}/repos/{one.full_name}"
        url, page = f"{repo}/pulls/{issue.number}", f"{self.web}/{one.full_name}/pull/{issue.number}"
        others = {
            "comments": f"{repo}/issues/{issue.number}/comments",
            "commits": f"{url}/commits",
            "statuses": f"{repo}/statuses/{pull.head_sha}",
            "issue": f"{repo}/issues/{issue.number}",
            "review_comments": f"{url}/comments",
            "review_comment": f"{repo}/pulls/comments{{/number}}",
        }
        return {
            **self._written(issue, url, page),
            "id": pull.id,
            "updated_at": iso(pull.updated_at),
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            **{f"{name}_url": address for name, address in others.items()},
            "_links": {name: {"href": address} for name, address in {**others, "html": page, "self": url}.items()},
            **self._common(one, issue),
            "merged_at": iso(pull.merged_at),
            "merge_commit_sha": pull.head_sha if pull.merged_at else None,
            "requested_reviewers": [],
            "requested_teams": [],
            "auto_merge": None,
            "draft": pull.draft,
            "head": self._end(one, pull.head, pull.head_sha),
            "base": self._end(one, pull.base, pull.base_sha),
        }

    def full_pull(self, one: Repository, issue: Issue, pull: Pull) -> Raw:
        """As it is told of when it is asked for alone; there is always a user then."""
        return self.pull(one, issue, pull) | {
            "user": self.user(issue.author) or self._ghost(),
            "merged": pull.merged_at is not None,
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "mergeable": True,
            "rebaseable": True,
            "mergeable_state": "clean",
            "maintainer_can_modify": False,
            "commits": 1,
            "comments": len(issue.comments),
            "review_comments": len(pull.comments),
            "additions": 3,
            "deletions": 1,
            "changed_files": 1,
        }

    def _end(self, one: Repository, ref: str, sha: str) -> Raw:
        label = f"{one.owner.login}:{ref}"
        return {"label": label, "ref": ref, "sha": sha, "user": self.owner(one.owner), "repo": self.repository(one)}

    def review(self, one: Repository, review: Review) -> Raw:
        pull = f"{self.api}/repos/{one.full_name}/pulls/{review.issue.number}"
        page = f"{self.web}/{one.full_name}/pull/{review.issue.number}#pullrequestreview-{review.id}"
        told = {
            "id": review.id,
            "node_id": review.node_id,
            "user": self.user(review.author),
            "body": review.body or "",
            "state": review.state,
            "html_url": page,
            "pull_request_url": pull,
            "_links": {"html": {"href": page}, "pull_request": {"href": pull}},
            "commit_id": review.commit,
            "author_association": review.association,
        }
        return told | ({"submitted_at": iso(review.submitted_at)} if review.submitted_at else {})

    def review_comment(self, one: Repository, comment: ReviewComment) -> Raw:
        repo, number = f"{self.api}/repos/{one.full_name}", comment.issue.number
        url, page = f"{repo}/pulls/comments/{comment.id}", f"{self.web}/{one.full_name}/pull/{number}"
        page += f"#discussion_r{comment.id}"
        links = {"self": url, "html": page, "pull_request": f"{repo}/pulls/{number}"}
        told = {
            **self._written(comment, url, page),
            "pull_request_url": links["pull_request"],
            "pull_request_review_id": comment.review.id,
            "_links": {name: {"href": address} for name, address in links.items()},
            "diff_hunk": comment.diff_hunk,
            "path": comment.path,
            "commit_id": comment.commit,
            "original_commit_id": comment.commit,
            "side": "RIGHT",
            "start_side": None,
            "start_line": None,
            "original_start_line": None,
            "reactions": self._reactions(url),
        }
        if comment.line is None:
            told["subject_type"] = "file"
        else:
            told |= {"subject_type": "line", "line": comment.line, "original_line": comment.line}
            told |= {"position": comment.line, "original_position": comment.line}
        return told | ({"in_reply_to_id": comment.reply_to.id} if comment.reply_to else {})

    # Parts

    def _written(self, thing: Thing, url: str, page: str) -> Raw:
        return {
            "id": thing.id,
            "node_id": thing.node_id,
            "url": url,
            "html_url": page,
            "body": thing.body,
            "user": self.user(thing.author),
            "author_association": thing.association,
            "created_at": iso(thing.created_at),
            "updated_at": iso(thing.updated_at),
        }

    def _common(self, one: Repository, issue: Issue) -> Raw:
        people = [self.user(user) for user in issue.assignees]
        return {
            "number": issue.number,
            "title": issue.title,
            "state": issue.state,
            "locked": issue.locked,
            "labels": [self.label(one, label) for label in issue.labels],
            "active_lock_reason": None,
            "assignees": people,
            "assignee": people[0] if people else None,
            "closed_at": iso(issue.closed_at),
            "milestone": self.milestone(one, issue.milestone) if issue.milestone else None,
        }

    def label(self, one: Repository, label: Label) -> Raw:
        url = f"{self.api}/repos/{one.full_name}/labels/{label.name.replace(' ', '%20')}"
        told = {"id": label.id, "node_id": label.node_id, "url": url, "name": label.name, "color": label.color}
        return told | {"description": "", "default": False}

    def milestone(self, one: Repository, made: Milestone) -> Raw:
        url = f"{self.api}/repos/{one.full_name}/milestones/{made.number}"
        return {
            "url": url,
            "html_url": f"{self.web}/{one.full_name}/milestone/{made.number}",
            "id": made.id,
            "labels_url": f"{url}/labels",
            "node_id": made.node_id,
            "number": made.number,
            "title": made.title,
            "description": None,
            "creator": None,
            "open_issues": 0,
            "closed_issues": 0,
            "due_on": None,
            "state": "closed" if made.closed_at else "open",
            "closed_at": iso(made.closed_at),
            "created_at": iso(made.created_at),
            "updated_at": iso(made.created_at),
        }

    def _reactions(self, url: str) -> Raw:
        return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(REACTIONS, 0)}
