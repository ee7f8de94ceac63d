"""Slack: the channels of a workspace, thread by thread, as text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from ...auth.oauth import OAuthClient
from ...auth.tokens import Tokens
from ...core.address import address_problem
from ...core.changes import Change, Cursor
from ...core.errors import AccessError, ConfigError, SourceError
from ...core.options import option
from ...core.source import Check, KnownItems, Stream
from ...core.webhook import Receipt, Request
from ...net.access import Access, bearer
from ...oauth import OAuthConnector
from . import webhook
from .channels import Channel
from .errors import BOT_TOKEN, MANIFEST_HINT, SIGNING_SECRET, USER_TOKEN
from .items import Place
from .login import AUTH_URL, CLIENT_ID, CLIENT_SECRET, ROTATING, TOKEN_URL, client_of
from .manifest import MANIFEST
from .reading import ChannelReading
from .workspace import Workspace

URL = "https://slack.com/api"
UNKNOWN = "#"  # before a name in the options that no channel has
SCOPES = ("channels:read", "channels:history", "users:read")


class SlackConnector(OAuthConnector):
    """Reads channels, each a stream, thread by thread. Each run looks through the last thirty days again, where the
    history tells which threads moved, and asks only for those.
    """

    type = "slack"
    title = "Channels of a Slack workspace"
    service = "Slack"
    prefix = "SLACK"
    keys: ClassVar[Mapping[str, str]] = {
        BOT_TOKEN: "token of the app, xoxb-…",
        USER_TOKEN: "token of a person, xoxp-…, for named channels that the app is not in; optional",
        CLIENT_ID: "client id of an app that rotates its tokens; optional",
        CLIENT_SECRET: "its secret; optional",
        "SLACK_TOKENS": "what a login gave; kept by aragora-sync oauth login; optional",
        "SLACK_REFRESH_TOKEN": "a refresh token of such an app, xoxe-1-…, instead of a login; optional",
        SIGNING_SECRET: "signing secret of the app, for schedule --listen; optional",
    }
    webhook_terms = webhook.TERMS

    channels: list[str] = option(
        [],
        help="Channels to sync, by name or ID; by default all that the app was invited to.",
        example=["engineering", "product", "general"],
    )
    channel_patterns: list[str] = option(
        [],
        help="Also channels in whose name one of these regular expressions is found.",
        example=["^team-.*", "^project-.*"],
    )
    include_threads: bool = option(True, help="Read replies; without them, each message stands alone.")
    include_files: bool = option(False, help="Also read files that hold text.")
    days_back: int = option(90, help="How far the first sync reaches back, in days.", at_least=1, at_most=36_500)
    base_url: str = option(URL, help="Address of the API.", example="https://slack-gov.com/api", neutral=True)
    auth_url: str = option(AUTH_URL, help="Address where a person consents.", neutral=True)
    token_url: str = option(TOKEN_URL, help="Address where tokens are given.", neutral=True)

    @classmethod
    def manifest(cls) -> str:
        """The app to make at api.slack.com, as YAML."""
        return MANIFEST

    def open(self) -> None:
        """Reads the options once; Slack is asked for the first time when it must be."""
        if wrong := address_problem("base_url", self.base_url, URL, allow_http=self.allow_http):
            raise ConfigError(f"slack: {wrong}")
        self._workspace = Workspace(self)

    # The token of the app: one that never ends, or a login

    @property
    def logs_in(self) -> bool:
        token = self.asked_credentials.get(BOT_TOKEN) or ""
        return not token or token.startswith(ROTATING)

    def app_access(self) -> Access:
        """The token that was given, or that of a login, which renews itself."""
        if self.logs_in and self.tokens.current() is not None:
            return self.access
        return bearer(self.credential(BOT_TOKEN))

    def oauth_client(self) -> OAuthClient:
        return client_of(self)

    def token_to_revoke(self, tokens: Tokens) -> str:
        return tokens.access

    # Channels

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """The channels that the options mean, and those that were read before and are not listed any more."""
        listed = self._workspace.channels()
        before = {name.rpartition("/")[2]: name for name in stored if not name.startswith(UNKNOWN)}
        for channel in self._workspace.wanted(before):
            yield Stream(before.get(channel.id) or self._name(channel), f"#{channel.name}")
        for channel_id, name in before.items():
            if channel_id not in listed and not self._workspace.has_all_wanted():
                yield Stream(name, channel_id)
        for name in self._workspace.absent():
            yield Stream(f"{UNKNOWN}{name}", f"#{name}")

    def _name(self, channel: Channel) -> str:
        return f"{channel.team or self._workspace.team}/{channel.id}"

    def check(self) -> Iterator[Check]:
        """Whose token it is, what it may do, and which channels are meant."""
        name = "token"
        try:
            self.open()
            me = self._workspace.me()
            yield Check(name, True, f"{me.body.get('user')} in {me.body.get('team')}")
            granted = me.headers.get("x-oauth-scopes", "")
            name = "scopes"
            yield self._check_scopes(granted)
            name = "channels"
            yield self._check_channels()
        except SourceError as error:
            yield Check(name, False, error.message, error.hint)
        finally:
            self.close()

    def _check_scopes(self, granted: str) -> Check:
        have = {scope.strip() for scope in granted.split(",")}
        missing = [scope for scope in (*SCOPES, *(["files:read"] if self.include_files else [])) if scope not in have]
        if granted and missing:
            return Check("scopes", False, f"the app lacks {', '.join(missing)}", MANIFEST_HINT)
        return Check("scopes", True, granted.replace(",", ", ") or "not told")

    def _check_channels(self) -> Check:
        found = self._workspace.wanted()
        if absent := self._workspace.absent():
            error = _unknown(absent[0])
            return Check("channels", False, error.message, error.hint)
        if not found:
            return Check("channels", False, "the app is in no channel", "invite it in a channel: /invite @aragora-sync")
        return Check("channels", True, ", ".join(f"#{channel.name}" for channel in found))

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """Threads that are new or moved since `cursor`, the newest first; without a cursor, all of them."""
        reading = self._reading(stream, known)
        if reading.is_closed:
            return iter(())  # what was read before an archived channel was closed is kept, and is no news
        return reading.changes(cursor)

    def receive(self, request: Request) -> Receipt:
        """The answer to a webhook, with what it says changed."""
        return webhook.receive(self, request)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The threads and files of these ids."""
        return self._reading(stream, known).single(refs)

    def _reading(self, stream: Stream, known: KnownItems) -> ChannelReading:
        if stream.name.startswith(UNKNOWN):
            raise _unknown(stream.name.removeprefix(UNKNOWN))
        channel = self._workspace.channel(stream.name.rpartition("/")[2])
        reading = ChannelReading(self, Place(self._workspace, channel, stream.name), known)
        if not reading.is_closed:
            self._workspace.must_be_readable(channel)
        return reading


def _unknown(name: str) -> AccessError:
    return AccessError(
        f"no channel #{name} can be seen with this token.",
        hint=f"correct the option 'channels'; if #{name} is private: /invite @aragora-sync there",
    )
