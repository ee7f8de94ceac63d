"""A source that waits in the middle of a read until a test lets it go on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from aragora_sync.connector import Connector
from aragora_sync.core import errors
from aragora_sync.core.changes import Change, Checkpoint, Cursor, Failed, Item
from aragora_sync.core.options import option
from aragora_sync.core.source import Check, KnownItems, Stream


class GateConnector(Connector):
    """Reads the streams of the file `world` in order of id: {name: {items, gate, failing, raises, bug, needs_token}}.

    A box may also hold so many `numbers`, but not beside items.

    Before the item that `gate` names it opens the FIFO `reached` and then the FIFO `go`, beside the world: each open
    waits for the other side, so that nobody sleeps. What is read is told in the file `log`.
    """

    type = "gate"
    title = "A gate"
    keys: ClassVar[Mapping[str, str]] = {"GATE_TOKEN": "the key of the gate"}

    world: Path = option(help="The file that holds the items.", example="gate.json", identity=True)

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        for name in self._world():
            yield Stream(name)

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        box = self._world()[stream.name]
        if box.get("needs_token"):
            token = self.credential("GATE_TOKEN")
            yield Failed("lock", f"{token} does not fit")
            raise errors.SourceError(f"the gate refused {token}.", hint=f"open --with {token}")
        after = cursor["after"] if isinstance(cursor, dict) else ""
        for item_id, text in sorted(box["items"].items()):
            if item_id < after:
                continue
            if item_id == box.get("gate"):
                self._wait()
            self._log(item_id)
            after = item_id
            yield Item(item_id, "note", f"Note {item_id}", text)
            yield Checkpoint({"after": after})
        for number in range(int(after or 0) if "numbers" in box else 0, box.get("numbers", 0)):
            after = f"{number:09}"
            self._log(after)
            yield Item(after, "note", f"Note {after}", "text")
            yield Checkpoint({"after": after})
        for item_id in box.get("failing", []):
            yield Failed(item_id, "it is stuck")
        if "raises" in box:
            kind, message, hint = box["raises"]
            raise getattr(errors, kind)(message, hint=hint)
        if "bug" in box:
            raise RuntimeError(box["bug"])
        yield Checkpoint({"after": after}, complete=True)

    def fetch(self, stream: Stream, refs: Collection[str], known: KnownItems) -> Iterator[Change]:
        items = self._world()[stream.name]["items"]
        for ref in refs:
            yield Item(ref, "note", f"Note {ref}", items[ref]) if ref in items else Failed(ref, "it is stuck")

    def check(self) -> Iterator[Check]:
        yield Check("world", self.world.exists(), f"{self.world} was opened")

    def _world(self) -> dict[str, Any]:
        boxes: dict[str, Any] = json.loads(self.world.read_text(encoding="utf-8"))
        return boxes

    def _wait(self) -> None:
        with self.world.with_suffix(".reached").open("w"):
            pass
        with self.world.with_suffix(".go").open() as go:
            go.read()

    def _log(self, item_id: str) -> None:
        with self.world.with_suffix(".log").open("a") as log:
            log.write(f"{item_id}\n")
