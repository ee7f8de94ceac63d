"""One channel, read from its newest message down, beside what is known of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from operator import itemgetter
from threading import Event
from typing import TYPE_CHECKING, Any, TypeAlias

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Named, Seen
from ...core.errors import AccessError, CursorExpired, NotFound, ReadAgain, SourceError, TransientError
from ...core.source import Known, KnownItems
from ...net.prefetch import Ask, prefetch
from .files import Files
from .items import Place, item_of
from .message import Gone, Message, Thread, Unread, thread_of
from .moments import before, micros_of
from .names import Names
from .window import DAY_SECONDS, LATE_SECONDS, TOP, Window
from .workspace import HISTORY, REPLIES

if TYPE_CHECKING:
    from . import SlackConnector

Answered: TypeAlias = "Thread | Gone | Unread | None"
Told: TypeAlias = "Seen | Window | Answered"
Step: TypeAlias = "Told | Ask[Told]"

WIDTH = 4  # threads that are asked for at once
WAITING_BYTES = 8_000_000  # of threads that were read ahead
REPLY_BYTES = 1000  # about
MOST_MISSING = 200  # known threads that one run asks for because the history lacks them; a reconcile finds the others
MOST_UNREAD = 10  # threads that may fail in one run before it is Slack that fails

UNSHOWN = "Slack shows no message of this thread"

_TS = re.compile(r"\d+\.\d+")


class ChannelReading:
    """What is to be said of one channel."""

    def __init__(self, connector: SlackConnector, place: Place, known: KnownItems) -> None:
        self._workspace = place.workspace
        self._place = place
        self._known = known
        self._names = Names(place.workspace)
        self._days_back = connector.days_back
        self._with_threads = connector.include_threads
        self._files = Files(place, known) if connector.include_files else None

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can be read of what the store holds."""
        return self._workspace.is_closed(self._place.channel) and next(self._known.items(), None) is not None

    def changes(self, cursor: Cursor) -> Iterator[Change]:
        """What is new, and what changed in the days before; without a cursor, everything."""
        if cursor is None:
            window = self._everything()
        else:
            window = Window.read(cursor)
            if window.private != self._place.channel.is_private:
                raise CursorExpired("other people than before may read the channel, and all of it must say so.")
            if window.is_open:
                window = yield from self._walk(window)
                yield Checkpoint(window.cursor())
            window = window.next(self._workspace.now)
        window = yield from self._walk(window)
        yield Checkpoint(window.cursor(), complete=True)

    def single(self, refs: Sequence[str]) -> Iterator[Named]:
        """The threads and files of these ids, as they are now; with a thread come its files."""
        is_closed = self.is_closed
        for ref in refs:
            rest = ref.removeprefix(f"{self._place.prefix}/")
            if is_closed:
                yield Failed(ref, "the channel is archived, and the app is not in it")
            elif rest.startswith("files/") and self._files is not None:
                yield self._files.single(ref)
            elif _TS.fullmatch(rest):
                yield from self._said(self._ask(rest, None, True) or Unread(rest, UNSHOWN), look_for_missing=True)
            else:
                yield Deleted(ref)

    def _everything(self) -> Window:
        """As far back as the options want for the first time, and to the oldest thread that the store holds."""
        now = self._workspace.now
        since = before(now, self._days_back * DAY_SECONDS)
        oldest = next(self._stored("", TOP), None)
        since = since if oldest is None else min(since, self._ts(oldest))
        return Window.everything(since, now, private=self._place.channel.is_private)

    # Down a window

    def _walk(self, window: Window) -> Generator[Change, None, Window]:
        """All changes of a window; what it is once it was read."""
        unread = 0
        told: Generator[Told, None, None] = prefetch(self._steps(window), width=WIDTH, weight=WAITING_BYTES)
        with closing(told):
            for step in told:
                if isinstance(step, Seen):
                    yield step
                elif isinstance(step, Window):
                    window = step
                    if step.is_open:
                        yield Checkpoint(step.cursor())
                else:
                    unread += isinstance(step, Unread)
                    if unread > MOST_UNREAD:
                        raise TransientError(f"#{self._place.channel.name}: {unread} threads cannot be read.")
                    yield from self._said(step, look_for_missing=not window.whole)
        return window

    def _said(self, step: Answered, *, look_for_missing: bool) -> Iterator[Named]:
        if step is None:
            return
        item_id = self._place.thread_id(step.ts)
        if isinstance(step, Unread):
            yield Failed(item_id, step.error)
            yield from (Seen(each.id) for each in self._known.children(item_id))
        elif isinstance(step, Gone):
            yield Deleted(item_id)
            if self._files is not None:
                yield from self._files.left_by(item_id)
        else:
            yield item_of(step, self._place, self._names)
            if self._files is not None:
                yield from self._files.of_thread(item_id, step.files, look_for_missing=look_for_missing)

    def _steps(self, window: Window) -> Iterator[Step]:
        """Page by page, and after each one how far it came; what the store holds of the same time lies beside it."""
        upper, hidden = window.below, False
        asked = {"oldest": window.floor, "latest": self._latest(window), "inclusive": True}
        missing = iter(range(MOST_MISSING))
        for answer in self._workspace.messages(self._place.channel, HISTORY, **asked):
            hidden = hidden or bool(answer.body.get("is_limited"))
            page = _oldest_first(answer.body, upper)
            if page:
                low = page[0].ts
                yield from self._page(page, self._stored(low, upper), window, missing)
                upper, window = low, window.down_to(low, page[-1].ts)
                yield window
        rest = self._stored(window.floor, upper)
        if hidden:  # by the limits of the workspace's plan, which is no deletion
            for known in rest:
                yield Seen(known.id)
                yield from (Seen(each.id) for each in self._known.children(known.id))
        else:
            yield from self._page([], rest, window, missing)
        yield window.closed()

    def _latest(self, window: Window) -> str:
        """Where to begin. With `oldest` alone the order is not promised; what is written right now must be in."""
        if window.below != TOP:
            return window.below
        return before(max(self._workspace.now, window.newest), -DAY_SECONDS)

    def _page(
        self, page: Sequence[Message], stored: Iterator[Known], window: Window, missing: Iterator[int]
    ) -> Iterator[Step]:
        for message, known in _beside(page, stored, self._ts):
            if message is not None:
                yield self._step(message, known, window)
            elif known is not None and not window.whole and next(missing, None) is not None:
                yield self._asked(self._ts(known), None, True)

    def _step(self, message: Message, known: Known | None, window: Window) -> Step:
        if self._with_threads and message.is_reply:
            return self._broadcast(message, window)
        replies = message.replies if self._with_threads else 0
        if not message.is_text and not replies:
            return None if known is None else Gone(message.ts)
        version = self._version(message)
        again = window.whole and (replies or (self._files is not None and message.files))
        if known is not None and known.version == version and not again:
            return Seen(known.id)
        if replies:
            return self._asked(message.ts, message, known is not None, replies * REPLY_BYTES)
        return Thread(message.ts, [message], version)

    def _broadcast(self, message: Message, window: Window) -> Step:
        """A reply that was also sent to the channel. It alone tells that it was edited; and all that happened to its
        thread, where that began before this window.
        """
        if message.thread_ts >= window.floor and (window.whole or not message.edited):
            return None
        known = self._known.get([self._place.thread_id(message.thread_ts)])
        for each in known.values():
            if not each.version or (each.updated_micros or 0) < micros_of(message.touched):
                return self._asked(message.thread_ts, None, True)
        return None

    def _version(self, message: Message) -> str:
        """Also tells whether the channel was private, which decides who may read the item."""
        return message.version(self._with_threads) + self._place.mark

    def _asked(self, ts: str, root: Message | None, known: bool, weight: int = REPLY_BYTES) -> Step:
        """The thread, asked for ahead of its turn; where one request a minute is allowed, in its turn."""
        if self._workspace.is_low:
            return self._ask(ts, root, known)
        return Ask(partial(self._ask, ts, root, known), weight)

    def _ask(self, ts: str, root: Message | None, known: bool, _halt: Event | None = None) -> Answered:
        """The whole thread: all messages are needed to say what it looks like. `root`: as the history showed it."""
        try:
            pages = self._workspace.messages(self._place.channel, REPLIES, ts=ts)
            raws = [raw for answer in pages for raw in answer.body["messages"]]
        except NotFound:
            return Gone(ts) if known else None
        except (AccessError, CursorExpired, ReadAgain):
            raise
        except TransientError as error:
            if error.retry_after is not None or not error.status:
                raise  # no answer at all, or a limit: this is not about this thread
            return Unread(ts, error.message)
        except SourceError as error:
            return Unread(ts, error.message)
        if not self._with_threads:
            raws = [raw for raw in raws if raw["ts"] == ts]
        root = root or next((Message.read(raw) for raw in raws if raw["ts"] == ts), None)
        version = self._version(root) if root and self._is_all(root, raws) else ""
        thread = thread_of(ts, raws, version)
        return thread or (Gone(ts) if known and raws else None)

    def _is_all(self, root: Message, raws: Sequence[Mapping[str, Any]]) -> bool:
        """Whether no reply is counted that will only show up: as long as one may, the thread is read again."""
        if not self._with_threads or root.latest_reply < before(self._workspace.now, LATE_SECONDS):
            return True
        return len({raw["ts"] for raw in raws}) > root.replies

    # What the store holds

    def _stored(self, low: str, upper: str) -> Iterator[Known]:
        """The threads of this time, the oldest first; `upper` is not among them."""
        start = len(self._place.prefix) + 1
        for known in self._known.items(after=self._place.thread_id(low[:-1])):
            ts = known.id[start:]
            if ts >= upper:
                return
            if ts >= low:
                yield known

    def _ts(self, known: Known) -> str:
        return known.id[len(self._place.prefix) + 1 :]


def _oldest_first(body: Mapping[str, Any], upper: str) -> list[Message]:
    """The messages of a page, but for what was told before."""
    told = [raw["ts"] for raw in body["messages"]]
    if body.get("has_more") and told != sorted(told, reverse=True):
        raise SourceError("Slack tells its history in another order than it says; nothing was read.")
    return [Message.read(raw) for raw in sorted(body["messages"], key=itemgetter("ts")) if raw["ts"] < upper]


def _beside(
    page: Iterable[Message], stored: Iterator[Known], ts_of: Callable[[Known], str]
) -> Iterator[tuple[Message | None, Known | None]]:
    """Both in order of time, side by side."""
    known = next(stored, None)
    for message in page:
        while known is not None and ts_of(known) < message.ts:
            yield None, known
            known = next(stored, None)
        if known is not None and ts_of(known) == message.ts:
            yield message, known
            known = next(stored, None)
        else:
            yield message, None
    while known is not None:
        yield None, known
        known = next(stored, None)
