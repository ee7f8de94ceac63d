"""Files for systemd, cron and Kubernetes: what those programs say of them, and that they mean the same moments."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aragora_sync.cli.units import Job, Place, crontab, kubernetes, systemd, systemd_service
from aragora_sync.engine.calendars import Inexpressible, calendar_of, on_calendar
from aragora_sync.engine.schedule import SyncSchedule, next_run

NOW = datetime(2026, 2, 1, tzinfo=UTC)
NEW_YORK, BERLIN, LORD_HOWE = "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"
WELL: list[dict[str, Any]] = [
    {"cron": "0 12 * * *"},
    {"cron": "30 4 * * *", "timezone": BERLIN},
    {"cron": "15,45 8-17/3 1,15 * 5", "timezone": NEW_YORK},
    {"cron": "0 9 */2 * 1-5", "timezone": LORD_HOWE},
    {"cron": "*/20 * * * *", "timezone": BERLIN},
    {"cron": "0 */6 * * *", "timezone": "Asia/Kolkata"},
    {"cron": "0 6 * * 7"},
    {"interval_hours": 1, "start_time": "08:00", "end_time": "20:00", "timezone": NEW_YORK},
    {"interval_minutes": 45, "start_time": "22:00", "end_time": "02:00"},
    {"cron": "*/30 * * * *", "start_time": "09:00", "end_time": "11:00", "timezone": BERLIN},
]
BOTH_DAYS = WELL[3]
NOT: list[tuple[dict[str, Any], str]] = [
    ({"cron": "30 2 * * *", "timezone": BERLIN}, "the clocks of Europe/Berlin change"),
    ({"cron": "30 1 * * *", "timezone": NEW_YORK}, "the clocks of America/New_York change"),
    ({"cron": "*/20 * * * *", "timezone": LORD_HOWE}, "follows the time that passes"),
    ({"cron": "*/20 3 * * *", "timezone": BERLIN}, "follows the time that passes"),
    ({"cron": "0 9 L * *"}, "signs that not every program knows"),
    ({"cron": "0 9 1 * *", "start_time": "08:00"}, "names days beside start_time"),
    ({"interval_hours": 1, "start_time": "22:00", "end_time": "06:00", "timezone": BERLIN}, "change in the middle"),
]


def required(program: str) -> str:
    """The program; absent, a visible skip, or a failure where everything must be tested."""
    found = shutil.which(program)
    if found is None:
        message = f"{program} is not installed (Debian: apt install systemd)"
        if os.environ.get("ARAGORA_TEST_STRICT"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def job(options: dict[str, Any], tenant: str = "acme") -> Job:
    return Job((tenant, "docs"), SyncSchedule(**options), has_credentials=True)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(
        [sys.executable, "-m", "aragora_sync"], tmp_path / "my $file 100%.yaml", tmp_path / "s", tmp_path / "t"
    )


@pytest.mark.parametrize("options", WELL, ids=str)
def test_systemd_means_the_same_moments(options: dict[str, Any]) -> None:
    """Also over the changes of the clock: in March and in October."""
    schedule, texts = SyncSchedule(**options), on_calendar(calendar_of(SyncSchedule(**options), NOW))
    for start in (datetime(2026, 3, 7, 20, tzinfo=UTC), datetime(2026, 3, 28, 20, tzinfo=UTC),
                  datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 31, 20, tzinfo=UTC)):  # fmt: skip
        expected = [next_run(schedule, start - timedelta(seconds=1), start - timedelta(seconds=1))]
        while len(expected) < 12:
            expected.append(next_run(schedule, expected[-1], expected[-1]))

        assert sorted({each for text in texts for each in elapses(text, start)})[:12] == expected


def elapses(text: str, start: datetime) -> list[datetime]:
    base = f"{start - timedelta(seconds=1):%Y-%m-%d %H:%M:%S} UTC"
    command = [required("systemd-analyze"), "calendar", "--iterations=12", f"--base-time={base}", text]
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"})
    assert ended.returncode == 0, ended.stderr
    found = re.findall(r"(?:Next elapse|Iter[^:]*): \w+ ([\d-]+ [\d:]+) UTC", ended.stdout)
    return [datetime.fromisoformat(f"{each}+00:00") for each in found]


@pytest.mark.parametrize("options, why", NOT, ids=lambda each: str(each)[:50])
def test_what_would_be_approximated_is_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(Inexpressible, match=why):
        calendar_of(SyncSchedule(**options), NOW)


def test_systemd_finds_nothing_wrong_with_units(place: Place, tmp_path: Path) -> None:
    program, folder = required("systemd-analyze"), tmp_path / "units"
    folder.mkdir()
    jobs = [
        job(WELL[7]),
        job({"interval_minutes": 30, "jitter": 60}, "umbrella"),
        job({"cron": "0 4 * * *", "jitter": 600}, "Big.Corp"),
    ]
    for name, text in [*systemd(jobs, place, NOW), *systemd_service(jobs, place)]:
        (folder / name).write_text(text)
    names = sorted(path.name for path in folder.iterdir())
    environ = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"}
    ended = subprocess.run(
        [program, "verify", "--man=no", *names], capture_output=True, text=True, env=environ, cwd=folder
    )
    ours_alone = [line for line in ended.stderr.splitlines() if "aragora-sync" in line]

    assert ours_alone == []
    assert len(names) == 7
    assert "LoadCredential=ARAGORA_BIG_CORP_:" in (folder / "aragora-sync-Big.Corp_docs.service").read_text()


@pytest.mark.parametrize("what", ["program", "config", "source", "nothing"])
def test_systemd_hides_no_home_that_is_needed(what: str, place: Place) -> None:
    at_home = {what: Path("/home/alice/.local/bin/aragora-sync")}
    place = Place(
        [str(at_home.get("program", "/usr/bin/aragora-sync"))], at_home.get("config", Path("/etc/c.yaml")),
        Path("/var/lib/s"), Path("/var/lib/t"),
    )  # fmt: skip
    one = Job(
        ("acme", "docs"),
        SyncSchedule(interval_hours=1),
        has_credentials=False,
        reads=[at_home.get("source", Path("/srv"))],
    )

    texts = [
        dict(systemd([one], place, NOW))[f"{one.name}.service"],
        dict(systemd_service([one], place))["aragora-sync.service"],
    ]

    expected = "ProtectHome=yes" if what == "nothing" else "ProtectHome=read-only"
    assert [expected in text for text in texts] == [True, True]


def test_tokens_and_the_audit_trail_can_be_written_and_outlive_the_run(place: Place) -> None:
    """Both lie below the home: a refresh token that is lost ends the login."""
    units = [dict(systemd([job(WELL[0])], place, NOW))["aragora-sync-acme_docs.service"]]
    units += dict(systemd_service([job(WELL[0])], place)).values()
    ((_, cron_job),) = kubernetes([job(WELL[0])], place, NOW)
    (container,) = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]

    assert ["/var/lib/aragora-sync/.aragora\n" in text for text in units] == [True, True]
    home = next(each["value"] for each in container["env"] if each["name"] == "HOME")
    assert home in [each["mountPath"] for each in container["volumeMounts"] if each["name"] == "data"]


def test_units_say_what_must_be_there_before_the_first_start(place: Place) -> None:
    text = dict(systemd_service([job(WELL[0])], place))["aragora-sync.service"]

    folders = f"{place.store} {place.state} /var/lib/aragora-sync/.aragora"
    assert "#   useradd --system --create-home --home-dir /var/lib/aragora-sync aragora-sync" in text
    assert f"#   install -d -m 700 -o aragora-sync {folders}" in text
    assert "#   install -d -m 700 /etc/aragora-sync/credentials/acme" in text


ODD_FOLDERS = ["plain", "100%d", "it's", 'quo"te', "a\\b", "two words\\x", "ü $HOME", "semi;colon"]
SYSTEMD = "/lib/systemd/systemd"


def test_systemd_understands_odd_paths_as_they_are() -> None:
    """What systemd itself says that it understood."""
    folders = [Path("/srv") / odd for odd in ODD_FOLDERS]
    place_of_own = "/var/lib/aragora-sync/.aragora"
    with tempfile.TemporaryDirectory() as units:
        Path(units).chmod(0o755)
        for number, odd in enumerate(folders):
            where = Place(["/bin/true"], odd / "c.yaml", odd / "s", odd / "t")
            ((_, service), _) = systemd([job({"interval_hours": 1})], where, NOW)
            (Path(units) / f"odd{number}.service").write_text(service)
        understood = dumped(Path(units))

    for number, odd in enumerate(folders):
        words, paths = understood[f"odd{number}.service"]
        assert words[words.index("--config") + 1] == str(odd / "c.yaml").replace("$", "$$")
        assert paths == f"{odd / 's'} {odd / 't'} {place_of_own}"


def dumped(folder: Path) -> dict[str, tuple[list[str], str]]:
    """Of each service the words of its command, in which a dollar is still two, and where it may write."""
    services = sorted(path.name for path in folder.iterdir())
    (folder / "all.target").write_text(f"[Unit]\nWants={' '.join(services)}\n")
    environ = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:", "XDG_RUNTIME_DIR": str(folder), "LC_ALL": "C.UTF-8"}
    command = [required(SYSTEMD), "--test", "--system", "--unit=all.target", "--no-pager"]
    nobody = 65534 if os.geteuid() == 0 else None  # it refuses to be tested as root
    ended = subprocess.run(command, capture_output=True, text=True, env=environ, user=nobody)
    found = {}
    for part in ended.stdout.split("-> Unit ")[1:]:
        name = part.partition(":")[0]
        if name in services:
            line, paths = (re.search(rf"{what}: (.*)", part) for what in ("Command Line", "ReadWritePaths"))
            assert line is not None and paths is not None
            found[name] = (shlex.split(line[1].replace("\\$", "$")), paths[1])
    assert len(found) == len(services), ended.stderr
    return found


def test_kubernetes_finds_nothing_wrong_with_jobs(place: Place) -> None:
    import kubernetes_validate

    jobs = [job(options, f"Tenant_{number}") for number, options in enumerate(WELL) if options != BOTH_DAYS]
    found = dict(kubernetes(jobs, place, NOW))

    assert len(found) >= len(jobs)
    for document in found.values():
        kubernetes_validate.validate(document, "1.37", strict=True)
        assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", document["metadata"]["name"])
        assert len(document["metadata"]["name"]) <= 52


def test_kubernetes_knows_no_days_that_are_both(place: Place) -> None:
    with pytest.raises(Inexpressible, match="not only days of both"):
        list(kubernetes([job(BOTH_DAYS)], place, NOW))


def test_cron_is_told_no_steps_from_a_number() -> None:
    """It takes 5/15 for 5."""
    assert calendar_of(SyncSchedule(cron="5/15 8/6 * * *"), NOW).lines == ("5,20,35,50 8,14,20 * * *",)
    assert calendar_of(SyncSchedule(cron="*/15 8-18/2 * * *"), NOW).lines == ("*/15 8-18/2 * * *",)


def test_interval_must_divide_for_cron_and_kubernetes(place: Place) -> None:
    assert calendar_of(SyncSchedule(interval_minutes=15), NOW).lines == ("*/15 * * * *",)
    assert calendar_of(SyncSchedule(interval_hours=6), NOW).lines == ("0 */6 * * *",)
    for options in ({"interval_minutes": 7}, {"interval_hours": 5}, {"interval_minutes": 1.5}):
        with pytest.raises(Inexpressible, match="divides neither"):
            calendar_of(SyncSchedule(**options), NOW)
    ((_, timer),) = [each for each in systemd([job({"interval_minutes": 7})], place, NOW) if each[0].endswith("timer")]
    assert "OnUnitActiveSec=420s" in timer


def test_cron_knows_only_the_zone_of_its_machine(place: Place) -> None:
    ((name, text),) = crontab([job({"cron": "30 4 * * *", "timezone": BERLIN})], place, NOW, BERLIN)

    assert name == "aragora-sync"
    assert text.splitlines()[-1].startswith("30 4 * * * aragora-sync ")
    assert r"100\%" in text
    with pytest.raises(Inexpressible, match="cron knows only the zone of this machine, UTC"):
        list(crontab([job({"cron": "30 4 * * *", "timezone": BERLIN})], place, NOW, "UTC"))


@pytest.mark.parametrize("odd", ["new\nline", "a\\\\b", "a\\%b", "x" * 400])
def test_cron_would_take_it_for_something_else(odd: str, tmp_path: Path) -> None:
    where = Place(["aragora-sync"], Path(odd) / "c.yaml", Path(odd), Path(odd))
    with pytest.raises(Inexpressible, match="signs that cron takes for others"):
        list(crontab([job({"cron": "0 4 * * *"})], where, NOW, "UTC"))


def test_jitter_is_refused_where_all_start_on_the_minute(place: Place) -> None:
    spread = [job({"cron": "0 4 * * *", "jitter": 60})]
    with pytest.raises(Inexpressible, match="jitter"):
        list(crontab(spread, place, NOW, "UTC"))
    with pytest.raises(Inexpressible, match="jitter"):
        list(kubernetes(spread, place, NOW))
