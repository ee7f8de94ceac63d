"""What all tests of killed runs share: a source that is edited, the real program, and the comparison afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SHARES = 4  # seeds, so that two workers share the kills
FEW = 2  # kills of each connector beyond the first ones, where nobody asks for the soak


class KillDesk:
    """Subclasses write `connector` (its entry in the configuration), `edit` and `source`.

    `reports_deletes`: an ordinary run hears of everything that is gone; otherwise a reconcile finds the rest.
    `names_all`: the last run names everything, once. `size`: how large the source is, beside what kills need.
    """

    reports_deletes = True
    names_all = True
    size = 1.0

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)

    def connector(self) -> dict[str, Any]:
        """The connector's type and options."""
        raise NotImplementedError

    def some(self, number: int) -> int:
        """So many, or what this desk's size makes of it."""
        return max(1, round(number * self.size))

    def edit(self) -> None:
        """Many edits of every kind; never so many deletions that the guard would step in."""
        raise NotImplementedError

    def source(self) -> dict[str, str]:
        """All that a store must hold now: text by id."""
        raise NotImplementedError

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        entry = {"id": "killed", "batch_size": 7, **self.connector()}
        (self.folder / "connectors.yaml").write_text(json.dumps({"connectors": [entry]}))
        command = [sys.executable, "-m", "aragora_sync", "run", "--json", "--no-index", *arguments]
        where = ["--config", "connectors.yaml", "--store", "store", "--state-dir", "state"]
        return subprocess.Popen(
            [*command, *where], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
        )

    def run(self, *arguments: str) -> dict[str, int]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode() + out.decode()
        return next(line for line in map(json.loads, out.splitlines()) if line.get("connector") == "killed")

    def kill_and_compare(self, kills: int, earliest: float = 0.25, latest: float = 1.2) -> None:
        """Kills so many living runs, and after each looks whether one more makes all well.

        A run is killed after `earliest` to `latest` seconds, sooner where runs turn out to end before: a run that ended
        by itself says how long one takes here, and proves nothing that is worth a comparison.
        """
        turn = 0
        while kills:
            turn += 1
            self.edit()
            begun = time.monotonic()
            process = self.start(*(["--full"] if turn % 4 == 3 else []))
            try:
                out, err = process.communicate(timeout=self.random.uniform(earliest, latest))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
            else:
                assert process.returncode == 0, err.decode() + out.decode()
                took = time.monotonic() - begun
                earliest, latest = min(earliest, 0.6 * took), min(latest, took)
                continue
            kills -= 1
            if turn % 2:
                self.edit()
            self.check()

    def check(self) -> None:
        """One run; then store and source are equal, nothing is there twice, and the counts are true."""
        if not self.reports_deletes:
            self.run()
            source = self.source()
            assert {item_id: text for item_id, text in self.stored().items() if item_id in source} == source
        result = self.run(*([] if self.reports_deletes else ["--reconcile"]))
        stored = self.stored()

        assert stored == self.source()
        counts = ("created", "updated", "unchanged", "skipped", "deleted", "failed", "swept")
        with contextlib.closing(self.open_store()) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            run = db.execute(f"SELECT {', '.join(counts)} FROM run ORDER BY id DESC LIMIT 1").fetchone()
        assert [result[name] for name in counts] == list(run)
        assert not self.names_all or sum(run[:-1]) == self.named()

    def named(self) -> int:
        """How many things the last run was told of."""
        return len(self.stored())

    def stored(self) -> dict[str, str]:
        """What the store holds, each id once."""
        with contextlib.closing(self.open_store()) as db:
            rows = db.execute("SELECT id, content FROM items").fetchall()
        assert len(rows) == len({item_id for item_id, _ in rows})
        return dict(rows)

    def open_store(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "store" / "default.db")


def share_of(kills: int) -> int:
    """How many of so many kills belong to one seed."""
    return -(-kills // SHARES)


def soak_size(short: int, long: int) -> int:
    """How much the soak asks for: SOAK=ci or full."""
    return {"ci": short, "full": long}[os.environ.get("SOAK", "full")]
