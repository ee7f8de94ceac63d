"""All figures of README in one run: `python -m bench [--small]`. Ratios count; machines are noisy."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from . import http, http_server, latency, mongodb, postgres
from .measure import TOP, Cost, median, python
from .s3 import configure, requests, serving

ITEMS = 1_000_000
FILES = 50_000
CHANGED = 1_000
OBJECTS = 20_000
KEYS = 1_000_000
LIST_PAGE = 1000
ROUNDS = 7
EDITS_PER_SECOND, EDIT_SECONDS = 500, 20.0
PAIRS = 3
SETTLED_SECONDS = 3.5  # the connector reads a file again that changed just before it was read


def main(small: bool) -> None:
    """Prints the table, each row as soon as it is measured."""
    share = 20 if small else 1
    versions = f"Version {version('aragora-sync')}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    print(f"{versions}, {platform.system()} {platform.machine()}\n")
    print("| work | measured | bar |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        measure_items(Path(folder), ITEMS // share)
    with tempfile.TemporaryDirectory() as folder:
        measure_files(Path(folder), FILES // share)
    with tempfile.TemporaryDirectory() as folder:
        measure_collection(Path(folder), ITEMS // share)
    with tempfile.TemporaryDirectory() as folder:
        measure_table(Path(folder), ITEMS // share)
        measure_bucket(Path(folder), OBJECTS // share)
    with tempfile.TemporaryDirectory() as folder:
        measure_keys(Path(folder), KEYS // share)
    measure_issues(http.REPOSITORIES // min(share, 5))
    measure_start()


def measure_items(folder: Path, number: int) -> None:
    """Engine and store beside bare SQLite."""

    def cost(what: str, place: Path, size: int) -> Cost:
        return python("-m", "bench.items", what, str(place), str(size))

    def place(name: str) -> Path:
        made = folder / name
        made.mkdir()
        return made

    tenth = cost("first", place("tenth"), number // 10)
    pairs = []
    for turn in range(PAIRS):  # side by side in time: the machine is not always equally quick
        bare, ours = place(f"bare-{turn}"), place(f"ours-{turn}")
        pairs.append((cost("bare", bare, number), cost("first", ours, number)))
        if turn < PAIRS - 1:
            shutil.rmtree(bare)
            shutil.rmtree(ours)
    floor, first = sorted(pairs, key=lambda pair: pair[1].cpu / pair[0].cpu)[PAIRS // 2]
    row(
        f"{number:,} items of 530 bytes, first pass, median of {PAIRS}",
        f"{first.cpu / floor.cpu:.2f} × bare executemany ({first.cpu:.1f} s, bare {floor.cpu:.1f} s CPU)",
        "≤ 1.7 ×",
    )
    row("the same, peak memory", f"{first.rss:.0f} MB; {tenth.rss:.0f} MB for a tenth", "≤ 120 MB, within 10 %")
    first = pairs[-1][1]
    seen = cost("seen", ours, number)
    row("the same again as Seen", f"{seen.cpu / first.cpu:.2f} × the first pass ({seen.cpu:.1f} s)", "≤ 0.35 ×")
    filled, bare_fill = cost("index", ours, number), cost("bare-index", bare, number)
    row(
        "indexing for search",
        f"{filled.cpu / bare_fill.cpu:.2f} × one bare FTS5 fill ({filled.cpu:.1f} s, bare {bare_fill.cpu:.1f} s CPU)",
        "≤ 1.3 ×",
    )


def measure_files(folder: Path, number: int) -> None:
    """The filesystem connector, beginning to end, where nothing changed."""
    root, config = folder / "root", folder / "connectors.yaml"
    python("-m", "bench.files", "make", str(root), str(number))
    time.sleep(SETTLED_SECONDS)
    config.write_text("connectors:\n  - {type: filesystem, id: notes, root: root}\n")
    run = ["-m", "aragora_sync", "run", "--config", str(config), "--store", str(folder), "--state-dir", str(folder)]
    python(*run)
    walk = median([python("-m", "bench.files", "walk", str(root)) for _ in range(3)])
    again = median([python(*run) for _ in range(3)])
    bare = walk.wall - python("-c", "pass").wall
    row(
        f"filesystem, {number:,} files, nothing changed",
        f"{again.wall:.2f} s wall; bare walk {bare:.2f} s",
        f"≤ 2 × + 0.8 s = {2 * bare + 0.8:.2f} s",
    )


def measure_table(folder: Path, number: int) -> None:
    """The postgresql connector, beginning to end, beside a bare reading of the same table."""
    with postgres.server(number) as address:
        arguments = ["-m", "aragora_sync", *postgres.configuration(folder, address)]
        os.environ["ADDRESS"] = address
        pairs = []
        for turn in range(PAIRS):
            bare = folder / f"bare-{turn}"
            bare.mkdir()
            shutil.rmtree(folder / "store", ignore_errors=True)
            pairs.append((python("-m", "bench.postgres", str(bare)), python(*arguments)))
            shutil.rmtree(bare)
        floor, first = sorted(pairs, key=lambda pair: pair[1].cpu / pair[0].cpu)[PAIRS // 2]
        row(
            f"postgresql, {number:,} rows of 530 bytes, first sync",
            f"{first.cpu / floor.cpu:.2f} × bare COPY and executemany ({first.cpu:.1f} s, bare {floor.cpu:.1f} s CPU), "
            f"{first.rss:.0f} MB",
            "≤ 1.65 ×, ≤ 120 MB",
        )
        again = median([python(*arguments) for _ in range(ROUNDS)])
        row("the same again, nothing changed", f"{again.wall:.2f} s wall", "≤ 0.5 s")
        postgres.touch(address, CHANGED)
        changed = python(*arguments)
        row(f"the same, {CHANGED:,} rows changed", f"{changed.wall:.2f} s wall", "≤ 1 s")
        whole = python(*arguments, "--reconcile")
        row(
            "the same, reconcile",
            f"{whole.cpu / first.cpu:.2f} × the first sync ({whole.cpu:.1f} s CPU), {whole.rss:.0f} MB",
            "≤ 0.5 ×, ≤ 120 MB",
        )
        with postgres.editing(address) as edit:
            measure_latency("postgresql", folder, arguments, edit, number)


def measure_collection(folder: Path, number: int) -> None:
    """The mongodb connector, beginning to end, beside a bare reading of the same collection."""
    pairs = []
    with mongodb.serving(number) as address:
        arguments = ["-m", "aragora_sync", *mongodb.configuration(folder, address)]
        os.environ["ADDRESS"] = address
        for turn in range(PAIRS):
            bare = folder / f"bare-{turn}"
            bare.mkdir()
            shutil.rmtree(folder / "store", ignore_errors=True)
            pairs.append((python("-m", "bench.mongodb", str(bare)), python(*arguments)))
            mongodb.check(folder, number)
            shutil.rmtree(bare)
        floor, first = sorted(pairs, key=lambda pair: pair[1].cpu / pair[0].cpu)[PAIRS // 2]
        row(
            f"mongodb, {number:,} documents of 530 bytes, first sync",
            f"{first.cpu / floor.cpu:.2f} × raw batches, decoded, and executemany ({first.cpu:.1f} s, "
            f"bare {floor.cpu:.1f} s CPU), {first.rss:.0f} MB",
            "≤ 1.5 ×, ≤ 120 MB",
        )
        with mongodb.editing(address) as edit:
            measure_latency("mongodb", folder, arguments, edit, number)


def measure_latency(source: str, folder: Path, arguments: list[str], edit: latency.Edit, number: int) -> None:
    """How late the store is of a source that changes all the time."""
    late = latency.measure(folder, arguments, edit, number, EDITS_PER_SECOND, EDIT_SECONDS)
    row(
        f"{source} watched, {late.rate:.0f} changes a second, from commit to store",
        f"median {late.median * 1000:.0f} ms, p99 {late.p99 * 1000:.0f} ms, longest {late.longest * 1000:.0f} ms; "
        f"{late.cpu:.2f} of one CPU",
        "p99 ≤ 1 s",
    )


def measure_bucket(folder: Path, number: int) -> None:
    """The S3 connector beside bare boto3 scripts; both sides with the start of their process, on one fake store."""
    pages = -(-number // LIST_PAGE)
    with serving(number) as url:
        run = _run_of(folder, configure(folder, url))
        pairs = []
        for turn in range(PAIRS):
            bare, before = python("-m", "bench.s3", "get", url), requests(url)
            pairs.append((bare, python(*run)))
            asked = _difference(requests(url), before)
            assert asked == {"LIST": pages, "GET": number}, asked
            if turn < PAIRS - 1:
                _forget(folder)
        bare, first = sorted(pairs, key=lambda pair: pair[1].wall / pair[0].wall)[PAIRS // 2]
        row(
            f"s3, {number:,} objects of 4 KB, first sync, median of {PAIRS}",
            f"{bare.wall / first.wall:.2f} × the objects a second of bare boto3 with as many threads "
            f"({number / first.wall:,.0f}/s, bare {number / bare.wall:,.0f}/s)",
            "≥ 0.8 ×",
        )
        listing, before = median([python("-m", "bench.s3", "list", url) for _ in range(PAIRS)]), requests(url)
        again = median([python(*run) for _ in range(PAIRS)])
        asked = _difference(requests(url), before)
        row(
            "the same, nothing changed",
            f"{asked['LIST'] // PAIRS} LIST, {asked['GET']} GET; {again.cpu / listing.cpu:.2f} × the CPU of a bare "
            f"listing ({again.cpu:.2f} s, bare {listing.cpu:.2f} s)",
            f"{pages} LIST, 0 GET; ≤ 2 ×",
        )


def measure_keys(folder: Path, number: int) -> None:
    """A bucket of so many objects that the store knows already."""
    costs = []
    for part in (number // 10, number):
        place = folder / str(part)
        place.mkdir()
        with serving(part) as url:
            run = _run_of(place, configure(place, url))
            python("-m", "bench.s3", "fill", str(place), str(part), url)
            costs.append(python(*run))
            asked = requests(url)
        assert asked == {"LIST": -(-part // LIST_PAGE)}, asked
    tenth, whole = costs
    row(
        f"s3, {number:,} objects, nothing changed, peak memory",
        f"{whole.rss:.0f} MB; {tenth.rss:.0f} MB for a tenth ({whole.cpu:.0f} s CPU)",
        "≤ 150 MB, within 10 %",
    )


def measure_issues(repositories: int) -> None:
    """Issues of many repositories by `github`, each answer 30 ms late, and again with every third request refused."""
    parsing = statistics.median(_parsing(repositories) for _ in range(PAIRS))
    number = repositories * http.PAGES * http.PAGE
    with http_server.serving(repositories, http.PAGES) as url:
        bare = median([python("-m", "bench.http", "bare", str(repositories), url) for _ in range(PAIRS)])
        before = http_server.asked(url)["requests"]
        first = median([_issues(repositories, url) for _ in range(PAIRS)])
        asked = (http_server.asked(url)["requests"] - before) // PAIRS
    latency = asked * http_server.LATENCY_SECONDS / http.PARALLEL
    bar = 1.15 * max(latency, first.cpu) + 0.5
    row(
        f"github, {repositories} × {http.PAGES} pages of {http.PAGE} issues, 30 ms away, first sync, median of {PAIRS}",
        f"{first.wall:.2f} s wall, {asked} requests, {first.rss:.0f} MB; bare httpx {bare.wall:.2f} s",
        f"≤ 1.15 × max({latency:.2f} s of latency, CPU) + 0.5 s = {bar:.2f} s",
    )
    row(
        "the same, CPU beyond parsing its JSON",
        f"{(first.cpu - parsing) / number * 1e6:.0f} µs an issue, store included ({first.cpu:.2f} s, "
        f"JSON {parsing:.2f} s); bare httpx {(bare.cpu - parsing) / number * 1e6:.0f} µs",
        "≤ 100 µs",
    )
    with http_server.serving(repositories, http.PAGES, "--storm") as url:
        storm, told = _issues(repositories, url), http_server.asked(url)
    demanded = told["demanded"]
    bar = 1.15 * max(latency, storm.cpu) + 0.5 + 1.1 * demanded
    row(
        "the same, every third request refused for a second",
        f"{storm.wall:.1f} s wall; {told['refused']} refusals demand {demanded:.1f} s",
        f"≤ that + 1.1 × the demanded = {bar:.1f} s",
    )


def _parsing(repositories: int) -> float:
    """Seconds of CPU that the JSON of all pages costs, and nothing else."""
    command = [sys.executable, "-m", "bench.http", "parse", str(repositories)]
    return float(subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout)


def _issues(repositories: int, url: str) -> Cost:
    """A first sync of them."""
    with tempfile.TemporaryDirectory() as folder:
        return python("-m", "bench.http", "sync", folder, str(repositories), url)


def _run_of(folder: Path, config: Path) -> list[str]:
    where = ["--config", str(config), "--store", str(folder), "--state-dir", str(folder)]
    return ["-m", "aragora_sync", "run", "--no-index", *where]


def _difference(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {kind: number - before.get(kind, 0) for kind, number in after.items()}


def _forget(folder: Path) -> None:
    """The next run is a first one."""
    for path in folder.iterdir():
        if path.suffix != ".yaml":
            path.unlink() if path.is_file() else shutil.rmtree(path)


def measure_start() -> None:
    """How soon the program answers."""
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs"
        docs.mkdir()
        (docs / "note.md").write_text("A note.\n")
        config = Path(folder) / "connectors.yaml"
        config.write_text("connectors:\n  - {type: filesystem, id: notes, root: docs}\n")
        where = ["--config", str(config), "--store", folder, "--state-dir", folder]
        python("-m", "aragora_sync", "run", *where)
        for arguments, bar in ((["--version"], 60), (["--help"], 120), (["status", *where], 350)):
            cost = median([python("-m", "aragora_sync", *arguments) for _ in range(ROUNDS)])
            row(f"`{arguments[0]}`", f"{cost.cpu * 1000:.0f} ms CPU", f"≤ {bar} ms")


def row(work: str, measured: str, bar: str) -> None:
    """One row of the table."""
    print(f"| {work} | {measured} | {bar} |", flush=True)


if __name__ == "__main__":
    main(small="--small" in sys.argv)
