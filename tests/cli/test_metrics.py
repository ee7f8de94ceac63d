"""`--metrics-textfile`: what Prometheus reads."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from aragora_sync.cli.common import Asked
from aragora_sync.cli.metrics import Metrics, escaped
from aragora_sync.cli.planned import Plan
from aragora_sync.engine.events import RunEnded
from aragora_sync.engine.result import Status, SyncResult
from aragora_sync.engine.scheduler import Scheduler
from aragora_sync.store.sqlite import store_path

from .conftest import Cli, Home

SAMPLE = re.compile(r'aragora_sync_([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+)\} (-?[0-9.e+]+)')


def figures(path: Path) -> dict[tuple[str, str, str], float]:
    """By metric, connector and the label that is the metric's own."""
    found = {}
    described: set[str] = set()
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            described.add(line.split()[2])
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert f"aragora_sync_{sample[1]}" in described
        labels = dict(re.findall(r'([a-z]+)="((?:[^"\\]|\\.)*)"', sample[2]))
        own = labels.get("status", labels.get("change", ""))
        found[sample[1], labels["connector"], own] = float(sample[3])
    return found


def test_run_writes_figures_of_all_connectors(home: Home, cli: Cli) -> None:
    home.toy("blocks", {"box": {"items": {"a": "one", "b": "two"}, "failing": ["c"]}})
    home.toy("marbles", tenant="umbrella")
    cli("run")
    home.change("blocks", {"box": {"items": {"a": "other"}, "failing": ["c"]}})

    assert cli("run", "blocks", "--metrics-textfile", "sync.prom").exit_code == 3

    found = figures(home.folder / "sync.prom")
    assert found["last_run_ok", "blocks", ""] == 0
    assert found["last_run_ok", "marbles", ""] == 1
    assert found["last_run_status", "blocks", "partial"] == 1
    assert found["last_run_changes", "blocks", "updated"] == 1
    assert found["last_run_changes", "marbles", "created"] == 1
    assert found["failures_waiting", "blocks", ""] == 1
    assert found["last_success_timestamp_seconds", "marbles", ""] > 1.7e9
    assert ("last_success_timestamp_seconds", "blocks", "") not in found
    assert stat.S_IMODE((home.folder / "sync.prom").stat().st_mode) == 0o644


def test_what_is_no_longer_configured_vanishes_without_a_run(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.toy("marbles")
    cli("run")
    file = home.folder / "sync.prom"
    listener, loop = Metrics(file, home.stores), Scheduler(lambda *_: SyncResult("", "", ""))
    listener.follow({("acme", "blocks"): "toy", ("acme", "marbles"): "toy"})
    listener.write()
    listener.follow({("acme", "marbles"): "toy"})
    listener.tick(loop)

    assert {connector for _, connector, _ in figures(file)} == {"marbles"}


def test_figures_follow_the_configuration_to_another_store_and_to_what_is_watched(home: Home, cli: Cli) -> None:
    home.add("acme", {"type": "mongodb", "id": "orders", "database": "shop", "schedule": {"interval_hours": 1}})
    home.toy("blocks", schedule={"interval_hours": 1})
    listener = Metrics(home.folder / "sync.prom", home.stores)
    listener.planned(Plan(Asked()))
    home.top["store"] = {"type": "sqlite", "path": "elsewhere"}
    home.write()
    cli("run", "blocks")
    listener.planned(plan := Plan(Asked(), watch=True))
    listener.write()

    found = figures(home.folder / "sync.prom")
    assert list(plan.watched) == [("acme", "orders")]
    assert found["last_run_ok", "blocks", ""] == 1
    assert found["failures_waiting", "orders", ""] == 0


def test_a_run_of_which_the_store_knows_nothing_did_not_go_well(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    cli("run", "--metrics-textfile", "sync.prom")
    before = figures(home.folder / "sync.prom")
    path, content = store_path(home.stores, "acme"), store_path(home.stores, "acme").read_bytes()
    path.write_bytes(b"not a database" * 100)
    assert cli("run", "--metrics-textfile", "sync.prom").exit_code == 1

    found = figures(home.folder / "sync.prom")
    assert (before["last_run_ok", "blocks", ""], found["last_run_ok", "blocks", ""]) == (1, 0)
    assert found["last_run_status", "blocks", "failed"] == 1
    path.write_bytes(content)
    cli("run", "--metrics-textfile", "sync.prom")
    assert figures(home.folder / "sync.prom")["last_run_ok", "blocks", ""] == 1


def test_what_a_scheduler_could_not_note_counts_until_a_run_is_noted(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    cli("run")
    listener = Metrics(home.folder / "sync.prom", home.stores)
    listener.follow({("acme", "blocks"): "toy"})
    told = []
    for status in (Status.OK, Status.LOCKED, Status.FAILED, Status.LOCKED):
        listener.hear(RunEnded(SyncResult("blocks", "acme", "toy", status, recorded=status is Status.OK)))
        listener.write()
        told.append(figures(home.folder / "sync.prom")["last_run_ok", "blocks", ""])
    cli("run")  # of another process
    listener.hear(RunEnded(SyncResult("blocks", "acme", "toy", Status.LOCKED)))
    listener.write()

    assert told == [1, 1, 0, 0]
    assert figures(home.folder / "sync.prom")["last_run_ok", "blocks", ""] == 1


def test_labels_are_escaped() -> None:
    assert escaped('a"b\\c\nd') == r"a\"b\\c\nd"


def test_file_that_nobody_would_collect_is_refused_before_anything_runs(home: Home, cli: Cli) -> None:
    home.toy("blocks")

    wrong_name = cli("run", "--metrics-textfile", "sync.txt")
    no_folder = cli("run", "--metrics-textfile", "nowhere/sync.prom")

    assert (wrong_name.exit_code, no_folder.exit_code) == (2, 2)
    assert "try: name it sync.prom" in wrong_name.err
    assert "there is no folder nowhere" in no_folder.err
    assert not home.stores.exists()


def test_figures_that_cannot_be_written_stop_no_sync(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    (home.folder / "sync.prom").mkdir()

    ended = cli("run", "--metrics-textfile", "sync.prom")

    assert ended.exit_code == 0
    assert "cannot write figures to sync.prom" in ended.err
