"""Push channels are made, renewed long before they end, replaced without a gap, and ended when nobody wants them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias, cast

from ..core.clock import Clock, utc_now
from ..core.errors import AragoraSyncError, Locked
from ..core.files import exclusive_lock
from ..core.stop import StopSign
from ..core.subscription import Subscribes, Subscription, Unsubscribes
from .channel_notes import ChannelNote, ChannelNotes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..connector import Connector

logger = logging.getLogger(__name__)

Pair: TypeAlias = tuple[str, str]
Tell: TypeAlias = Callable[[str, str], None]

CONFIRM_EVERY = timedelta(hours=24)  # somebody may have ended it at the vendor
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=6)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(hours=1)
AHEAD = timedelta(minutes=1)  # what was tried later than that from now was tried by a wrong clock
ANOTHER_PROCESS = timedelta(minutes=1)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Offer:
    """A connector that can make a push channel. `wanted`: whether it is to have one; else the one it has is ended."""

    tenant: str
    connector: str
    make: Callable[[], Connector]
    wanted: bool = True

    @property
    def pair(self) -> Pair:
        return self.tenant, self.connector

    def __str__(self) -> str:
        return f"{self.connector} of tenant {self.tenant}"


class Channels:
    """The channels of all connectors that are offered. `base` is the public address of this service.

    `look(tenant, connector)` asks for an incremental run, durably: after a channel was made, nobody knows what changed
    before. `expect(tenant, connector)` says that the vendor may post a handshake now. `hide` takes secrets out of what
    is told and kept. Safe among processes.
    """

    def __init__(
        self,
        notes: ChannelNotes,
        base: str,
        look: Tell,
        expect: Tell,
        stop: StopSign,
        clock: Clock = utc_now,
        hide: Callable[[str], str] = str,
    ) -> None:
        self._notes = notes
        self._base = base.rstrip("/")
        self._look = look
        self._expect = expect
        self._stop = stop
        self._hide = hide
        self._clock = clock
        self._offers: dict[Pair, Offer] = {}
        self._due: dict[Pair, datetime] = {}
        self._looked_at = clock()
        self._orphans_told: set[Pair] = set()

    def offer(self, offers: Iterable[Offer], *, tenant: str | None = None, known: Collection[Pair] = ()) -> None:
        """From now on these. One that was here and is not among them is wanted no more.

        `tenant`: all are of it. `known`: are configured, and another process may attend to them.
        """
        now, fresh = self._clock(), {each.pair: each for each in offers}
        for pair, gone in self._offers.items():
            fresh.setdefault(pair, replace(gone, wanted=False))
        self._offers = fresh
        self._due = {pair: self._when(each, now) for pair, each in fresh.items()}
        elsewhere = {*fresh, *known}
        for note in self._notes.all():
            if (note.tenant, note.connector) not in elsewhere and tenant in (None, note.tenant):
                self._tell_orphan(note, now)

    def due(self) -> list[Offer]:
        """Those for which something is to be done now."""
        now = self._clock()
        if now < self._looked_at - AHEAD:  # it was put back, and what is due was reckoned by what it showed before
            self._due = {pair: self._when(each, now) for pair, each in self._offers.items()}
        self._looked_at = now
        return [each for pair, each in self._offers.items() if self._due[pair] <= now]

    def next_at(self) -> datetime:
        """When the next of them is due."""
        return min(self._due.values(), default=NEVER)

    def attend(self, offer: Offer) -> None:
        """Does what is due for one. What fails is tried again later and told once."""
        try:
            with self._locked(offer):
                if self._when(offer, self._clock()) <= self._clock():
                    self._tried(offer)
        except Locked:
            self._due[offer.pair] = self._clock() + ANOTHER_PROCESS
            return
        except AragoraSyncError as error:  # not even its note can be written
            logger.error("the push channel of %s: %s try: %s", offer, error.message, error.hint)
            self._due[offer.pair] = self._clock() + LONGEST_WAIT
            return
        newest = self._offers.get(offer.pair, offer)  # the configuration may have changed meanwhile
        self._due[offer.pair] = self._when(newest, self._clock())

    def failed(self, offer: Offer, error: BaseException) -> None:
        """A connector ended in a way that nobody foresaw."""
        logger.error("the push channel of %s failed unexpectedly", offer, exc_info=error)
        self._due[offer.pair] = self._clock() + LONGEST_WAIT

    def _when(self, offer: Offer, now: datetime) -> datetime:
        try:
            note = self._notes.load(*offer.pair)
        except AragoraSyncError:
            return now  # attending says why
        if not offer.wanted:
            return NEVER if note.is_empty() else max(now, retry_at(note, now)) if note.failures else now
        return due_at(note, self._url(offer), now)

    def _tried(self, offer: Offer) -> None:
        note = self._notes.load(*offer.pair)
        with closing(offer.make()) as connector:
            connector.heed(self._stop)
            try:
                if offer.wanted:
                    note = self._subscribed(offer, note, cast("Subscribes", connector))
                else:
                    note = self._ended(note, connector)
            except AragoraSyncError as error:
                self._note_failure(offer, error)
                return
        if note.problem:
            logger.warning("the push channel of %s is well again", offer)
        self._notes.save(replace(note, failures=0, problem="", hint=""))

    def _subscribed(self, offer: Offer, note: ChannelNote, connector: Subscribes) -> ChannelNote:
        """Each step is on the disk before the next; after a kill between two of them, the earlier ones are repeated."""
        url, now, before = self._url(offer), self._clock(), note.current
        if note.asked != url:
            note = replace(note, asked=url, failures=0, ending=(*note.ending, *_unknown(note)))
            self._notes.save(note)
        self._expect(*offer.pair)
        made = connector.subscribe(url, before)
        if made.waits_for:
            self._expect(*offer.pair)  # what was kept meanwhile may have turned out to be somebody else's
        is_other = before is None or (before.url, before.channel) != (made.url, made.channel)
        begins = before is None or bool(before.waits_for) or is_other or note.has_lapsed(now)
        if begins and not made.waits_for:
            self._look(*offer.pair)
        replaced = (before,) if before is not None and before.channel != made.channel else ()
        began_at = now if is_other else note.made_at
        note = replace(note, current=made, made_at=began_at, tried_at=now, ending=(*note.ending, *replaced))
        self._notes.save(note)
        return self._ended(note, connector, keep=made)

    def _ended(self, note: ChannelNote, connector: object, keep: Subscription | None = None) -> ChannelNote:
        """The vendor has nothing but `keep`. What has no power to end a channel lets it expire."""
        if isinstance(connector, Unsubscribes):
            others = (*_unknown(note), *filter(None, (note.current,))) if keep is None else ()
            for each in (*note.ending, *others):
                if keep is None or (each.channel != keep.channel and (each.channel or each.url != keep.url)):
                    connector.unsubscribe(each)
        left = replace(note, current=keep, ending=(), asked=note.asked if keep else "")
        self._notes.save(left)
        return left

    def _note_failure(self, offer: Offer, error: AragoraSyncError) -> None:
        note, problem, hint = self._notes.load(*offer.pair), self._hide(error.message), self._hide(error.hint)
        if note.problem != problem:
            why = f"{problem} try: {hint}" if hint else problem
            logger.warning("the push channel of %s cannot be kept, and is tried again: %s", offer, why)
        failed = replace(note, failures=note.failures + 1, tried_at=self._clock())
        self._notes.save(replace(failed, problem=problem, hint=hint))

    def _tell_orphan(self, note: ChannelNote, now: datetime) -> None:
        """Nobody can be asked to end it: what it was made with is not configured any more."""
        pair = note.tenant, note.connector
        if note.has_lapsed(now):
            self._notes.path(*pair).unlink(missing_ok=True)
        elif pair not in self._orphans_told:
            self._orphans_told.add(pair)
            logger.warning(
                "%s of tenant %s is not configured any more, and the push channel to %s may still be there; end it at "
                "the vendor, and remove %s",
                note.connector,
                note.tenant,
                note.asked or (note.current.url if note.current else "this machine"),
                self._notes.path(*pair),
            )

    def _url(self, offer: Offer) -> str:
        return f"{self._base}/webhooks/{offer.tenant}/{offer.connector}"

    @contextmanager
    def _locked(self, offer: Offer) -> Iterator[None]:
        with exclusive_lock(self._notes.lock_path(*offer.pair), f"the push channel of {offer}"):
            yield


def _unknown(note: ChannelNote) -> tuple[Subscription, ...]:
    """What the vendor may have: it was asked for, and a kill came before the answer was kept."""
    known = note.current is not None and note.current.url == note.asked
    return () if known or not note.asked else (Subscription(note.asked),)


def due_at(note: ChannelNote, url: str, now: datetime) -> datetime:
    """When the channel to `url` must be asked for again."""
    if note.asked != url or note.tried_at is None or note.tried_at > now + AHEAD:
        return now
    if note.failures:
        return retry_at(note, now)
    current = note.current
    if current is None:
        return now
    share = share_of(note)
    if current.waits_for:
        return note.tried_at + min(LONGEST_WAIT, max(FIRST_WAIT, note.tried_at - (note.made_at or note.tried_at)))
    confirmed = note.tried_at + CONFIRM_EVERY * (0.9 + 0.2 * share)
    if current.expires_at is None:
        return confirmed
    renewed = note.tried_at + (current.expires_at - note.tried_at) * (0.5 + 0.25 * share)
    return max(note.tried_at + FIRST_DELAY, min(confirmed, renewed))  # by a clock that is ahead it ended when it began


def retry_at(note: ChannelNote, now: datetime) -> datetime:
    """When what failed is tried again: twice as long after each time, but often enough before it ends."""
    tried_at = note.tried_at or now
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(note.failures - 1, 20))
    if note.current is not None and note.current.expires_at is not None and note.current.expires_at > tried_at:
        delay = min(delay, max(FIRST_DELAY, (note.current.expires_at - tried_at) / 4))
    return tried_at + delay * (0.75 + 0.5 * share_of(note))


def share_of(note: ChannelNote) -> float:
    """Between 0 and 1, for each connector another and always the same, so that not all come at once."""
    digest = hashlib.sha256(f"{note.tenant}/{note.connector}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48
