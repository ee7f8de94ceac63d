"""`filesystem` keeps the contract, on the real file system."""

from __future__ import annotations

from pathlib import Path

from aragora_sync.connectors.filesystem import FilesystemConnector
from aragora_sync.testing import ConnectorContract


class Folder:
    """A folder, as the suite edits it. The anchor keeps it from being empty, which would look like a lost disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, text: str) -> str:
        self.edit(f"{name}.md", text)
        return f"{name}.md"

    def edit(self, item_id: str, text: str) -> None:
        (self.folder / item_id).write_text(text)

    def remove(self, item_id: str) -> None:
        (self.folder / item_id).unlink()


class TestFilesystem(ConnectorContract):
    def make_world(self, folder: Path) -> Folder:
        return Folder(folder)

    def make(self, world: Folder, **options: object) -> FilesystemConnector:
        return FilesystemConnector(root=world.folder, **options)
