"""The real program, killed at random moments: afterwards one run makes store and source equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .desk import SHARES, KillDesk, share_of, soak_size

FILES = 600
TEST_KILLS = 20


class FolderDesk(KillDesk):
    """A folder that is edited."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, seed)
        self.root = folder / "root"
        self.root.mkdir()
        self.number = 0
        for _ in range(self.some(FILES)):
            self.add()

    def connector(self) -> dict[str, Any]:
        return {"type": "filesystem", "root": "root"}

    def add(self) -> None:
        self.number += 1
        path = self.root / f"area-{self.random.randrange(9)}" / f"note-{self.number}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"note {self.number}, {self.random.random()}")

    def edit(self) -> None:
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

    def source(self) -> dict[str, str]:
        return {str(path.relative_to(self.root)): path.read_text() for path in self.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("seed", range(SHARES))
def test_killed_runs_lose_and_double_nothing(tmp_path, seed):
    FolderDesk(tmp_path, seed).kill_and_compare(share_of(TEST_KILLS))


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_nothing(tmp_path, seed):
    FolderDesk(tmp_path, seed).kill_and_compare(share_of(soak_size(50, 200)))
