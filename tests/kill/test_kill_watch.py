"""The real program while it watches tables, killed at random moments: the next one that watches makes all equal."""

from __future__ import annotations

import random
import signal
import subprocess
from pathlib import Path

import pytest

from aragora_sync.connectors.postgresql import PostgreSQLConnector

from ..servers.postgres import Schema, postgres, schema
from .desk import soak_size
from .test_kill_postgresql import TABLES, TableDesk

__all__ = ["postgres", "schema"]

CHANNEL = "document_changes"
TEST_KILLS = 1


class WatchDesk(TableDesk):
    """Tables that announce what is done to them."""

    def __init__(self, folder: Path, seed: int, schema: Schema) -> None:
        super().__init__(folder, seed, schema)
        schema.run(PostgreSQLConnector.triggers(TABLES, schema=schema.name, notify_channel=CHANNEL))

    def connector(self) -> dict[str, object]:
        return {**super().connector(), "notify_channel": CHANNEL}

    def watch_and_kill(self, seconds: float) -> None:
        """It is killed in the midst of edits, after so many seconds."""
        process = self.start("--watch")
        try:
            process.communicate(timeout=seconds / 2)
        except subprocess.TimeoutExpired:
            self.edit()
        try:
            process.communicate(timeout=seconds / 2)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert process.returncode == -signal.SIGKILL

    def check(self) -> None:
        """Another one that watches makes all equal, deletions too, and nobody asks it to compare."""
        self.slow.commit()
        process = self.start("--watch")
        assert process.stdout is not None
        try:
            for _ in process.stdout:  # a line tells of each batch
                if self.stored() == self.source():
                    break
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()
        assert process.returncode == 128 + signal.SIGTERM
        super().check()


def kill(tmp_path: Path, schema: Schema, seed: int, kills: int) -> None:
    desk, chance = WatchDesk(tmp_path, seed, schema), random.Random(seed)
    try:
        for _ in range(kills):
            desk.watch_and_kill(chance.uniform(1.5, 4.0))
            desk.edit()
            desk.check()
    finally:
        desk.slow.close()


def test_a_killed_watch_loses_and_doubles_no_row(tmp_path, schema):
    kill(tmp_path, schema, 1, TEST_KILLS)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 102))
def test_a_watch_killed_by_the_dozen_loses_and_doubles_no_row(tmp_path, schema, seed):
    kill(tmp_path, schema, seed, soak_size(10, 100))
