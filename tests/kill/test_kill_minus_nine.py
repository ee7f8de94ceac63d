"""The real program, killed at random moments: afterwards one run makes store and source equal."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

FILES = 600
SHARES = 4  # seeds, so that two workers share the kills
SOAK_KILLS = {"ci": 50, "full": 200}
TEST_KILLS = 20


class Desk:
    """A folder that is edited, and the program that syncs it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.root = folder / "root"
        self.root.mkdir()
        self.number = 0
        (folder / "connectors.yaml").write_text(
            "connectors:\n  - {type: filesystem, id: notes, root: root, batch_size: 7}\n"
        )
        for _ in range(FILES):
            self.add()

    def add(self) -> None:
        self.number += 1
        path = self.root / f"area-{self.random.randrange(9)}" / f"note-{self.number}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"note {self.number}, {self.random.random()}")

    def edit(self) -> None:
        """Many edits of every kind; never so many deletions that the guard would step in."""
        files = sorted(path for path in self.root.rglob("*") if path.is_file())
        for path in self.random.sample(files, len(files) // 3):
            match self.random.randrange(6):
                case 0:
                    path.unlink()
                    self.add()
                case 1:
                    path.rename(path.with_name(f"moved-{self.random.randrange(10**9)}-{path.name[-12:]}"))
                case _:
                    path.write_text(f"edited {self.random.random()}")

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "aragora_sync", "run", "--json", "--no-index", *arguments]
        where = ["--config", "connectors.yaml", "--store", "store", "--state-dir", "state"]
        return subprocess.Popen(
            [*command, *where], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
        )

    def run(self, *arguments: str) -> dict[str, int]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode() + out.decode()
        return next(line for line in map(json.loads, out.splitlines()) if line.get("connector") == "notes")

    def source(self) -> dict[str, str]:
        return {str(path.relative_to(self.root)): path.read_text() for path in self.root.rglob("*") if path.is_file()}

    def store(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "store" / "default.db")


@pytest.fixture
def make_desk(tmp_path):
    return lambda seed: Desk(tmp_path, seed)


def kill_and_compare(desk: Desk, kills: int) -> None:
    """Kills so many living runs, and after each looks whether one more makes all well."""
    seconds, turn = 1.2, 0
    while kills:
        turn += 1
        desk.edit()
        process = desk.start(*(["--full"] if turn % 4 == 3 else []))
        try:
            process.communicate(timeout=desk.random.uniform(0.25, seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills -= 1
        else:
            seconds = max(0.5, seconds * 0.9)  # it ended before: this machine is quicker
        if turn % 2:
            desk.edit()
        check(desk)


def check(desk: Desk) -> None:
    result = desk.run()
    db = desk.store()
    stored = db.execute("SELECT id, content FROM items").fetchall()

    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert len(stored) == len({item_id for item_id, _ in stored})
    assert dict(stored) == desk.source()
    counts = ("created", "updated", "unchanged", "skipped", "deleted", "failed", "swept")
    run = db.execute(f"SELECT {', '.join(counts)} FROM run ORDER BY id DESC LIMIT 1").fetchone()
    assert [result[name] for name in counts] == list(run)
    assert sum(run[:-1]) == len(stored)
    db.close()


@pytest.mark.parametrize("seed", range(SHARES))
def test_killed_runs_lose_and_double_nothing(make_desk, seed):
    kill_and_compare(make_desk(seed), TEST_KILLS // SHARES)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_nothing(make_desk, seed):
    kills = SOAK_KILLS[os.environ.get("SOAK", "full")]

    kill_and_compare(make_desk(seed), -(-kills // SHARES))
