"""What there is in a Notion workspace, where it lies, who may read it, what is in the trash."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from .notion_model import Block, Comment, Connection, Database, Group, Page, Source, Thing, User

KEPT = timedelta(hours=12)  # how long is known how things were
TRASH_KEEPS = timedelta(days=30)


class Things:
    """What nobody outside is sure of about the real service is an attribute here."""

    edits_stamp = True  # edits change `last_edited_time` (those through the API did not always)
    trash_stamps = True  # trashing and restoring change `last_edited_time` (claimed by users, not documented)
    move_stamps = True  # so does moving (not documented)
    trash_reaches_down = True  # what lies in something trashed says `in_trash` too (not documented)

    def __init__(self, clock: Callable[[], datetime], seed: int = 1) -> None:
        self.clock = clock
        self.random = random.Random(seed)
        self.things: dict[str, Thing] = {}
        self.gone: list[tuple[datetime, Thing]] = []  # for listings that lag
        self.comments: dict[str, Comment] = {}
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.connections: dict[str, Connection] = {}  # by token
        self.hidden_from_search: set[str] = set()
        self._binned: dict[str, datetime] = {}
        self.workspace_id = self.new_id()
        self.workspace_name = "Acme"
        self.owner = self.add_user("Ann Owner", "ann@example.com")

    def __getitem__(self, thing_id: str) -> Any:
        return self.things[thing_id]

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    # People

    def add_user(self, name: str, email: str | None = None, *, bot: bool = False) -> str:
        user = User(self.new_id(), name, email, bot)
        self.users[user.id] = user
        return user.id

    def rename_user(self, user_id: str, name: str) -> None:
        """No page changes, though pages show the name."""
        self.users[user_id].name = name

    def add_group(self, name: str) -> str:
        group = Group(self.new_id(), name)
        self.groups[group.id] = group
        return group.id

    def connect(self, token: str, name: str = "aragora", *, sees_all: bool = False) -> Connection:
        """A connection with this token; pages are still to be shared with it."""
        connection = Connection(name, self.add_user(name, bot=True), sees_all=sees_all)
        self.connections[token] = connection
        return connection

    # Permission

    def share(self, thing_id: str, connection: Connection | None = None) -> None:
        """With the connection, by default with all of them; what lies in it, too."""
        self._decide(thing_id, True, connection)

    def unshare(self, thing_id: str, connection: Connection | None = None) -> None:
        """It and what lies in it can't be read any more, until shared again."""
        self._decide(thing_id, False, connection)

    def unshare_all(self) -> None:
        """Nothing is shared any more with anybody."""
        for each in self.connections.values():
            each.shared.clear()

    def _decide(self, thing_id: str, allowed: bool, connection: Connection | None) -> None:
        for each in [connection] if connection else self.connections.values():
            each.shared[thing_id] = allowed

    # Trash

    def trash(self, thing_id: str) -> None:
        """Into the trash, as deleting a page, a row, a database or a data source does."""
        self._bin(thing_id, True)

    def restore(self, thing_id: str) -> None:
        self._bin(thing_id, False)

    def _bin(self, thing_id: str, trashed: bool) -> None:
        thing = self[thing_id]
        self._before(thing)
        thing.trashed = trashed
        self._binned = {each: moment for each, moment in self._binned.items() if each != thing_id}
        if trashed:
            self._binned[thing_id] = self.clock()
        if self.trash_stamps:
            thing.edited = self.clock()
        if isinstance(thing, Block) and isinstance(thing.parent, Block):
            self.stamp(thing.parent)

    def delete_for_ever(self, thing_id: str) -> None:
        """The trash is emptied of it, and of what lies in it."""
        thing = self[thing_id]
        place = thing.parent
        if isinstance(thing, Source) and isinstance(place, Database):
            place.sources.remove(thing)
        elif isinstance(place, Source):
            place.rows.remove(thing)
        elif isinstance(place, Block):
            place.children.remove(thing)
            if not thing.trashed:
                self.stamp(place)
        self._forget(thing)

    def empty_trash(self) -> None:
        for thing in [each for each in self.things.values() if each.trashed]:
            if thing.id in self.things:
                self.delete_for_ever(thing.id)

    def forget_old_trash(self) -> None:
        """What lay in the trash too long is gone without anybody's doing."""
        for thing_id in [each for each, moment in self._binned.items() if self.clock() - moment >= TRASH_KEEPS]:
            if thing_id in self.things:
                self.delete_for_ever(thing_id)
            self._binned.pop(thing_id, None)

    def _forget(self, thing: Thing) -> None:
        now = self.clock()
        self.gone = [(moment, each) for moment, each in self.gone if now - moment < KEPT]
        for each in [thing, *self.within(thing)]:
            self.things.pop(each.id, None)
            self.gone.append((now, each))
        self.comments = {key: each for key, each in self.comments.items() if each.on.id in self.things}

    # Looking around

    def within(self, thing: Thing) -> Iterator[Thing]:
        """All that lies in it, at any depth."""
        for each in inside(thing):
            yield each
            yield from self.within(each)

    def in_trash(self, thing: Thing) -> bool:
        """What an answer says of it."""
        if thing.trashed or not self.trash_reaches_down:
            return thing.trashed
        return any(each.trashed for each in thing.above())

    def alive(self, thing: Thing) -> bool:
        """Neither it nor anything it lies in is in the trash."""
        return not thing.trashed and not any(each.trashed for each in thing.above())

    def page_of(self, thing: Thing) -> Page | None:
        return next((each for each in (thing, *thing.above()) if isinstance(each, Page)), None)

    def readable(self, connection: Connection, kind: type[Thing] = Page) -> dict[str, Thing]:
        """All pages (or what else) by id that this connection can read and that are not in the trash."""
        return {
            each.id: each
            for each in self.things.values()
            if isinstance(each, kind) and self.alive(each) and connection.reads(each)
        }

    def as_of(self, moment: datetime) -> Iterator[tuple[Thing, Thing]]:
        """Everything as it was then, with what it is now."""
        for now in [*self.things.values(), *(each for until, each in self.gone if until > moment)]:
            was = now.was(moment)
            if was is not None:
                yield was, now

    # Bookkeeping

    def stamp(self, thing: Thing, by: str = "") -> None:
        """An edit: of the thing and of the blocks it lies in, up to its page; never of pages above that."""
        for each in (thing, *thing.above()):
            self._before(each)
            if self.edits_stamp:
                each.edited, each.edited_by = self.clock(), by or self.owner
            if isinstance(each, Page | Database | Source):
                break

    def _before(self, thing: Thing) -> None:
        """Remembers how it was until now; of several edits at one moment the first knows it."""
        now = self.clock()
        if thing.past and thing.past[-1][0] == now:
            return
        thing.past = [(until, state) for until, state in thing.past if now - until < KEPT]
        thing.past.append((now, thing.frozen()))

    def _times(self, by: str) -> tuple[datetime, datetime, str, str]:
        return self.clock(), self.clock(), by or self.owner, by or self.owner


def inside(thing: Thing) -> list[Thing]:
    if isinstance(thing, Database):
        return list(thing.sources)
    if isinstance(thing, Source):
        return list(thing.rows)
    return list(thing.children) if isinstance(thing, Block) else []
