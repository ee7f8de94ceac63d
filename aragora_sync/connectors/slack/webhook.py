"""What Slack posts to the app's Request URL: https://api.slack.com/apis/events-api"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.hints import Hint
from ...core.webhook import Receipt, Request, Terms, check_age, check_signature, moment_of, understood
from .errors import SIGNING_SECRET

if TYPE_CHECKING:
    from . import SlackConnector

TERMS = Terms((SIGNING_SECRET,))
WINDOW = timedelta(minutes=5)
SENT, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"
CHANGES_LIST = {  # which channels there are, or what the app may see
    *("app_rate_limited", "app_uninstalled", "tokens_revoked", "member_joined_channel", "member_left_channel"),
    *("channel_archive", "channel_created", "channel_deleted", "channel_left", "channel_rename", "channel_unarchive"),
    *("group_archive", "group_deleted", "group_left", "group_rename", "group_unarchive"),
}


def receive(connector: SlackConnector, request: Request) -> Receipt:
    """The answer to a signed event; the challenge is given back where Slack tries the address."""
    sent = request.header(SENT)
    check_age(moment_of(sent), request, WINDOW)
    check_signature(request, SIGNING_SECRET, SIGNATURE, prefix="v0=", before=f"v0:{sent}:".encode())
    told = request.object()
    if told.get("type") == "url_verification":
        return Receipt(
            body=str(told.get("challenge")).encode("utf-8", "replace"), content_type="text/plain; charset=utf-8"
        )
    hints = understood(partial(_hints, connector, told), "Slack")
    return Receipt(hints=hints, once=str(told.get("event_id") or ""))


def _hints(connector: SlackConnector, told: Mapping[str, Any]) -> Iterator[Hint]:
    event = told.get("event") or told  # app_rate_limited comes bare
    if event["type"] in CHANGES_LIST:
        yield Hint()
    elif event["type"] == "message":
        yield _message(connector, told, event)
    elif event["type"].startswith("file_") and connector.include_files:
        yield Hint()


def _message(connector: SlackConnector, told: Mapping[str, Any], event: Mapping[str, Any]) -> Hint:
    """The thread of what was said, edited or deleted. A channel shared between workspaces may be listed in another
    one than the event names, so that a run looks.
    """
    if told.get("is_ext_shared_channel"):
        return Hint()
    message = event.get("message") or event.get("previous_message") or event
    own = event.get("deleted_ts") or message["ts"]
    thread = message.get("thread_ts") or own
    stream = f"{told['team_id']}/{event['channel']}"
    return Hint(stream, (f"{stream}/{thread if connector.include_threads else own}",))
