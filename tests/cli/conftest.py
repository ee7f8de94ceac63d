"""A home, a configuration with toys, and the program to try on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import httpx
import pytest

from aragora_sync import connectors
from aragora_sync.cli.app import main

from ..servers.bao import bao, bao_of_its_own  # noqa: F401 - fixtures
from ..servers.moto import moto, moto_server  # noqa: F401
from .toy import ToyConnector

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Cli = Callable[..., Ended]


@dataclass
class Home:
    """A folder with connectors.yaml, the worlds of the toys, and where the program keeps its things."""

    folder: Path
    tenants: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    top: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "connectors.yaml"

    @property
    def stores(self) -> Path:
        return self.folder / ".aragora" / "knowledge"

    @property
    def states(self) -> Path:
        return self.folder / ".aragora" / "sync_state"

    def toy(self, name: str, boxes: dict[str, Any] | None = None, tenant: str = "acme", **options: Any) -> None:
        """A configured toy and its world; boxes are streams."""
        self.change(name, boxes if boxes is not None else {"box": {"items": {"a": "one"}}})
        self.add(tenant, {"type": "toy", "id": name, "world": f"{name}.json", "max_retries": 0, **options})

    def add(self, tenant: str, *entries: dict[str, Any]) -> None:
        """Connectors of any type are configured."""
        self.tenants.setdefault(tenant, []).extend(entries)
        self.write()

    def change(self, name: str, boxes: dict[str, Any]) -> None:
        """The world of a toy is this now."""
        (self.folder / f"{name}.json").write_text(json.dumps(boxes), encoding="utf-8")

    def forget_connector(self, name: str) -> None:
        """The connector is taken out of the configuration."""
        for entries in self.tenants.values():
            entries[:] = [entry for entry in entries if entry["id"] != name]
        self.write()

    def write(self) -> None:
        tenants = [{"id": tenant, "connectors": entries} for tenant, entries in self.tenants.items()]
        self.config.write_text(json.dumps({**self.top, "tenants": tenants}, indent=1), encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in [name for name in os.environ if name.startswith("ARAGORA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.chdir(tmp_path)
    point = EntryPoint("toy", f"{ToyConnector.__module__}:ToyConnector", connectors.ENTRY_POINTS)
    monkeypatch.setattr(connectors, "_installed", lambda: {"toy": point})
    return Home(tmp_path)


@pytest.fixture
def cli(home: Home, capfd: pytest.CaptureFixture[str]) -> Cli:
    """The program, in this process."""

    def run(*arguments: str) -> Ended:
        capfd.readouterr()
        exit_code = main(arguments)
        return Ended(exit_code, *capfd.readouterr())

    return run


@pytest.fixture
def command(home: Home) -> Callable[..., list[str]]:
    """The program as a command of its own; the toys come by an entry point, like any connector of a third party."""
    package = home.folder / "site" / "toys-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        f"[{connectors.ENTRY_POINTS}]\ntoy = {ToyConnector.__module__}:ToyConnector\n"
    )
    path = os.pathsep.join([str(package.parent), str(REPOSITORY)])
    return lambda *arguments: ["/usr/bin/env", f"PYTHONPATH={path}", sys.executable, "-m", "aragora_sync", *arguments]


@pytest.fixture
def program(home: Home, command: Callable[..., list[str]]) -> Cli:
    """The program in a process of its own."""

    def run(*arguments: str) -> Ended:
        ended = subprocess.run(command(*arguments), capture_output=True, text=True, cwd=home.folder, check=False)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody follows what is opened."""

    def visit(url: str) -> bool:
        threading.Thread(target=httpx.get, args=(url,), kwargs={"follow_redirects": True, "trust_env": False}).start()
        return True

    monkeypatch.setattr("webbrowser.open", visit)
