"""A source in a JSON file, for everything a command line may meet."""

from __future__ import annotations

import itertools
import json
import os
import signal
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from aragora_sync.connector import Connector
from aragora_sync.core import errors
from aragora_sync.core.changes import Change, Checkpoint, Cursor, Failed, Item
from aragora_sync.core.options import option
from aragora_sync.core.source import Check, KnownItems, Stream

MOST_ITEMS = 1_000_000


class ToyConnector(Connector):
    """Reads the streams of the file `world`: {name: {items, failing, raises, signals, needs_token}}."""

    type = "toy"
    title = "A toy box"
    keys: ClassVar[Mapping[str, str]] = {"TOY_TOKEN": "the key of the toy box"}

    world: Path = option(help="The file that holds the toys.", example="toys.json", identity=True)
    checks: str = option("well", help="How it checks itself.", choices=["well", "badly"], neutral=True)
    colour: str = option("red", help="Colour of the toys.", choices=["red", "blue"], env="TOY_COLOUR")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if self.colour == "blue":
            raise RuntimeError("there is no blue paint")

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        for name in self._world():
            yield Stream(name, f"Box {name}")

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        box = self._world()[stream.name]
        if box.get("needs_token"):
            token = self.credential("TOY_TOKEN")
            raise errors.SourceError(f"the box refused {token}.", hint=f"curl -H 'token: {token}'")
        for item_id, text in box.get("items", {}).items():
            yield Item(item_id, "toy", f"Toy {item_id}", text)
        for item_id in box.get("failing", []):
            yield Failed(item_id, "it is broken")
        if "raises" in box:
            kind, message, hint = box["raises"]
            raise getattr(errors, kind)(message, hint=hint)
        if "bug" in box:
            raise RuntimeError(box["bug"])
        yield Checkpoint({"toys": len(box.get("items", {}))}, complete="signals" not in box)
        for name in box.get("signals", []):
            os.kill(os.getpid(), getattr(signal, name))
        if "signals" in box:  # goes on until somebody stops it
            for number in itertools.islice(itertools.count(), MOST_ITEMS):
                yield Item(f"more-{number}", "toy", "", "")

    def fetch(self, stream: Stream, refs: Collection[str], known: KnownItems) -> Iterator[Change]:
        items = self._world()[stream.name].get("items", {})
        for ref in refs:
            yield Item(ref, "toy", f"Toy {ref}", items[ref]) if ref in items else Failed(ref, "it is broken")

    def check(self) -> Iterator[Check]:
        token = self.credential("TOY_TOKEN")
        if self.checks == "badly":
            raise RuntimeError(f"{token} does not open the box")
        yield Check("box", self.world.exists(), f"{self.world} was opened")

    def _world(self) -> dict[str, Any]:
        boxes: dict[str, Any] = json.loads(self.world.read_text(encoding="utf-8"))
        return boxes
