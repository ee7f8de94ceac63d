"""Connector classes as a configuration sees them: only their declarations matter here."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from aragora_sync.connector import Connector
from aragora_sync.core.options import option


class ToyFilesystem(Connector):
    type = "filesystem"
    title = "Documents in a folder."

    root: Path = option(help="The folder to read.", identity=True, example="docs")
    include_patterns: list[str] = option([], help="Which files to read; by default all.", example=["*.md"])
    exclude_patterns: list[str] = option([], help="Which files to leave out.", example=[".git/**"])
    max_file_size_mb: float = option(10, help="Larger files are skipped, in MB.", at_least=0)
    follow_symlinks: bool = option(False, help="Whether links are followed.")


class ToyNotion(Connector):
    type = "notion"
    title = "Pages and databases of Notion."
    keys: ClassVar = {"NOTION_TOKEN": "the secret of an internal integration"}

    workspace: str = option(help="Name of the workspace.", identity=True, example="acme")
    databases: list[str] = option([], help="Databases to sync, by id.", example=["d1", "d2"])
    days_back: int = option(90, help="How far the first sync reaches back, in days.", at_least=1, at_most=3650)
    content: str = option("markdown", help="How pages are written.", choices=["markdown", "text"])
    columns: dict[str, list[str]] = option({}, help="Columns by database.", example={"d1": ["Name"]})
    base_url: str = option("https://api.notion.com", help="Where Notion is.", env="NOTION_URL", neutral=True)


class ToyPostgres(Connector):
    type = "postgresql"
    title = "Tables of PostgreSQL."
    keys: ClassVar = {"POSTGRES_USER": "the user", "POSTGRES_PASSWORD": "the password"}

    host: str = option(help="Name of the server.", identity=True, env="POSTGRES_HOST", example="db.example")
    port: int = option(5432, help="Port of the server.", at_least=1, at_most=65535, neutral=True, env="POSTGRES_PORT")


class Installed:
    """An entry point whose class is at hand."""

    def __init__(self, cls: type[Connector]) -> None:
        self.value = f"{cls.__module__}:{cls.__name__}"
        self._cls = cls

    def load(self) -> type[Connector]:
        return self._cls


class Broken:
    """An entry point of a package that cannot be loaded."""

    value = "broken_package:Connector"

    def load(self) -> type[Connector]:
        raise ImportError("no module named 'gone'")


TOYS = {"filesystem": ToyFilesystem, "notion": ToyNotion, "postgresql": ToyPostgres}
