"""Slack's Web API on loopback: a workspace that tests edit, its scopes, pages, limits and refusals."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .slack_login import Logins
from .slack_pages import (
    TS,
    YES,
    Refused,
    argument,
    as_listed,
    bound_of,
    cursor_for,
    empty_page,
    id_of,
    opened,
    size_of,
    time_of,
    ts_of,
    within,
)
from .slack_state import ADDRESS, APP, Channel, Raw, State
from .web import Answer, Asked, FakeService, html, running

BOT, PERSON = "xoxb-1111-of-the-app", "xoxp-2222-of-a-person"
ALL_SCOPES = (
    *("channels:read", "channels:history", "channels:join", "groups:read", "groups:history", "users:read"),
    *("team:read", "files:read", "usergroups:read"),
)
TIERS = {"conversations.list": 20, "users.list": 20, "usergroups.list": 20, "users.info": 100, "files.info": 100}
TIER_3 = 50
LOGIN, REVOKE = "oauth.v2.access", "auth.revoke"
LOW_METHODS, LOW_LIMIT, LOW_SECONDS = ("conversations.history", "conversations.replies"), 15, 60
NEEDED = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}


@dataclass
class Token:
    """What one token may do. `refusal`: the word with which it is refused."""

    person: bool = False
    scopes: set[str] = field(default_factory=lambda: set(ALL_SCOPES))
    refusal: str = ""
    ends: datetime | None = None  # of those that are rotated


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
        self.logins = Logins(lambda: self.now, lambda token, ends: self.tokens.update({token: Token(ends=ends)}))
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
            token = Token() if method == LOGIN else self._token(asked)
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
            REVOKE: self._revoke,
            LOGIN: lambda _token, told: self.logins.give(told),
            "usergroups.list": self._groups,
            "users.conversations": self._own_conversations,
            "users.info": self._user,
            "users.list": self._users,
        }

    def _token(self, asked: Asked) -> Token:
        scheme, _, value = asked.headers.get("authorization", "").partition(" ")
        if asked.path.endswith(REVOKE):  # takes it as an argument, too
            scheme, value = "Bearer", value or asked.form.get("token", "")
        if not value or scheme != "Bearer":
            raise Refused("not_authed")
        token = self.tokens.get(value)
        if token is None or token.refusal:
            raise Refused(token.refusal if token else "invalid_auth")
        if token.ends is not None and token.ends <= self.now:
            raise Refused("token_expired")
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
        who = {"user": "ann", "user_id": "U00000001"} if token.person else {"user": "aragora", "user_id": APP}
        more = {} if token.person else {"bot_id": "B00000001"}
        return (
            {"url": ADDRESS, "team": "Acme", "team_id": self.state.team_id, "is_enterprise_install": False} | who | more
        )

    def _revoke(self, token: Token, told: dict[str, str]) -> Raw:
        self.tokens = {value: one for value, one in self.tokens.items() if one is not token}
        return {"revoked": True}

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
        if not set(types) <= NEEDED.keys():
            raise Refused("invalid_types")
        self._need(token, *(NEEDED[kind] for kind in types))
        channels = [
            self._described(one, token, with_membership)
            for one in self.state.channels.values()
            if shown(one)
            and ("private_channel" if one.private else "public_channel") in types
            and not (one.archived and told.get("exclude_archived") in YES)
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
        channel = self._seen(token, told)
        self._need(token, "groups:read" if channel.private else "channels:read")
        return {"channel": self._described(channel, token)}

    def _join(self, token: Token, told: dict[str, str]) -> Raw:
        """Shown in the channel, as when somebody is invited."""
        self._need(token, "channels:join")
        channel = self._seen(token, told)
        if channel.private:
            raise Refused("method_not_supported_for_channel_type")
        if channel.archived:
            raise Refused("is_archived")
        there = {"warning": "already_in_channel"} if channel.member else {}
        self.state.invite_app(channel.id)
        return {"channel": self._described(channel, token), **there}

    def _seen(self, token: Token, told: dict[str, str]) -> Channel:
        """The channel, if the token may know of it."""
        channel = self.state.channels.get(argument(told, "channel"))
        if channel is None or (channel.private and not self._is_in(token, channel)):
            raise Refused("channel_not_found")
        return channel

    def _readable(self, token: Token, told: dict[str, str]) -> Channel:
        """The channel, if its messages may be read."""
        channel = self._seen(token, told)
        self._need(token, "groups:history" if channel.private else "channels:history")
        if not token.person and not channel.member:
            raise Refused("not_in_channel")
        return channel

    # Messages

    def _history(self, token: Token, told: dict[str, str]) -> Raw:
        channel = self._readable(token, told)
        limit = self._limit("conversations.history", told, 100, 999)
        found = [raw for raw in self.state.shown(channel, self.now) if within(raw["ts"], told)]
        ascending = self.oldest_first and "oldest" in told and "latest" not in told
        found.sort(key=lambda raw: time_of(raw["ts"]), reverse=not ascending)
        if self.short_pages and "cursor" not in told:
            return {"messages": [], "has_more": True, "pin_count": 0} | empty_page(told)
        page, rest, step = self._cut(found, told, limit, ts_of, descending=not ascending)
        body = {"messages": page, "has_more": bool(rest), "pin_count": 0, "channel_actions_ts": None}
        body |= {"channel_actions_count": 0}
        if channel.hidden_before and not rest:
            body["is_limited"] = True
        return body | step

    def _replies(self, token: Token, told: dict[str, str]) -> Raw:
        """The first message on every page, then replies, the oldest first."""
        channel = self._readable(token, told)
        limit = self._limit("conversations.replies", told, 1000, 1000)
        given = argument(told, "ts")
        asked_for = channel.messages.get(given)
        root = asked_for.get("thread_ts", given) if asked_for else ""
        if root in self.failing:
            raise Refused("internal_error")
        if root not in channel.messages or given < channel.hidden_before:
            raise Refused("thread_not_found")
        shown = [ts for ts in channel.replies(root) if self.state.is_visible(channel, ts, self.now)]
        replies = [channel.messages[ts] for ts in shown if within(ts, told)]
        page, rest, step = self._cut(replies, told, max(1, limit - 1), ts_of)
        return {"messages": [as_listed(channel.messages[root]), *page], "has_more": bool(rest)} | step

    def _limit(self, method: str, told: dict[str, str], usual: int, most: int) -> int:
        limit = size_of(told, usual, most)
        for name in ("oldest", "latest"):
            if name in told and not TS.fullmatch(told[name]):
                raise Refused(f"invalid_ts_{name}")
        return min(limit, LOW_LIMIT if self.low_regime else most, self.page_sizes.get(method, most))

    # Pages

    def _listed(self, name: str, things: list[Raw], told: dict[str, str]) -> Raw:
        limit = size_of(told, 100, 999)
        if self.short_pages and "cursor" not in told:
            return {name: []} | empty_page(told)
        page, _, step = self._cut(things, told, max(1, limit // 2) if self.short_pages else limit, id_of)
        return {name: page} | step

    def _cut(
        self, things: list[Raw], told: dict[str, str], limit: int, key: Callable[[Raw], str], descending: bool = False
    ) -> tuple[list[Raw], list[Raw], Raw]:
        """One page, what follows it, and how that is got. A cursor holds for the parameters it was given for."""
        first = 0
        if told.get("cursor"):
            place, bound = opened(told["cursor"])
            if bound != bound_of(told):
                raise Refused("invalid_cursor")
            if place != "first":  # what it pointed to may be gone: then what follows
                reached = [key(one) <= place if descending else key(one) >= place for one in things]
                first = reached.index(True) if True in reached else len(things)
        page, rest = [as_listed(one) for one in things[first : first + limit]], things[first + limit :]
        following = cursor_for(key(rest[0]), bound_of(told)) if rest and not self.bare_pages else ""
        told_on = key is id_of or following or told.get("cursor")  # a channel's only page says nothing of pages
        return page, rest, {"response_metadata": {"next_cursor": following}} if told_on else {}

    # Files

    def _file_info(self, token: Token, told: dict[str, str]) -> Raw:
        self._need(token, "files:read")
        file_id = argument(told, "file")
        found = self.state.files.get(file_id)
        if found is None and file_id in self.state.contents:
            raise Refused("file_deleted")
        if found is None or not self._sees(token, found):
            raise Refused("file_not_found")
        return {"file": {**found, "file_access": "visible"}, "comments": [], "response_metadata": {"next_cursor": ""}}

    def _sees(self, token: Token, file: Raw) -> bool:
        """Whoever is in a channel where it is shown; a person also what is in public ones."""
        places = [channel for shares in file["shares"].values() for channel, where in shares.items() if where]
        found = [self.state.channels[channel] for channel in places if channel in self.state.channels]
        return any(self._is_in(token, one) or (token.person and not one.private) for one in found)

    def _file(self, asked: Asked) -> Answer:
        """Without a token that may read files, a page to log in: with status 200."""
        file_id = asked.path.split("/")[2].rpartition("-")[2]
        raw = self.state.files.get(file_id)
        try:
            token = self._token(asked)
            self._need(token, "files:read")
        except Refused:
            return html(200, "<!DOCTYPE html><html><body>Sign in to Acme</body></html>")
        if raw is None or not self._sees(token, raw):
            return html(404)
        return Answer(200, self.state.contents[file_id], {"Content-Type": raw["mimetype"]})


def too_many(seconds: int) -> Answer:
    """The limit is reached."""
    return Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(seconds)})


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
