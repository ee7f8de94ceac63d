"""`filesystem` keeps the contract, on the real file system."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from aragora_sync.connectors.filesystem import FilesystemConnector
from aragora_sync.testing import ConnectorContract


class Folder:
    """A folder, as the suite edits it. The anchor keeps it from being empty, which would look like a lost disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: set[str] = set()

    def add(self, name: str, text: str) -> str:
        self.edit(f"{name}.md", text)
        return f"{name}.md"

    def edit(self, item_id: str, text: str) -> None:
        (self.folder / item_id).write_text(text)

    def remove(self, item_id: str) -> None:
        (self.folder / item_id).unlink()

    def fail(self, item_id: str) -> None:
        self.unreadable.add(item_id)

    def mend(self, item_id: str) -> None:
        self.unreadable.discard(item_id)


class TestFilesystem(ConnectorContract):
    connector = FilesystemConnector
    world: Folder

    @pytest.fixture(autouse=True)
    def _bad_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk that cannot give some files: no permission keeps root, as whom tests may run, from reading one."""
        honest = os.open

        def opened(path, flags, *more, **options):
            if path in self.world.unreadable:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return honest(path, flags, *more, **options)

        monkeypatch.setattr(os, "open", opened)

    def make_world(self, folder: Path) -> Folder:
        return Folder(folder)

    def make(self, world: Folder, **options: object) -> FilesystemConnector:
        return FilesystemConnector(root=world.folder, **options)
