"""Slack's Web API on loopback: a workspace that tests edit, its scopes, pages, limits and refusals."""

from __future__ import annotations

import re
import sys
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .slack_state import ADDRESS, Channel, Raw, State
from .web import Answer, Asked, FakeService, html, running

BOT, PERSON = "xoxb-1111-of-the-app", "xoxp-2222-of-a-person"
ALL_SCOPES = (
    *("channels:read", "channels:history", "channels:join", "groups:read", "groups:history", "users:read"),
    *("team:read", "files:read", "usergroups:read"),
)
TIERS = {"conversations.list": 20, "users.list": 20, "usergroups.list": 20, "users.info": 100, "files.info": 100}
TIER_3 = 50
LOW_METHODS, LOW_LIMIT, LOW_SECONDS = ("conversations.history", "conversations.replies"), 15, 60
TS = re.compile(r"\d+(\.\d{1,6})?")


@dataclass
class Token:
    """What one token may do. `refusal`: the word with which it is refused."""

    person: bool = False
    scopes: set[str] = field(default_factory=lambda: set(ALL_SCOPES))
    refusal: str = ""


class Refused(Exception):
    """Ends a method with an error."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.body = {"ok": False, "error": error, **more}


class FakeSlack(FakeService):
    """The API below /api, files below /files-pri. `state` is the workspace; the other attributes are switches."""

    def __init__(self) -> None:
        super().__init__()
        self.latency = 0.0  # seconds before each answer; of a server of its own, never in tests
        self.begin_anew()

    def begin_anew(self) -> None:
        """An empty workspace; no switch is set."""
        self.state = State(self.tick)
        self.state.file_address = self.url
        self.tokens = {BOT: Token(), PERSON: Token(person=True)}
        self.low_regime = False
        self.limited = False  # as many requests a minute as the tiers say
        self.refuse_every = 0  # every so many requests: a 429
        self.short_pages = False  # lists come with empty and short pages
        self.bare_pages = False  # more is told of, but not where, as on very old workspaces
        self.oldest_first = False  # where `oldest` alone is given; the documents are not clear
        self.failing: set[str] = set()  # threads that cannot be read
        self.page_sizes: dict[str, int] = {}  # smaller than what was asked for, by method
        self._log: dict[str, list[datetime]] = {}
        self._count = 0
        self.forget()

    # Every request

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.latency:
            time.sleep(self.latency)
        return super().__call__(environ, start_response)

    def answer(self, asked: Asked) -> Answer:
        if asked.path.startswith("/files-pri/"):
            return self._file(asked)
        method = asked.path.removeprefix("/api/")
        told = {**asked.query, **(asked.form if asked.method == "POST" else {})}
        try:
            token = self._token(asked)
            if (refused := self._refusal(method)) is not None:
                return refused
            found: Callable[[Token, dict[str, str]], Raw] | None = self._methods().get(method)
            if found is None:
                raise Refused("unknown_method", req_method=method)
            body = {"ok": True, **found(token, told)}
        except Refused as error:
            body = error.body
        scopes = ",".join(sorted(self._scopes(asked)))
        return Answer(200, body, {"x-oauth-scopes": scopes, "x-slack-req-id": f"r{len(self.asked)}"})

    def _methods(self) -> dict[str, Callable[[Token, dict[str, str]], Raw]]:
        return {
            "auth.test": self._auth_test,
            "conversations.history": self._history,
            "conversations.info": self._conversation,
            "conversations.join": self._join,
            "conversations.list": self._conversations,
            "conversations.replies": self._replies,
            "files.info": self._file_info,
            "usergroups.list": self._groups,
            "users.conversations": self._own_conversations,
            "users.info": self._user,
            "users.list": self._users,
        }

    def _token(self, asked: Asked) -> Token:
        scheme, _, value = asked.headers.get("authorization", "").partition(" ")
        if not value or scheme != "Bearer":
            raise Refused("not_authed")
        token = self.tokens.get(value)
        if token is None or token.refusal:
            raise Refused(token.refusal if token else "invalid_auth")
        return token

    def _scopes(self, asked: Asked) -> set[str]:
        token = self.tokens.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        return token.scopes if token else set()

    def _need(self, token: Token, *scopes: str) -> None:
        if missing := [scope for scope in scopes if scope not in token.scopes]:
            raise Refused("missing_scope", needed=",".join(missing), provided=",".join(sorted(token.scopes)))

    def _refusal(self, method: str) -> Answer | None:
        self._count += 1
        if self.refuse_every and self._count % self.refuse_every == 0:
            return too_many(2)
        low = self.low_regime and method in LOW_METHODS
        most, span = (1, LOW_SECONDS) if low else (TIERS.get(method, TIER_3), 60)
        if not low and not self.limited:
            return None
        log = self._log.setdefault(method, [])
        log[:] = [moment for moment in log if self.now - moment < timedelta(seconds=span)]
        if len(log) >= most:
            return too_many(max(1, span - int((self.now - log[0]).total_seconds())))
        log.append(self.now)
        return None

    # Workspace and people

    def _auth_test(self, token: Token, told: dict[str, str]) -> Raw:
        who = {"user": "ann", "user_id": "U00000001"} if token.person else {"user": "aragora", "user_id": "U000000BOT"}
        more = {} if token.person else {"bot_id": "B00000001"}
        return (
            {"url": ADDRESS, "team": "Acme", "team_id": self.state.team_id, "is_enterprise_install": False} | who | more
        )

    def _users(self, token: Token, told: dict[str, str]) -> Raw:
        self._need(token, "users:read")
        return self._listed("members", list(self.state.users.values()), told) | {"cache_ts": 1}

    def _user(self, token: Token, told: dict[str, str]) -> Raw:
        self._need(token, "users:read")
        found = self.state.users.get(told.get("user", "")) or self.state.strangers.get(told.get("user", ""))
        if found is None:
            raise Refused("user_not_found")
        return {"user": found}

    def _groups(self, token: Token, told: dict[str, str]) -> Raw:
        self._need(token, "usergroups:read")
        return {"usergroups": list(self.state.groups.values())}

    # Channels

    def _conversations(self, token: Token, told: dict[str, str]) -> Raw:
        """All public channels, and private ones of which the token's owner is a member."""
        return self._list(token, told, lambda one: not one.private or self._is_in(token, one), with_membership=True)

    def _own_conversations(self, token: Token, told: dict[str, str]) -> Raw:
        return self._list(token, told, lambda one: self._is_in(token, one), with_membership=False)

    def _list(
        self, token: Token, told: dict[str, str], shown: Callable[[Channel], bool], *, with_membership: bool
    ) -> Raw:
        types = told.get("types", "public_channel").split(",")
        needed = {"public_channel": "channels:read", "private_channel": "groups:read"}
        self._need(token, *(needed[kind] for kind in types))
        channels = [
            self._described(one, token, with_membership)
            for one in self.state.channels.values()
            if shown(one)
            and ("private_channel" if one.private else "public_channel") in types
            and not (one.archived and told.get("exclude_archived") == "true")
        ]
        return self._listed("channels", channels, told)

    def _is_in(self, token: Token, channel: Channel) -> bool:
        return channel.with_person if token.person else channel.member

    def _described(self, channel: Channel, token: Token, with_membership: bool = True) -> Raw:
        told = {"id": channel.id, "name": channel.name, "name_normalized": channel.name, "created": 1700000000}
        told |= {"is_channel": not channel.private, "is_group": False, "is_im": False, "is_mpim": False}
        told |= {"is_private": channel.private, "is_archived": channel.archived, "is_general": False, "unlinked": 0}
        told |= {"is_shared": False, "is_ext_shared": False, "is_org_shared": False, "is_pending_ext_shared": False}
        told |= {"creator": "U00000001", "updated": 1700000000000, "num_members": 2, "parent_conversation": None}
        told |= {name: {"value": "", "creator": "", "last_set": 0} for name in ("topic", "purpose")}
        told |= {"previous_names": channel.previous_names, "context_team_id": self.state.team_id}
        told |= {"pending_shared": [], "pending_connected_team_ids": [], "shared_team_ids": [self.state.team_id]}
        return told | ({"is_member": self._is_in(token, channel)} if with_membership else {})

    def _conversation(self, token: Token, told: dict[str, str]) -> Raw:
        channel = self.state.channels.get(told.get("channel", ""))
        if channel is None or (channel.private and not self._is_in(token, channel)):
            raise Refused("channel_not_found")
        self._need(token, "groups:read" if channel.private else "channels:read")
        return {"channel": self._described(channel, token)}

    def _join(self, token: Token, told: dict[str, str]) -> Raw:
        self._need(token, "channels:join")
        channel = self.state.channels.get(told.get("channel", ""))
        if channel is None or channel.private:
            raise Refused("channel_not_found" if channel is None else "method_not_supported_for_channel_type")
        if channel.archived:
            raise Refused("is_archived")
        channel.member = True
        return {"channel": self._described(channel, token)}

    def _readable(self, token: Token, told: dict[str, str]) -> Channel:
        """The channel, if its messages may be read."""
        channel = self.state.channels.get(told.get("channel", ""))
        if channel is None or (channel.private and not self._is_in(token, channel)):
            raise Refused("channel_not_found")
        self._need(token, "groups:history" if channel.private else "channels:history")
        if not token.person and not channel.member:
            raise Refused("not_in_channel")
        return channel

    # Messages

    def _history(self, token: Token, told: dict[str, str]) -> Raw:
        channel = self._readable(token, told)
        limit = self._limit("conversations.history", told, 100, 999)
        found = [raw for raw in self.state.shown(channel, self.now) if _within(raw["ts"], told)]
        ascending = self.oldest_first and "oldest" in told and "latest" not in told
        found.sort(key=lambda raw: _time(raw["ts"]), reverse=not ascending)
        if self.short_pages and "cursor" not in told:
            return {"messages": [], "has_more": True, "pin_count": 0} | _empty(told)
        page, rest, step = self._cut(found, told, limit, _ts, descending=not ascending)
        body = {"messages": page, "has_more": bool(rest), "pin_count": 0, "channel_actions_ts": None}
        body |= {"channel_actions_count": 0}
        if channel.hidden_before and not rest:
            body["is_limited"] = True
        return body | step

    def _replies(self, token: Token, told: dict[str, str]) -> Raw:
        """The first message on every page, then replies, the oldest first."""
        channel = self._readable(token, told)
        limit = self._limit("conversations.replies", told, 1000, 1000)
        given = told.get("ts", "")
        asked_for = channel.messages.get(given)
        root = asked_for.get("thread_ts", given) if asked_for else ""
        if root in self.failing:
            raise Refused("internal_error")
        if root not in channel.messages or given < channel.hidden_before:
            raise Refused("thread_not_found")
        replies = [channel.messages[ts] for ts in channel.replies(root) if _within(ts, told)]
        page, rest, step = self._cut(replies, told, max(1, limit - 1), _ts)
        return {"messages": [{**channel.messages[root]}, *page], "has_more": bool(rest)} | step

    def _limit(self, method: str, told: dict[str, str], usual: int, most: int) -> int:
        limit = int(told.get("limit", usual))
        if not 0 < limit <= most:
            raise Refused("invalid_limit")
        for name in ("oldest", "latest"):
            if name in told and not TS.fullmatch(told[name]):
                raise Refused(f"invalid_ts_{name}")
        return min(limit, LOW_LIMIT if self.low_regime else most, self.page_sizes.get(method, most))

    # Pages

    def _listed(self, name: str, things: list[Raw], told: dict[str, str]) -> Raw:
        limit = int(told.get("limit", 100))
        if not 0 < limit < 1000:
            raise Refused("invalid_limit")
        if self.short_pages and "cursor" not in told:
            return {name: []} | _empty(told)
        page, _, step = self._cut(things, told, max(1, limit // 2) if self.short_pages else limit, _id)
        return {name: page} | step

    def _cut(
        self, things: list[Raw], told: dict[str, str], limit: int, key: Callable[[Raw], str], descending: bool = False
    ) -> tuple[list[Raw], list[Raw], Raw]:
        """One page, what follows it, and how that is got. A cursor holds for the parameters it was given for."""
        first = 0
        if told.get("cursor"):
            place, bound = _opened(told["cursor"])
            if bound != _bound(told):
                raise Refused("invalid_cursor")
            if place != "first":  # what it pointed to may be gone: then what follows
                reached = [key(one) <= place if descending else key(one) >= place for one in things]
                first = reached.index(True) if True in reached else len(things)
        page, rest = [{**one} for one in things[first : first + limit]], things[first + limit :]
        following = _cursor(key(rest[0]), _bound(told)) if rest and not self.bare_pages else ""
        return page, rest, {"response_metadata": {"next_cursor": following}}

    # Files

    def _file_info(self, token: Token, told: dict[str, str]) -> Raw:
        self._need(token, "files:read")
        found = self.state.files.get(told.get("file", ""))
        if found is None:
            raise Refused("file_not_found" if told.get("file") not in self.state.contents else "file_deleted")
        return {"file": {**found, "file_access": "visible"}, "comments": [], "response_metadata": {"next_cursor": ""}}

    def _file(self, asked: Asked) -> Answer:
        """Without a token that may read files, a page to log in: with status 200."""
        try:
            self._need(self._token(asked), "files:read")
        except Refused:
            return html(200, "<!DOCTYPE html><html><body>Sign in to Acme</body></html>")
        file_id = asked.path.split("/")[2].rpartition("-")[2]
        raw = self.state.files.get(file_id)
        if raw is None:
            return html(404)
        return Answer(200, self.state.contents[file_id], {"Content-Type": raw["mimetype"]})


def too_many(seconds: int) -> Answer:
    """The limit is reached."""
    return Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(seconds)})


