"""Connectors that read a World, each stream in its own manner."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from aragora_sync.connector import Connector
from aragora_sync.core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Item, Named, Seen, Skipped
from aragora_sync.core.errors import AccessError, CursorExpired, ReadAgain
from aragora_sync.core.options import option
from aragora_sync.core.source import Check, Known, KnownItems, Stream

from .world import REPORTING, Part, Thing, World

REF = "ref:"


class WorldConnector(Connector):
    """Reads a world; cannot fetch single items."""

    type = "world"
    title = "A world in memory"

    world: Any = option(None, help="The world.", neutral=True, in_yaml=False)
    page: int = option(3, help="How many things a page of the source holds.", neutral=True)
    hide: str = option("", help="No thing whose id begins so.")

    def open(self) -> None:
        self._world.requests.append("open")
        self._world.step()

    def close(self) -> None:
        self._world.requests.append("close")

    def check(self) -> Iterator[Check]:
        yield Check("world", True, "it turns")

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        self._world.step()
        for part in self._world.parts.values():
            if not part.vanished:
                manner = part.manner
                yield Stream(part.name, atomic=manner == "atomic", reports_deletes=manner in REPORTING)

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        part = self._enter(stream, f"read {stream.name} from {cursor}")
        reader = getattr(self, f"_read_{part.manner}")
        self._world.opened += 1
        try:
            for change in reader(part, cursor, known):
                self._world.step()
                self._note(part, change)
                yield change
        finally:
            self._world.opened -= 1

    # Manners. Every page is asked for anew, as over a network: the world may have turned in between.

    def _read_updated(self, part: Part, cursor: Any, known: KnownItems) -> Iterator[Change]:
        """By time of edit, oldest first; deletions are not told. A second page may have missed what moved."""
        since = cursor["since"] if cursor else 0
        self._refuse_old(part, cursor and cursor["since"])
        pages, at = 0, (since, "")
        while page := [t for t in self._by_edit(part) if (t.updated, t.id) > at][: self.page]:
            pages += 1
            at = (page[-1].updated, page[-1].id)  # as the answer said; while it is worked on, a thing may move
            yield from [self._item(thing, known) for thing in page]
            yield Checkpoint({"since": at[0]})
            self._request(part)
        if pages > 1:
            yield from [self._item(thing, known) for thing in self._by_edit(part) if thing.updated >= at[0]]
        yield Checkpoint({"since": at[0]}, complete=True)

    def _read_events(self, part: Part, cursor: Any, known: KnownItems) -> Iterator[Change]:
        """Everything by id, with checkpoints; then the event log, which tells of deletions."""
        cursor = cursor or {"since": self._world.now, "after": ""}
        since = cursor["since"]
        self._refuse_old(part, since)
        if "after" in cursor:
            for change in self._by_id(part, cursor["after"], known):
                yield Checkpoint({"since": since, "after": change}) if isinstance(change, str) else change
        place = 0
        while True:
            events = [e for e in enumerate(part.log) if e[0] >= place and e[1][0] >= since][: self.page]
            self._request(part)
            if not events:
                break
            for number, (moment, item_id) in events:
                yield self._answer(part, item_id, known)
                place, since = number + 1, moment
            yield Checkpoint({"since": since})
        yield Checkpoint({"since": since}, complete=True)

    def _read_sorted(self, part: Part, cursor: Any, known: KnownItems) -> Iterator[Change]:
        """Everything by id, with checkpoints; later what was edited since, in no order and with one checkpoint."""
        cursor = cursor or {"since": self._world.now, "after": ""}
        self._refuse_old(part, cursor["since"])
        if "after" in cursor:
            for change in self._by_id(part, cursor["after"], known):
                yield Checkpoint({"since": cursor["since"], "after": change}) if isinstance(change, str) else change
        now = self._world.now
        yield from [self._item(thing, known) for thing in self._by_edit(part) if thing.updated >= cursor["since"]]
        yield Checkpoint({"since": now}, complete=True)

    def _read_unordered(self, part: Part, cursor: Any, known: KnownItems) -> Iterator[Change]:
        """A tree in no order: each run names everything, `known` makes the unchanged cheap."""
        assert cursor is None
        yield from self._read_below(part, "", known)
        yield Checkpoint(None, complete=True)

    def _read_below(self, part: Part, parent: str, known: KnownItems) -> Iterator[Change]:
        self._request(part)
        children = [thing for thing in part.things.values() if self._parent(part, thing) == parent]
        held = known.get([thing.id for thing in children])
        for thing in children:
            if not self._shown(thing.id):
                continue
            if thing.unlistable:
                yield Failed(thing.id, "cannot be listed")
                yield from self._seen_below(thing.id, known)
            elif thing.id in held and held[thing.id].version == thing.version and not thing.fails:
                yield Seen(thing.id)
                yield from self._read_below(part, thing.id, known)
            else:
                yield self._item(thing, known, held.get(thing.id))
                yield from self._read_below(part, thing.id, known)

    def _seen_below(self, parent: str, known: KnownItems) -> Iterator[Change]:
        for child in known.children(parent):
            yield Seen(child.id)
            yield from self._seen_below(child.id, known)

    def _read_newest(self, part: Part, cursor: Any, known: KnownItems) -> Iterator[Change]:
        """Newest first. The cursor carries the gap: read down to `low`, from `at`; what is above `top` comes later.

        What appeared above `top` is read until that takes one page, or says the same twice (many share one moment).
        The page itself says whether it was the last: until a further one came, what it held could move up unseen.
        """
        cursor = cursor or {"low": 0}
        self._refuse_old(part, cursor["low"] or None)
        low, at, top = cursor["low"], cursor.get("at"), cursor.get("top")
        before: list[Named] | None = None
        while True:
            pages, told, more = 0, list[Named](), True
            position = (self._world.now if at is None else at, "\U0010ffff")
            top = self._world.now if at is None else top
            while more:
                below = [t for t in reversed(self._by_edit(part)) if low <= t.updated and (t.updated, t.id) < position]
                page, more = below[: self.page], len(below) > self.page
                position = (page[-1].updated, page[-1].id) if page else position
                pages += 1
                told += (self._item(thing, known) for thing in page)
                yield from told[len(told) - len(page) :]
                if more:
                    yield Checkpoint({"low": low, "at": position[0], "top": top})
                self._request(part)
            if at is None and (pages == 1 or told == before):
                break
            low, at, before = top, None, told
        yield Checkpoint({"low": top}, complete=True)

    def _read_atomic(self, part: Part, cursor: Any, known: KnownItems) -> Iterator[Change]:
        """All pages up to a cursor are one unit; whoever is overtaken must read the unit again."""
        length = len(part.log)
        if cursor is None:
            for change in self._by_id(part, "", known):
                if not isinstance(change, str):
                    yield change
        else:
            if part.log[cursor:] and part.log[cursor][0] < part.oldest:
                raise CursorExpired("the log was cut off.")
            for _, item_id in part.log[cursor:length]:
                yield self._answer(part, item_id, known)
        if len(part.log) != length:
            raise ReadAgain("the source changed under the read.")
        yield Checkpoint(length, complete=True)

    # Pieces

    def _by_id(self, part: Part, after: str, known: KnownItems) -> Iterator[Named | str]:
        """The things in order of id, and after each page the id that was reached."""
        while page := sorted((t for t in part.things.values() if t.id > after), key=lambda t: t.id)[: self.page]:
            held = known.get([thing.id for thing in page])
            for thing in page:
                if not self._shown(thing.id):
                    continue
                same = thing.id in held and held[thing.id].version == thing.version and not thing.fails
                yield Seen(thing.id) if same else self._item(thing, known, held.get(thing.id))
            after = page[-1].id
            yield after
            self._request(part)

    def _by_edit(self, part: Part) -> list[Thing]:
        things = [thing for thing in part.things.values() if self._shown(thing.id)]
        return sorted(things, key=lambda thing: (thing.updated, thing.id))

    def _answer(self, part: Part, item_id: str, known: KnownItems) -> Named:
        thing = part.things.get(item_id)
        return Deleted(item_id) if thing is None or not self._shown(item_id) else self._item(thing, known)

    def _item(self, thing: Thing, known: KnownItems, held: Known | None = None) -> Named:
        if thing.fails or thing.unlistable:
            return Failed(thing.id, "cannot be read", REF + thing.id if self._world.refs else None)
        if thing.binary:
            return Skipped(thing.id, "binary", thing.version)
        same_text = held is not None and held.kind == "thing" and held.version.startswith(f"{thing.revision}.")
        text = None if same_text else thing.text
        return Item(thing.id, "thing", thing.title, text, parent=thing.parent, version=thing.version)

    def _parent(self, part: Part, thing: Thing) -> str:
        return thing.parent if thing.parent in part.things else ""

    def _shown(self, item_id: str) -> bool:
        return not (self.hide and item_id.startswith(self.hide))

    def _refuse_old(self, part: Part, since: int | None) -> None:
        if since is not None and since < part.oldest:
            raise CursorExpired(f"{since} is too long ago.")

    # The way to the world

    @property
    def _world(self) -> World:
        world: World = self.world
        return world

    def _enter(self, stream: Stream, request: str) -> Part:
        self._world.requests.append(request)
        part = self._world.parts[stream.name]
        self._request(part)
        return part

    def _request(self, part: Part) -> None:
        self._world.step()
        if part.lost:
            raise AccessError(part.lost, hint="share it again")

    def _note(self, part: Part, change: Change) -> None:
        if not isinstance(change, Checkpoint):
            self._world.said += 1
            part.named.append(change.id)


class FetchingWorldConnector(WorldConnector):
    """Reads a world, and single things of it."""

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        part = self._enter(stream, f"fetch {stream.name} {' '.join(refs)}")
        for ref in refs:
            self._request(part)
            answer = self._answer(part, ref.removeprefix(REF), known)
            self._note(part, answer)
            yield answer


class LiveWorldConnector(FetchingWorldConnector):
    """Reads a world, and tells of what happens in it; between two looks at it, `world.idle` happens."""

    def watch(
        self, streams: Sequence[Stream], cursors: Mapping[str, Cursor], known: Mapping[str, KnownItems]
    ) -> Iterator[tuple[Stream, Change] | None]:
        self._world.requests.append("watch " + " ".join(stream.name for stream in streams))
        reached = dict(cursors)
        while self._world.watchable:
            for stream in streams:
                for change in self.read(stream, reached[stream.name], known[stream.name]):
                    if isinstance(change, Checkpoint):
                        reached[stream.name] = change.cursor
                    yield stream, change
            yield None
            self._world.step()
            self._world.idle()
