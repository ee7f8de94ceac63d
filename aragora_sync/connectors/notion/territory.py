"""Which pages and databases belong to a tree, as far as one reading knows."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.changes import Item
from ...core.errors import NotFound
from ...core.source import Known, KnownItems
from .errors import NotThatKind
from .looking import NOWHERE, Found, Looking
from .pages import Parent


class Territory:
    """What is below a root; without one, everything. `there`: the ids of what this reading said to be there."""

    def __init__(self, looking: Looking, root_id: str, known: KnownItems) -> None:
        self._looking = looking
        self._root_id = root_id
        self._known = known
        self._parents: dict[str, str] = {}  # of what was read now
        self._inside: dict[str, bool] = {}
        self.there: set[str] = set()

    def note(self, item: Item) -> None:
        """This is there, and hangs there."""
        self.there.add(item.id)
        self._parents[item.id] = item.parent

    def placed(self, found: Found) -> Found | None:
        """The same with its parent, where that is within; None where it is not."""
        assert found.told is not None
        if found.id == self._root_id:
            return found._replace(within=True)
        parent = self._looking.above(found.told.raw)
        return found._replace(parent=parent.id, within=True) if self._is_inside(parent) else None

    def orphans(self, gone: set[str]) -> Iterator[str]:
        """What hangs below those that are gone, known before or new; what hangs elsewhere now does not."""
        level = [*gone]
        while level := [*self._known_below(level, gone), *self._new_below(gone)]:
            level = list(dict.fromkeys(level))
            gone.update(level)
            yield from level

    def _known_below(self, level: list[str], gone: set[str]) -> Iterator[str]:
        for each in (each for parent in level for each in self._known.children(parent)):
            if each.id not in gone and self._parent_of(each) in gone:
                yield each.id

    def _new_below(self, gone: set[str]) -> Iterator[str]:
        return (each for each, parent in self._parents.items() if parent in gone and each not in gone)

    def _parent_of(self, known: Known) -> str:
        return self._parents.get(known.id, known.parent)

    def _is_inside(self, parent: Parent) -> bool:
        """Whether a page or database belongs to this tree."""
        thing_id = parent.id
        if not self._root_id or thing_id == self._root_id or thing_id in self.there:
            return True
        if not thing_id:
            return False
        if thing_id not in self._inside:
            self._inside[thing_id] = False  # whoever hangs in a circle is nowhere
            self._inside[thing_id] = bool(self._known.get([thing_id])) or self._is_inside(self._above(parent))
        return self._inside[thing_id]

    def _above(self, parent: Parent) -> Parent:
        """What a page or database hangs under."""
        try:
            return self._looking.above_of(parent)
        except (NotFound, NotThatKind):
            return NOWHERE
