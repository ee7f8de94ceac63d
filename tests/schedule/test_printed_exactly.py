"""What is printed for other programs runs at the moments that `schedule next` tells, or is refused."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aragora_sync.cli import printing
from aragora_sync.cli.units import Job, Place, crontab, kubernetes, systemd
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.calendars import Inexpressible, calendar_of
from aragora_sync.engine.schedule import SyncSchedule, next_run
from aragora_sync.engine.walltime import first_change

from ..kill.desk import soak_size
from . import reckoning
from .test_printed import BERLIN, LORD_HOWE, NOW, elapses, job
from .test_year import ZONES

PLACE = Place(["/bin/true"], Path("/srv/c.yaml"), Path("/srv/s"), Path("/srv/t"), image="sync:1")
KOLKATA = "Asia/Kolkata"


def timer(planned: Job) -> str:
    return next(text for name, text in systemd([planned], PLACE, NOW) if name.endswith(".timer"))


def calendars(planned: Job) -> list[str]:
    return [line.partition("=")[2] for line in timer(planned).splitlines() if line.startswith("OnCalendar=")]


def cron_lines(planned: Job, zone: str) -> list[str]:
    ((_, text),) = crontab([planned], PLACE, NOW, zone)
    return [" ".join(line.split()[:5]) for line in text.splitlines() if line[0] in "*0123456789"]


def ours(planned: Job, start: datetime, number: int) -> list[datetime]:
    """The first so many runs from then on of a program that is never late."""
    delay, run = planned.schedule.delay_of(*planned.key), start - timedelta(seconds=1)
    return [run := next_run(planned.schedule, run, run, delay) for _ in range(number)]


def told_by_systemd(planned: Job, start: datetime, number: int) -> list[datetime]:
    return sorted({each for text in calendars(planned) for each in elapses(text, start)})[:number]


# Delays


@pytest.mark.parametrize(
    "options",
    [
        {"cron": "0 4 * * *", "jitter": 600},
        {"cron": "15,45 8-17/3 1,15 * 5", "jitter": 5000, "timezone": BERLIN},
        {"cron": "*/20 * * * *", "jitter": 50_000, "timezone": BERLIN},
        {"cron": "30 12 * * *", "jitter": 80_000},
    ],
    ids=str,
)
def test_systemd_is_told_the_delay_that_a_connector_has_here(options: dict[str, Any]) -> None:
    """It would choose another one by itself, in each machine."""
    planned = job(options)

    assert planned.schedule.delay_of(*planned.key)
    assert "Random" not in timer(planned)
    assert told_by_systemd(planned, NOW, 12) == ours(planned, NOW, 12)


def test_delay_into_another_day_is_refused_where_days_are_named() -> None:
    with pytest.raises(Inexpressible, match="its jitter moves it to the day after"):
        timer(job({"cron": "59 23 * * 1", "jitter": 86_400}))


def test_delay_over_a_change_of_clocks_is_refused() -> None:
    with pytest.raises(Inexpressible, match="the clocks of Europe/Berlin change"):
        timer(job({"cron": "0 1 * * *", "jitter": 86_400, "timezone": BERLIN}))


# Windows

WINDOW: dict[str, Any] = {"interval_hours": 1, "start_time": "08:00", "end_time": "20:00"}


def test_what_was_missed_does_not_start_outside_of_its_window() -> None:
    """A machine that is switched on at night would make it up at once."""
    assert "Persistent" not in timer(job(WINDOW))
    assert "Persistent=yes" in timer(job({"cron": "0 4 * * *"}))


@pytest.mark.parametrize("closes, latest", [("20:00", 3600), ("20:10", 600), ("19:59", 3540)])
def test_kubernetes_starts_nothing_after_its_window_has_closed(closes: str, latest: int) -> None:
    ((_, document),) = kubernetes([job({**WINDOW, "end_time": closes})], PLACE, NOW)

    assert document["spec"]["startingDeadlineSeconds"] == latest


def test_line_that_only_a_change_of_clocks_puts_into_its_window_is_refused() -> None:
    options = {"cron": "0,59 * * * *", "start_time": "02:10", "end_time": "02:50", "timezone": BERLIN}
    with pytest.raises(Inexpressible, match="names no time of an ordinary day"):
        calendar_of(SyncSchedule(**options), NOW)


# Cron on machines of all zones


@pytest.mark.parametrize("zone", [KOLKATA, LORD_HOWE])
def test_minutes_are_not_told_to_a_clock_that_shows_others(zone: str) -> None:
    with pytest.raises(Inexpressible, match="cron knows only the zone of this machine"):
        cron_lines(job({"cron": "10 * * * *"}), zone)


def test_minutes_are_told_to_a_clock_that_shows_the_same() -> None:
    assert cron_lines(job({"cron": "10 * * * *"}), BERLIN) == ["10 * * * *"]
    assert cron_lines(job({"cron": "*/15 * * * *"}), KOLKATA) == ["*/15 * * * *"]


def test_an_hour_between_runs_is_an_hour_where_clocks_change_by_hours() -> None:
    assert cron_lines(job({"interval_hours": 1}), KOLKATA) == ["0 * * * *"]
    with pytest.raises(Inexpressible, match="cron knows only the zone of this machine"):
        cron_lines(job({"interval_hours": 1}), LORD_HOWE)


@pytest.mark.parametrize("line, told", [
    ("5-5/15 8 * * *", "5,20,35,50 8 * * *"),  # Debian's cron takes it for 5
    ("0 9 5,* * *", "0 9 " + ",".join(map(str, range(1, 32))) + " * *"),  # Kubernetes takes it for a star
    ("0 9 * * */2,*", "0 9 * * *"),
    ("0 9 * * 5-7", "0 9 * * 0,5,6"),
])  # fmt: skip
def test_numbers_are_told_as_all_programs_understand_them(line: str, told: str) -> None:
    assert calendar_of(SyncSchedule(cron=line), NOW).lines == (told,)


def test_days_that_begin_with_a_star_and_are_not_all_are_refused() -> None:
    """Written in numbers, either of the days would do, and not only days of both."""
    with pytest.raises(Inexpressible, match="signs that not every program knows"):
        calendar_of(SyncSchedule(cron="0 9 */10,5/7 * 1"), NOW)


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's own files about its zone, none at first; and what is known of zones."""
    monkeypatch.setattr(printing, "LOCAL_ZONE_FILE", tmp_path / "localtime")
    monkeypatch.setattr(printing, "LOCAL_ZONE_NAME", tmp_path / "timezone")
    monkeypatch.setattr("zoneinfo.TZPATH", [str(tmp_path / "zoneinfo")])
    for number, zone in enumerate(("UTC", BERLIN)):
        (tmp_path / "zoneinfo" / zone).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "zoneinfo" / zone).write_text(f"rules {number}")
    return tmp_path


