"""Every test of this folder stands in an empty folder, with toy connectors in place of the real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aragora_sync import connectors
from aragora_sync.config import Config, load_config
from aragora_sync.core.errors import ConfigError

from .toys import TOYS, Broken, Installed

Load = Callable[..., Config]
Refused = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    points = {"broken": Broken(), **{name: Installed(cls) for name, cls in TOYS.items()}}
    monkeypatch.setattr(connectors, "_OURS", {})
    monkeypatch.setattr(connectors, "_ALIASES", {"postgres": "postgresql"})
    monkeypatch.setattr(connectors, "_installed", lambda: points)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def load() -> Load:
    """Loads a text as `connectors.yaml` of the current folder."""

    def load(text: str, **environ: str) -> Config:
        Path("connectors.yaml").write_bytes(text.encode())
        return load_config("connectors.yaml", environ={"HOME": "/home/ada", **environ})

    return load


@pytest.fixture
def refused(load: Load) -> Refused:
    """What is said about a text that must not load: each problem without the name of the file."""

    def refused(text: str, **environ: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text, **environ)
        return [problem.removeprefix("connectors.yaml:") for problem in caught.value.problems]

    return refused
