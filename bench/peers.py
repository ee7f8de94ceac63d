"""The same table by others: `python -m bench.peers [--small]`. Each is installed into an environment of its own.

What cannot be installed here is named, not left out. Everybody syncs incrementally by `updated_at` with the key `id`,
as its documents advise; what we read ourselves goes into the default store, without the index for search.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import postgres
from .measure import Cost, median, run

ROWS, CHANGED, ROUNDS = 1_000_000, 1_000, 3
QUIET = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "SLING_DISABLE_TELEMETRY": "TRUE",
    "DISABLE_TELEMETRY": "true",
    "INGESTR_DISABLE_TELEMETRY": "true",
}
DRIVER = Path(__file__).with_name("peer_dlt.py")


@dataclass(frozen=True)
class Peer:
    """A program, what it is installed from, and the command that syncs {address} into the folder {place}."""

    name: str
    packages: str
    command: str

    @property
    def package(self) -> str:
        """The one that it is named after."""
        return re.split(r"[\[<= ]", self.packages)[0]


_DLT = "dlt[duckdb] connectorx pyarrow sqlalchemy psycopg2-binary numpy pandas"
PEERS = [
    Peer("dlt, connectorx", _DLT, "{bin}/python {driver} connectorx {address} {place}"),
    Peer("dlt, pyarrow", _DLT, "{bin}/python {driver} pyarrow {address} {place}"),
    Peer(
        "ingestr",
        "ingestr==0.14.155",  # the last that is whole in its package
        "{bin}/ingestr ingest --source-uri {address} --source-table public.documents --dest-table main.documents "
        "--dest-uri duckdb:///{place}/out.duckdb --incremental-strategy merge --incremental-key updated_at "
        "--primary-key id --yes",
    ),
    Peer(
        "Sling",
        "sling-linux-amd64==1.4.11",  # the last whose program is in a package
        "{site}/sling_linux_amd64/bin/sling-linux-amd64 run --src-conn {address}?sslmode=disable "
        "--src-stream public.documents --tgt-object main.documents --tgt-conn sqlite://{place}/out.db "
        "--mode incremental --primary-key id --update-key updated_at",
    ),
]


def main(rows: int) -> None:
    """Prints the table, each row as soon as it is measured."""
    os.environ.update(QUIET)
    print("| who | first sync: wall, CPU, memory | nothing changed | 1,000 rows changed |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, postgres.server(rows) as address:
        place = Path(folder)
        os.environ["HOME"] = folder
        ours = [sys.executable, "-m", "aragora_sync", *postgres.configuration(place, address)]
        measure("aragora-sync", ours, address, [place / "store", place / "state"])
        for peer in PEERS:
            measure_peer(peer, address, place)


def measure_peer(peer: Peer, address: str, folder: Path) -> None:
    """A row for it, or the reason why there is none."""
    place = folder / "peer"
    environment = folder / peer.package
    try:
        install(environment, peer.packages.split())
        place.mkdir()
        (site,) = environment.glob("lib/python*/site-packages")
        where = {"bin": environment / "bin", "site": site, "driver": DRIVER}
        filled = peer.command.format(address=address, place=place, **where)
        measure(f"{peer.name} {version(environment, peer.package)}", filled.split(), address, [place])
    except (subprocess.CalledProcessError, SystemExit, OSError) as error:
        print(f"| {peer.name} | could not be run here: {str(error)[-200:]} | | |", flush=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def install(environment: Path, packages: Sequence[str]) -> None:
    """An environment with these packages, compiled as an ordinary installation leaves it."""
    if environment.exists():
        return
    venv.create(environment, with_pip=True)
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([environment / "bin" / "pip", "install", *quiet, *packages], check=True, stderr=subprocess.DEVNULL)
    subprocess.run([environment / "bin" / "python", "-m", "compileall", "-q", environment / "lib"], check=False)


def version(environment: Path, package: str) -> str:
    """The version that was installed."""
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    command = [environment / "bin" / "python", "-c", ask]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def measure(name: str, command: Sequence[str], address: str, made: Sequence[Path]) -> None:
    """One row: from nothing, then again, then after edits."""
    firsts = []
    for _ in range(ROUNDS):
        for each in made:
            shutil.rmtree(each, ignore_errors=True)
        if len(made) == 1:
            made[0].mkdir()
        firsts.append(run(command))
    again = median([run(command) for _ in range(ROUNDS)])
    postgres.touch(address, CHANGED)
    print(f"| {name} | {shown(median(firsts))} | {shown(again)} | {shown(run(command))} |", flush=True)


def shown(cost: Cost) -> str:
    return f"{cost.wall:.2f} s, {cost.cpu:.2f} s, {cost.rss:,.0f} MB"


if __name__ == "__main__":
    main(ROWS // 20 if "--small" in sys.argv else ROWS)
