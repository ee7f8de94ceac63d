"""A world that a test edits and a program in another process reads: it lies in a file."""

from __future__ import annotations

import os
import pickle
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from aragora_sync.core.errors import CredentialError, CursorExpired, SourceError, TransientError
from aragora_sync.core.hints import Hint
from aragora_sync.core.options import option
from aragora_sync.core.webhook import Receipt, Request, Terms, check_signature

from ..world import World
from ..world_connector import FetchingWorldConnector

KEY, SECRET = "WORLD_SECRET", "the secret of the world"
SIGNATURE = "x-world"
FAULTS: tuple[Callable[[], Exception], ...] = (  # each time another one: an error keeps the frames of all its raises
    lambda: TransientError("cut off."),
    lambda: TransientError("too many requests.", retry_after=30),
    lambda: SourceError("no sense in it."),
    lambda: CredentialError("refused."),
    lambda: CursorExpired("too old."),
)


class FiledWorld(World):
    """Each `save` is a new file in the place of the old one; what is read is whole, whenever it is read."""

    def __init__(self, path: Path, manner: str) -> None:
        super().__init__(s=manner)
        self.path = path
        self.fault: tuple[int, int, int] | None = None  # at which step, which, how often

    def save(self) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(pickle.dumps((self.parts, self.now, self.fault)))
        os.replace(fresh, self.path)

    def break_by(self, chance: random.Random) -> None:
        """From now on, until that is mended, each run fails at some step."""
        self.fault = chance.randint(1, 12), chance.randrange(len(FAULTS)), chance.randint(1, 3)

    def well(self) -> None:
        self.fault = None
        self.mend()


def opened(path: Path) -> World:
    """The world as it is now, with its faults to come."""
    world = World()
    world.parts, world.now, fault = pickle.loads(path.read_bytes())
    world.begin_run()
    if fault is not None:
        step, which, times = fault
        world.raises_at(step, FAULTS[which](), times)
    return world


class FiledWorldConnector(FetchingWorldConnector):
    """Reads such a world as it was when the run began, and hears of what changed in it."""

    type = "filed-world"
    title = "A world in a file"
    keys: ClassVar[Mapping[str, str]] = {KEY: "the secret of its webhook"}
    webhook_terms = Terms((KEY,))

    file: Path = option(help="Where it lies.", identity=True)
    _opened: World | None = None

    def open(self) -> None:
        self._opened = opened(self.file)
        super().open()

    def close(self) -> None:
        if self._opened is not None:  # one that only receives never opened it
            super().close()

    def receive(self, request: Request) -> Receipt:
        check_signature(request, KEY, SIGNATURE)
        return Receipt(hints=(Hint("s", tuple(request.object()["refs"])),))

    @property
    def _world(self) -> World:
        assert self._opened is not None
        return self._opened


def connector_types() -> dict[str, Any]:
    """What a distribution that brings this connector would announce."""
    from importlib.metadata import EntryPoint

    from aragora_sync.connectors import ENTRY_POINTS

    kind = FiledWorldConnector
    return {kind.type: EntryPoint(kind.type, f"{kind.__module__}:{kind.__name__}", ENTRY_POINTS)}