def test_zone_of_a_machine_is_where_its_link_leads(etc: Path) -> None:
    assert printing.local_zone() == "UTC"
    (etc / "localtime").symlink_to(etc / "zoneinfo" / BERLIN)
    assert printing.local_zone() == BERLIN


def test_zone_of_a_machine_that_has_a_copy_of_its_rules(etc: Path) -> None:
    shutil.copy(etc / "zoneinfo" / BERLIN, etc / "localtime")
    with pytest.raises(ConfigError, match="cannot be told"):
        printing.local_zone()
    (etc / "timezone").write_text(f"{BERLIN}\n")
    assert printing.local_zone() == BERLIN
    shutil.copy(etc / "zoneinfo" / "UTC", etc / "localtime")
    assert printing.local_zone() == "UTC"


# All of them


def some_jobs(seed: int, number: int) -> Iterator[Job]:
    """Of every kind; those that nothing is printed for are among them."""
    chance = random.Random(seed)
    while number:
        options: dict[str, Any] = {"timezone": chance.choice([*ZONES, KOLKATA])}
        if chance.random() < 0.7:
            options["cron"] = " ".join(_field(chance, *span) for span in ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7)))
        else:
            options["interval_minutes"] = chance.choice([7, 15, 60, 90, 360, chance.randint(1, 1440)])
        if chance.random() < 0.3 or "cron" not in options:
            options["start_time"] = f"{chance.randint(0, 23)}:{chance.choice(['00', '30', '17'])}"
            options["end_time"] = f"{chance.randint(0, 23)}:{chance.choice(['00', '45'])}"
        elif chance.random() < 0.3:
            options["jitter"] = chance.choice([5, 600, 80_000])
        try:
            yield job(options)
        except ConfigError:
            continue
        number -= 1


def _field(chance: random.Random, low: int, high: int) -> str:
    if chance.random() < (0.6 if high in (31, 12, 7) else 0.2):
        return "*"
    one = chance.randint(low, high)
    span = f"{one}-{chance.randint(one, high)}"
    kinds = [f"{one}", f"{one}", f"*/{chance.randint(1, high)}", span, f"{span}/{chance.randint(1, 9)}", f"{one}/3"]
    return ",".join(chance.choice(kinds) for _ in range(chance.choice([1, 1, 2])))


def moments_to_look_at(planned: Job) -> list[datetime]:
    """Now, and the evening before the next change of its clocks."""
    change = first_change(NOW, NOW + timedelta(days=400), planned.schedule.zone)
    return [NOW, *([change.replace(minute=0) - timedelta(hours=30)] if change else [])]


def told_by_lines(lines: list[str], zone: str, start: datetime) -> list[datetime]:
    """As Debian's cron and Kubernetes mean them, where no time of theirs is skipped or doubled."""
    table = reckoning.Table(zone, start - timedelta(days=1), start + timedelta(days=10))
    found = {reckoning.moment(minute) for line in lines for minute in reckoning.cron(table, line)}
    return sorted(each for each in found if start <= each < start + timedelta(days=8))


def compare(planned: Job) -> Iterator[str]:
    """Who was told of it, and means the same."""
    for start in moments_to_look_at(planned):
        try:
            assert told_by_systemd(planned, start, 12) == ours(planned, start, 12), planned
            yield "systemd"
        except Inexpressible:
            pass
        until = start + timedelta(days=8)
        try:
            documents = [document["spec"] for _, document in kubernetes([planned], PLACE, NOW)]
            zone = documents[0]["timeZone"]
            expected = [each for each in ours(planned, start, 200) if each < until]
            told = told_by_lines([each["schedule"] for each in documents], zone, start)
            assert told[: len(expected)] == expected, planned
            assert len(told) == len(expected) or len(expected) == 200, planned
            assert "UTC" in zone or told_by_lines(cron_lines(planned, zone), zone, start) == told
            yield "kubernetes"
        except Inexpressible:
            pass


@pytest.mark.parametrize("number", [pytest.param("short"), pytest.param("long", marks=pytest.mark.soak)])
def test_whatever_is_printed_means_the_same_moments(number: str) -> None:
    size = 12 if number == "short" else soak_size(100, 1000)
    told = [who for planned in some_jobs(7, size) for who in compare(planned)]

    assert {*told} == {"systemd", "kubernetes"}
