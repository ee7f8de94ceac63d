"""A source in memory that tests edit, break and mend."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

MANNERS = ("updated", "events", "sorted", "unordered", "newest", "atomic")
REPORTING = ("events", "atomic")  # these tell of every deletion
EXACT = (*REPORTING, "unordered")  # after these even an ordinary run equals the source
PATIENCE_STEPS = 20_000  # far more than any run of these small worlds takes


class Endless(BaseException):
    """A run that goes round and round fails at once, instead of hanging for hours."""


@dataclass
class Thing:
    """One item as the source holds it now."""

    id: str
    text: str
    title: str = "title"
    parent: str = ""
    updated: int = 0  # a moment of the source, coarse: several edits share one
    revision: int = 0  # of the text
    renamed: int = 0  # of the title
    binary: bool = False
    fails: bool = False
    unlistable: bool = False  # what hangs under it cannot be seen

    @property
    def version(self) -> str:
        return f"{self.revision}.{self.renamed}"


@dataclass
class Part:
    """One stream of the source. `log` holds (moment, id) of every change, the forgotten ones before `oldest`."""

    name: str
    manner: str
    things: dict[str, Thing] = field(default_factory=dict)
    log: list[tuple[int, str]] = field(default_factory=list)
    oldest: int = 0
    lost: str = ""
    vanished: bool = False
    named: list[str] = field(default_factory=list)  # every id that was ever said, in order


class World:
    """Streams with things in them. `now` is the source's own clock; `still` makes edits share a moment.

    `at(n, action)` does something at the n-th step from now: every change and every request is a step.
    """

    def __init__(self, **manners: str) -> None:
        self.parts = {name: Part(name, manner) for name, manner in manners.items()}
        self.now = 1
        self.still = False
        self.refs = False  # failures have references of their own
        self.steps = 0
        self.said = 0  # changes, without checkpoints
        self.opened = 0  # readings that were not closed
        self.requests: list[str] = []
        self.watchable = True
        self.idle: Callable[[], None] = lambda: None  # what happens while somebody watches and nothing comes
        self._last_step = PATIENCE_STEPS
        self._at: dict[int, Callable[[], None]] = {}
        self._editing = threading.RLock()
        self._revisions = 0

    # What a person does at the source

    def add(self, item_id: str, text: str = "text", *, stream: str = "", parent: str = "") -> str:
        part = self._part(stream)
        self._stamp(part, item_id)
        part.things[item_id] = Thing(item_id, text, parent=parent, updated=self.now, revision=self._revisions)
        return item_id

    def edit(self, item_id: str, text: str, *, stream: str = "") -> None:
        part = self._part_of(item_id, stream)
        thing = part.things[item_id]
        self._stamp(part, item_id)
        thing.text, thing.updated, thing.revision, thing.binary = text, self.now, self._revisions, False

    def rename(self, item_id: str, title: str, *, stream: str = "") -> None:
        part = self._part_of(item_id, stream)
        thing = part.things[item_id]
        self._stamp(part, item_id)
        thing.title, thing.updated, thing.renamed = title, self.now, self._revisions

    def make_binary(self, item_id: str, *, stream: str = "") -> None:
        self.edit(item_id, "", stream=stream)
        self._part_of(item_id, stream).things[item_id].binary = True

    def remove(self, item_id: str, *, stream: str = "") -> None:
        part = self._part_of(item_id, stream)
        self._stamp(part, item_id)
        del part.things[item_id]

    def move(self, item_id: str, source: str, target: str) -> None:
        text = self.parts[source].things[item_id].text
        self.remove(item_id, stream=source)
        self.add(item_id, text, stream=target)

    def mend(self) -> None:
        """Nothing fails any more; nobody told the time of it."""
        self._at.clear()
        for part in self.parts.values():
            part.lost = ""
            for thing in part.things.values():
                thing.fails = thing.unlistable = False

    def forget_log(self, stream: str = "") -> None:
        """Cursors from before are refused."""
        part = self._part(stream)
        self.now += 1
        part.oldest = self.now

    # When something happens

    def begin_run(self) -> None:
        self.requests.clear()
        self._last_step = self.steps + PATIENCE_STEPS

    def at(self, step: int, action: Callable[[], None]) -> None:
        self._at[self.steps + step] = action

    def raises_at(self, step: int, error: BaseException, times: int = 1) -> None:
        """The error comes at this step, and at as many further ones."""

        def fail() -> None:
            raise error

        for each in range(step, step + times):
            self.at(each, fail)

    def step(self) -> None:
        with self._editing:
            self.steps += 1
            if self.steps > self._last_step:
                raise Endless(f"{PATIENCE_STEPS} steps in one run")
            action = self._at.pop(self.steps, None)
        if action is not None:
            action()

    @property
    def pending(self) -> bool:
        """Whether something was planned that did not happen yet."""
        return bool(self._at)

    def calm(self) -> None:
        self._at.clear()

    # What is true

    def truth(self, stream: str = "", hide: str = "") -> dict[str, tuple[str, str | None]]:
        """Title and text by id; no text where there is nothing to read."""
        things = self._part(stream).things.values()
        return {
            thing.id: ("", None) if thing.binary else (thing.title, thing.text)
            for thing in things
            if not (hide and thing.id.startswith(hide))
        }

    def _stamp(self, part: Part, item_id: str) -> None:
        if not self.still:
            self.now += 1
        self._revisions += 1
        part.log.append((self.now, item_id))

    def _part(self, stream: str) -> Part:
        return self.parts[stream] if stream else next(iter(self.parts.values()))

    def _part_of(self, item_id: str, stream: str) -> Part:
        if stream:
            return self.parts[stream]
        return next(part for part in self.parts.values() if item_id in part.things)
