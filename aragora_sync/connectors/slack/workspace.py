"""One workspace, asked with the app's token, and with a person's where the app may not."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.clock import utc_now
from ...core.errors import AccessError, AragoraSyncError, SourceError
from ...net.access import Access, bearer
from ...net.answer import Answer
from .channels import Channel, Wanted
from .errors import (
    BOT_TOKEN,
    INVITE,
    RESTORE,
    USER_TOKEN,
    MissingScope,
    NotInChannel,
    dispensable,
    explain,
    explain_file,
)
from .moments import before, ts_of

if TYPE_CHECKING:
    from ...net.http import Http
    from . import SlackConnector

logger = logging.getLogger(__name__)

HISTORY, REPLIES = "conversations.history", "conversations.replies"
LIST_SIZE = 200
MOST_FILE_BYTES = 20_000_000
PAGE_SIZES = {HISTORY: 200, REPLIES: 1000}
LOW_SIZE = 15  # what apps get that are distributed outside of Slack's marketplace, and once a minute
PUBLIC, PRIVATE = "public_channel", "private_channel"


class Workspace:
    """What is asked of Slack. Safe among threads."""

    def __init__(self, connector: SlackConnector) -> None:
        self.once = connector.once
        self._file_host = partial(connector.http, place="Slack", explain=explain_file, most_bytes=MOST_FILE_BYTES)
        self.bot = _http(connector, BOT_TOKEN, connector.app_access())
        token = connector.asked_credentials.get(USER_TOKEN)
        self.user = _http(connector, USER_TOKEN, bearer(token)) if token else None
        self._wanted = Wanted(connector.channels, connector.channel_patterns)
        self._left_to_user: set[str] = set()  # channels that the app turned out not to read
        self.is_low = False  # the limits that an answer showed

    # The workspace

    def me(self) -> Answer:
        """Who the app is, and where."""
        return self.once("auth.test", lambda: self.bot.get("auth.test", bucket="auth.test"))

    @property
    def team(self) -> str:
        return str(self.me().body["team_id"])

    @property
    def address(self) -> str:
        """Of the workspace on the web; ends with a slash."""
        return str(self.me().body.get("url") or "https://slack.com/").rstrip("/") + "/"

    @property
    def now(self) -> str:
        """Slack's clock when this run began, as a timestamp."""
        self.channels()
        return self._listed_at()

    # Channels

    def wanted(self, read_before: Collection[str] = ()) -> list[Channel]:
        """The channels that the options mean; `read_before` are ids."""
        return self._wanted.among(self.channels().values(), read_before)

    def absent(self) -> list[str]:
        """Names in the options that no channel has."""
        return self._wanted.absent(self.channels().values())

    def has_all_wanted(self) -> bool:
        """Whether a channel that is not listed can't be meant: the options name some, and each was found."""
        return not self._wanted.patterns and bool(self._wanted.names) and not self.absent()

    def channels(self) -> dict[str, Channel]:
        """The channels that were listed in this run, by id."""
        return self.once("channels", self._list_channels)

    def _list_channels(self) -> dict[str, Channel]:
        """Asks only as far as the options need; what the app itself is in comes first."""
        found: dict[str, Channel] = {}
        if not self._wanted.patterns:
            self._add(found, self.bot, "users.conversations", is_member=True)
        if self._wanted.patterns or self._wanted.absent(found.values()):
            self._add(found, self.bot, "conversations.list")
            if self.user is not None:
                self._add(found, self.user, "users.conversations", is_member=False)
        return found

    def _add(self, found: dict[str, Channel], http: Http, method: str, is_member: bool | None = None) -> None:
        for answer in self._list(http, method):
            for raw in answer.body["channels"]:
                member = bool(raw.get("is_member")) if is_member is None else is_member
                found.setdefault(raw["id"], Channel.read(raw, is_member=member))

    def _list(self, http: Http, method: str) -> Iterator[Answer]:
        asked = {"types": f"{PUBLIC},{PRIVATE}", "exclude_archived": False, "limit": LIST_SIZE}
        pages = partial(http.pages, method, after=after, bucket=method)
        try:
            yield from self._dated(pages(asked))
        except MissingScope:  # the app may have been made for public channels alone
            yield from self._dated(pages({**asked, "types": PUBLIC}))

    def _dated(self, answers: Iterator[Answer]) -> Iterator[Answer]:
        for answer in answers:
            self._listed_at(answer)
            yield answer

    def _listed_at(self, answer: Answer | None = None) -> str:
        moment = None if answer is None else answer.at
        return self.once("listed at", lambda: ts_of(moment or utc_now()))

    def channel(self, channel_id: str) -> Channel:
        """A channel, also where it is not listed any more; AccessError where Slack does not tell of it."""
        return self.channels().get(channel_id) or self.once(f"channel {channel_id}", lambda: self._ask(channel_id))

    def _ask(self, channel_id: str) -> Channel:
        try:
            answer = self.bot.get("conversations.info", {"channel": channel_id}, bucket="conversations.info")
        except AccessError as error:
            raise AccessError(f"{channel_id} is not listed any more: {error.message}", hint=error.hint) from error
        return Channel.read(answer.body["channel"], is_member=False)

    def is_closed(self, channel: Channel) -> bool:
        """Whether nobody here can read it until it is restored: an app can't even be invited where it is archived."""
        return channel.is_archived and not channel.is_member and self.user is None

    def must_be_readable(self, channel: Channel) -> None:
        """Raises AccessError where a person must do something before the channel can be read."""
        if self.is_closed(channel):
            raise _named(channel, AccessError("it is archived, and the app is not in it.", hint=RESTORE))
        if channel.id not in self.channels() and not channel.is_archived:
            gone = NotInChannel("the app is not in it any more; what was read before is kept.", hint=INVITE)
            raise _named(channel, gone)

    def files_at(self, origin: str, reader: Http) -> Http:
        """A host that keeps files, asked with the token of this reader."""
        return self.once(f"files of {id(reader)} at {origin}", lambda: self._file_host(origin, reader.access))

    # Messages

    def messages(self, channel: Channel, method: str, **asked: Any) -> Iterator[Answer]:
        """The pages of a channel's history, or of a thread, by the first token that may read them."""
        pages = partial(self._pages, method, {"channel": channel.id, **asked})
        refused: AccessError | None = None
        for http in self._readers(channel):
            try:
                yield from pages(http)
            except AccessError as error:
                refused = refused or error
                continue
            if refused is not None:
                self._left_to_user.add(channel.id)
            return
        if isinstance(refused, NotInChannel) and self._joined(channel):
            return (yield from pages(self.bot))
        assert refused is not None
        raise _named(channel, refused) from refused

    def reader(self, channel: Channel) -> Http:
        """Whoever reads this channel."""
        return next(self._readers(channel))

    def _readers(self, channel: Channel) -> Iterator[Http]:
        if self.user is None or (channel.is_member and channel.id not in self._left_to_user):
            yield self.bot
        if self.user is not None:
            yield self.user

    def _joined(self, channel: Channel) -> bool:
        """Whether the app could join; it does so only where the options name the channel."""
        if channel.is_private or self._wanted.everything:
            return False
        with dispensable():
            self.bot.ask("POST", "conversations.join", form={"channel": channel.id}, bucket="conversations.join")
            return True
        return False

    def _pages(self, method: str, asked: Mapping[str, Any], http: Http) -> Iterator[Answer]:
        size = self._page_size(method)

        def step(answer: Answer) -> Mapping[str, Any] | None:
            self._look_at_pace(method, answer, size)
            found = _after_messages(method, answer)
            return None if found is None else {**found, "limit": self._page_size(method)}

        return http.pages(method, {**asked, "limit": size}, after=step, bucket=method)

    def _page_size(self, method: str) -> int:
        return LOW_SIZE if self.is_low else PAGE_SIZES[method]

    def _look_at_pace(self, method: str, answer: Answer, size: int) -> None:
        """Slack never says which limits it holds an app to; its pages do."""
        messages = len(answer.body["messages"])
        most = LOW_SIZE + (method == REPLIES)  # a thread's first message may come on top
        if size > LOW_SIZE and LOW_SIZE <= messages <= most and answer.body.get("has_more"):
            self.once("low", self._slow_down)

    def _slow_down(self) -> bool:
        self.is_low = True
        for http in filter(None, (self.bot, self.user)):
            for method in PAGE_SIZES:
                http.pace(method).at_most(1, 60)
        logger.warning(
            "Slack gives this app %d messages a minute, as those that are distributed outside of its marketplace; an "
            "app of your own is spared that: aragora-sync connectors slack --manifest",
            LOW_SIZE,
        )
        return True


def after(answer: Answer) -> Mapping[str, Any] | None:
    """How the next page of a list is got. Pages may be short or empty; only the cursor tells of an end."""
    cursor = (answer.body.get("response_metadata") or {}).get("next_cursor")
    return {"cursor": cursor} if cursor else None


def _after_messages(method: str, answer: Answer) -> Mapping[str, Any] | None:
    """As `after`; very old workspaces say that there is more without saying where."""
    if (step := after(answer)) is not None or not answer.body.get("has_more"):
        return step
    times = [raw["ts"] for raw in answer.body["messages"]]
    if not times:
        raise SourceError(f"Slack says that {method} has more, but not where.", hint="run again later")
    if method == HISTORY:
        return {"cursor": None, "latest": before(min(times), 0.000001)}
    return {"cursor": None, "oldest": before(max(times), -0.000001)}


def _named(channel: Channel, error: AragoraSyncError) -> AccessError:
    return AccessError(f"#{channel.name} cannot be read: {error.message}", hint=error.hint)


def _http(connector: SlackConnector, variable: str, access: Access) -> Http:
    return connector.http(connector.base_url, access, place="Slack", explain=partial(explain, variable=variable))
