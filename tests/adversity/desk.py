"""A home, a configuration, and the real program in processes of its own."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0

DROP_FROM_BOUNDING_SET = 24  # linux/prctl.h
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2  # linux/capability.h

# Turns the clock of the program; loaded by Python itself, before the program.
SITE_CUSTOMIZE = """
import os
if days := os.environ.get("ADVERSITY_DAYS"):
    import datetime, time_machine
    there = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=float(days))
    time_machine.travel(there, tick=True).start()
"""


@dataclass(frozen=True)
class Ended:
    """What the program left behind."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    def line(self, connector: str) -> dict[str, Any]:
        """The JSON line of one connector."""
        return next(line for line in map(json.loads, self.out.splitlines()) if line.get("connector") == connector)


@dataclass
class Desk:
    """A home with connectors.yaml, its worlds, and the program."""

    folder: Path
    tenants: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        package = self.folder / "site" / "gates-1.0.dist-info"
        package.mkdir(parents=True)
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: gates\nVersion: 1.0\n")
        (package / "entry_points.txt").write_text(
            "[aragora_sync.connectors]\ngate = tests.adversity.gate:GateConnector\n"
        )
        (package.parent / "sitecustomize.py").write_text(SITE_CUSTOMIZE)

    # What there is to sync

    @property
    def config(self) -> Path:
        return self.folder / "connectors.yaml"

    @property
    def stores(self) -> Path:
        return self.folder / ".aragora" / "knowledge"

    @property
    def states(self) -> Path:
        return self.folder / ".aragora" / "sync_state"

    def notes(self, name: str = "notes", tenant: str = "acme", files: Mapping[str, str] | None = None) -> Path:
        """A connector of a folder of notes."""
        root = self.folder / name
        root.mkdir()
        for path, text in (files or {"a.md": "one", "b.md": "two"}).items():
            (root / path).write_text(text)
        self._add(tenant, {"type": "filesystem", "id": name, "root": name})
        return root

    def gate(
        self, name: str = "gate", tenant: str = "acme", boxes: Mapping[str, Any] | None = None, **options: Any
    ) -> Gate:
        """A connector that can be held in the middle of its read."""
        world = Gate(self.folder / f"{name}.json")
        world.change(boxes if boxes is not None else {"box": {"items": letters(6), "gate": "d"}})
        world.make_fifos()
        entry = {"type": "gate", "id": name, "world": world.path.name, "batch_size": 1, "max_retries": 0}
        self._add(tenant, {**entry, **options})
        return world

    def _add(self, tenant: str, entry: dict[str, Any]) -> None:
        self.tenants.setdefault(tenant, []).append(entry)
        self.write()

    def write(self) -> None:
        tenants = [{"id": tenant, "connectors": entries} for tenant, entries in self.tenants.items()]
        self.config.write_text(json.dumps({"tenants": tenants}))

    # The program

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the program."""
        return {
            "HOME": str(self.folder),
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join([str(self.folder / "site"), str(REPOSITORY)]),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }

    def start(
        self,
        *arguments: str,
        environment: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        humble: bool = False,
        before: Callable[[], None] | None = None,
        **pipes: Any,
    ) -> subprocess.Popen[str]:
        """The program under way. Its environment holds nothing of this process; None takes a variable away.

        A `humble` one obeys the permissions of files, also where these tests run as root.
        """
        variables = {**self.variables, **(environment or {})}
        return subprocess.Popen(
            [sys.executable, "-m", "aragora_sync", *arguments],
            cwd=cwd or self.folder,
            env={name: value for name, value in variables.items() if value is not None},
            text=True,
            preexec_fn=be_humble if humble and IS_ROOT else before,  # noqa: PLW1509 - these tests have one thread
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes},
        )

    def run(self, *arguments: str, **how: Any) -> Ended:
        """The program, to its end."""
        return ended(self.start(*arguments, **how))

    # What is stored

    def db(self, tenant: str = "acme") -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.stores / tenant}.db?mode=ro", uri=True)

    def items(self, tenant: str = "acme") -> dict[str, str]:
        """The items by id, with their texts."""
        with contextlib.closing(self.db(tenant)) as db:
            found = db.execute("SELECT id, content FROM items").fetchall()
        assert len(found) == len(dict(found))
        return dict(found)

    def is_sound(self, tenant: str = "acme") -> bool:
        with contextlib.closing(self.db(tenant)) as db:
            return bool(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)])

    def files(self) -> dict[str, bytes]:
        """Every file of the home that the program may have written."""
        found = [path for path in self.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}


@dataclass(frozen=True)
class Gate:
    """The world of a gate."""

    path: Path

    def change(self, boxes: Mapping[str, Any]) -> None:
        self.path.write_text(json.dumps(boxes))

    def make_fifos(self) -> None:
        for ending in (".reached", ".go"):
            os.mkfifo(self.path.with_suffix(ending))

    def wait_until_reached(self) -> None:
        with self.path.with_suffix(".reached").open() as reached:
            reached.read()

    def open(self) -> None:
        with self.path.with_suffix(".go").open("w"):
            pass

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Inside, the read stands before the gate."""
        self.wait_until_reached()
        try:
            yield
        finally:
            self.open()

    @property
    def log(self) -> list[str]:
        """The ids that were read, in order, of all runs."""
        return self.path.with_suffix(".log").read_text().split()


def be_humble() -> None:
    """Root obeys the permissions of files, from the next program on."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
        if libc.prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "cannot be humble")


def ended(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out or "", err or "")


def letters(count: int) -> dict[str, str]:
    """Items a, b, c, … with their texts."""
    return {chr(ord("a") + number): f"text {number}" for number in range(count)}
