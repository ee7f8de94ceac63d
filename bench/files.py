"""A folder of many small files, and the bare walk over it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PER_FOLDER = 100


def make(root: Path, number: int) -> None:
    """So many files of a line each, a hundred in a folder, two levels deep; written long ago, as files usually are."""
    for index in range(number):
        folder = root / f"area-{index // (PER_FOLDER * 10):03d}" / f"part-{index // PER_FOLDER:04d}"
        if index % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"note-{index:06d}.md").write_text(f"Note {index} tells of the {index % 97}th matter.\n")


def walk(root: str) -> int:
    """The least that finding out costs: every entry listed, every file's status asked for."""
    found = 0
    with os.scandir(root) as listing:
        for entry in listing:
            if entry.is_dir(follow_symlinks=False):
                found += walk(entry.path)
            else:
                entry.stat(follow_symlinks=False)
                found += 1
    return found


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        walk(sys.argv[2])
