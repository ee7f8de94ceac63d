"""What GitHub posts to the webhook of an organization or repository: https://docs.github.com/webhooks"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ...core.hints import Hint
from ...core.webhook import Receipt, Refused, Request, Terms, check_signature, read_json, understood
from .errors import WEBHOOK_SECRET
from .repositories import CODE, DISCUSSIONS, ISSUES, WIKI
from .threads import ticket_id

if TYPE_CHECKING:
    from . import GitHubEnterpriseConnector

MOST_BYTES = 5_000_000  # of a push of many commits; what came with a larger one is found by a run
TERMS = Terms((WEBHOOK_SECRET,), most_bytes=MOST_BYTES)
SIGNATURE, EVENT = "x-hub-signature-256", "x-github-event"
OF_ISSUES = {"issues", "issue_comment"}
OF_PULLS = {"pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_review_thread"}
OF_DISCUSSIONS = {"discussion", "discussion_comment"}
OF_LIST = {"installation", "installation_repositories", "public", "repository"}  # which there are, or who may read
MALFORMED = 400
MOST_FIELDS = 10  # of a form; GitHub's has one


def receive(connector: GitHubEnterpriseConnector, request: Request) -> Receipt:
    """The answer to a signed event."""
    check_signature(request, WEBHOOK_SECRET, SIGNATURE, prefix="sha256=")
    told = _body(request)
    return Receipt(hints=understood(partial(_hints, connector, request.header(EVENT), told), "GitHub"))


def _body(request: Request) -> Any:
    """A new webhook of GitHub sends a form, unless somebody chose JSON."""
    if not request.header("content-type").startswith("application/x-www-form-urlencoded"):
        return request.json()
    try:
        form = parse_qs(request.body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
    except ValueError:
        form = {}
    if "payload" not in form:
        raise Refused("the form has no payload", MALFORMED)
    return read_json(form["payload"][0].encode())


def _hints(connector: GitHubEnterpriseConnector, event: str, told: Mapping[str, Any]) -> Iterator[Hint]:
    if event in OF_LIST:
        yield Hint()
        return
    repository = told.get("repository")
    if repository is None or not is_meant(connector, repository["full_name"]):
        return
    repository_id = str(repository["id"])
    if event in OF_ISSUES:
        yield from _ticket(connector, repository_id, told["issue"], is_pull="pull_request" in told["issue"])
    elif event in OF_PULLS:
        yield from _ticket(connector, repository_id, told["pull_request"], is_pull=True)
    elif event in OF_DISCUSSIONS and connector.sync_discussions:
        stream = f"{repository_id}/{DISCUSSIONS}"
        yield Hint(stream, (f"{stream}/{told['discussion']['number']}",))
    elif event == "push" and connector.sync_code and told["ref"] == f"refs/heads/{repository['default_branch']}":
        yield Hint(f"{repository_id}/{CODE}")
    elif event == "gollum" and connector.sync_wikis:
        yield Hint(f"{repository_id}/{WIKI}")


def _ticket(
    connector: GitHubEnterpriseConnector, repository_id: str, raw: Mapping[str, Any], *, is_pull: bool
) -> Iterator[Hint]:
    if connector.sync_prs if is_pull else connector.sync_issues:
        yield Hint(f"{repository_id}/{ISSUES}", (ticket_id(repository_id, raw["number"], is_pull=is_pull),))


def is_meant(connector: GitHubEnterpriseConnector, full_name: str) -> bool:
    """Whether the options mean this repository."""
    full_name, organization = full_name.lower(), connector.organization.lower()
    if not connector.repositories:
        return full_name.partition("/")[0] == organization
    return full_name in {name if "/" in name else f"{organization}/{name}" for name in _lower(connector.repositories)}


def _lower(names: list[str]) -> Iterator[str]:
    return (name.lower() for name in names)