def _id(raw: Raw) -> str:
    return str(raw["id"])


def _ts(raw: Raw) -> str:
    return str(raw["ts"])


def _time(ts: str) -> tuple[int, int]:
    seconds, _, rest = ts.partition(".")
    return int(seconds), int(rest.ljust(6, "0"))


def _within(ts: str, told: dict[str, str]) -> bool:
    """Bounds are exclusive unless `inclusive` is given."""
    inclusive = told.get("inclusive") in ("true", "1")
    time = _time(ts)
    oldest, latest = _time(told.get("oldest", "0")), _time(told.get("latest", "9999999999"))
    return oldest <= time <= latest if inclusive else oldest < time < latest


def _bound(told: dict[str, str]) -> str:
    """What a cursor holds for: all parameters but how many, and itself."""
    return "&".join(f"{name}={told[name]}" for name in sorted(told) if name not in ("cursor", "limit"))


def _cursor(place: str, bound: str) -> str:
    return b64encode(f"{place}|{bound}".encode()).decode()


def _empty(told: dict[str, str]) -> Raw:
    """How an empty page goes on."""
    return {"response_metadata": {"next_cursor": _cursor("first", _bound(told))}}


def _opened(cursor: str) -> tuple[str, str]:
    try:
        place, _, bound = b64decode(cursor, validate=True).decode().partition("|")
    except ValueError as error:
        raise Refused("invalid_cursor") from error
    return place, bound


def prepare(fake: FakeSlack, channels: int = 5, messages: int = 400) -> None:
    """Channels with messages; every sixth has a reply."""
    for number in range(channels):
        channel = fake.state.create_channel(f"channel-{number}")
        for each in range(messages):
            ts = fake.state.post(channel, f"message {each} of channel {number}")
            if each % 6 == 0:
                fake.state.reply(channel, ts, f"reply to {each}")


def main(file: str, _latency: str = "", milliseconds: str = "0") -> None:
    """Serves a prepared workspace and writes its address: python -m tests.fakes.slack FILE [--latency MS]."""
    fake = FakeSlack()
    fake.latency = float(milliseconds) / 1000
    prepare(fake)
    with running(fake):
        Path(file).write_text(fake.url)
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
