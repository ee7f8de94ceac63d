"""What a schedule means, case by case, and what holds for all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.schedule import SyncSchedule, next_run

from .test_year import ZONES

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def due(last: datetime | None, now: datetime = NOON, delay: timedelta = timedelta(), **options: Any) -> datetime:
    return next_run(SyncSchedule(**options), last, now, delay)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}Z")


def test_interval_counts_from_the_last_run() -> None:
    assert due(NOON, interval_hours=1) == NOON + HOUR
    assert due(NOON, interval_minutes=5) == NOON + timedelta(minutes=5)


def test_what_never_ran_runs_at_once_or_with_its_cron_line() -> None:
    assert due(None, interval_hours=1) == NOON
    assert due(None, cron="0 2 * * *") == at("03-02 02:00")
    assert due(None, cron="0 12 * * *") == NOON
    assert due(None, interval_hours=1, start_time="08:00", end_time="10:00") == at("03-02 08:00")


@pytest.mark.parametrize("options", [{"interval_minutes": 5}, {"cron": "*/5 * * * *"}, {"cron": "0 2 * * *"}])
def test_missed_runs_are_made_up_once(options: dict[str, Any]) -> None:
    last = NOON - 30 * DAY

    assert due(last, **options) == NOON
    assert due(NOON, **options) > NOON


def test_missed_run_waits_for_the_window() -> None:
    options: dict[str, Any] = {"interval_hours": 1, "start_time": "14:00", "end_time": "16:00"}

    assert due(NOON - 30 * DAY, **options) == at("03-01 14:00")
    assert due(at("03-01 14:00"), at("03-01 14:00"), **options) == at("03-01 15:00")
    assert due(at("03-01 15:00"), at("03-01 15:00"), **options) == at("03-02 14:00")


def test_window_over_midnight() -> None:
    options: dict[str, Any] = {"interval_hours": 2, "start_time": "22:00", "end_time": "03:00"}

    assert due(NOON, **options) == at("03-01 22:00")
    assert due(at("03-02 00:00"), at("03-02 00:00"), **options) == at("03-02 02:00")
    assert due(at("03-02 02:00"), at("03-02 02:00"), **options) == at("03-02 22:00")


def test_window_is_meant_in_its_zone() -> None:
    options: dict[str, Any] = {"interval_hours": 1, "start_time": "08:00", "end_time": "20:00"}

    assert due(NOON, timezone="America/New_York", **options) == at("03-01 13:00")
    assert due(at("03-08 00:30"), at("03-08 00:30"), timezone="America/New_York", **options) == at("03-08 12:00")


def test_last_run_in_the_future_is_not_believed() -> None:
    assert due(NOON + 1000 * DAY, interval_hours=1) == NOON


@pytest.mark.parametrize("options, expected", [
    ({"interval_hours": 1}, "03-01 13:00"),
    ({"cron": "0 12 * * *"}, "03-02 12:00"),
    ({"interval_hours": 1, "start_time": "08:00"}, "03-01 13:00"),
])  # fmt: skip
def test_a_clock_that_is_corrected_while_it_runs_doubles_no_run(options: dict[str, Any], expected: str) -> None:
    assert due(NOON, NOON - timedelta(seconds=20), **options) == at(expected)


@pytest.mark.parametrize("zone, day, expected", [
    ("America/New_York", "03-08", "03-08 07:00"),  # 02:30 is skipped: at 03:00
    ("America/New_York", "11-01", "11-01 07:30"),  # 02:30 comes once
    ("Europe/Berlin", "10-25", "10-25 00:30"),  # 02:30 comes twice: the first
])  # fmt: skip
def test_skipped_and_doubled_times(zone: str, day: str, expected: str) -> None:
    midnight = at(f"{day} 00:00")

    assert due(midnight, midnight, cron="30 2 * * *", timezone=zone) == at(expected)
    assert due(at(expected), at(expected), cron="30 2 * * *", timezone=zone).date() == midnight.date() + DAY


def test_nicknames_and_names_of_days() -> None:
    assert due(NOON, cron="@daily") == at("03-02 00:00")
    assert due(NOON, cron="0 9 * * mon-fri") == at("03-02 09:00")


def test_delay_is_the_connectors_own_and_shifts_each_slot() -> None:
    hourly = SyncSchedule(cron="0 * * * *", jitter=600)
    delays = {hourly.delay_of("acme", f"c{number}") for number in range(200)}

    assert len(delays) > 150
    assert all(timedelta() <= delay < timedelta(minutes=10) for delay in delays)
    assert hourly.delay_of("acme", "c1") == SyncSchedule(interval_hours=3, jitter=600).delay_of("acme", "c1")
    assert next_run(hourly, NOON, NOON, timedelta(minutes=7)) == NOON + timedelta(minutes=7)
    assert next_run(hourly, at("03-01 12:07"), at("03-01 12:07"), timedelta(minutes=7)) == at("03-01 13:07")


def test_delay_never_leaves_the_window() -> None:
    options: dict[str, Any] = {"cron": "30 13 * * *", "start_time": "13:00", "end_time": "13:35"}
    delay = timedelta(minutes=7)

    assert due(NOON, delay=delay, **options) == at("03-01 13:30")
    assert due(at("03-01 13:30"), at("03-01 13:30"), delay, **options) == at("03-02 13:30")


schedules = st.builds(
    lambda rhythm, window, zone, jitter: SyncSchedule(**rhythm, **window, timezone=zone, jitter=jitter),
    st.one_of(
        st.integers(1, 1440).map(lambda minutes: {"interval_minutes": minutes}),
        st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 */3 * * *", "15 1,2,3 * * 0"]).map(
            lambda line: {"cron": line}
        ),
    ),
    st.sampled_from([{}, {"start_time": "01:00", "end_time": "04:00"}, {"start_time": "22:00", "end_time": "03:20"}]),
    st.sampled_from(ZONES),
    st.sampled_from([None, 90, 5000]),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@given(schedules, moments, st.timedeltas(timedelta(), 3 * DAY))
def test_runs_are_never_early_never_closed_and_rise(schedule: SyncSchedule, now: datetime, ago: timedelta) -> None:
    delay = schedule.delay_of("acme", "docs")
    runs = [next_run(schedule, now - ago, now, delay)]
    for _ in range(10):
        runs.append(next_run(schedule, runs[-1], runs[-1], delay))

    assert runs[0] >= now
    assert all(one < other for one, other in pairwise(runs))
    assert all(schedule.is_open(run) for run in runs)


@given(schedules, moments, st.timedeltas(timedelta(), DAY))
def test_looking_again_before_it_is_due_changes_nothing(
    schedule: SyncSchedule, last: datetime, waited: timedelta
) -> None:
    delay = schedule.delay_of("acme", "docs")
    planned = next_run(schedule, last, last, delay)
    later = min(last + waited, planned)

    assert next_run(schedule, last, later, delay) == planned


WRONG = [
    ({}, "one of the options 'interval_hours', 'interval_minutes' and 'cron' is required"),
    ({"interval_hours": 1, "cron": "0 2 * * *"}, "option 'cron' beside 'interval_hours': keep one of them"),
    ({"interval_minutes": 0}, "option 'interval_minutes' must be at least 1"),
    ({"interval_hours": 10**12}, "option 'interval_hours' must be at most 87600"),
    ({"cron": "0 2 * *"}, "option 'cron': five fields are expected"),
    ({"cron": "0 0 2 * * *"}, "option 'cron': five fields are expected"),
    ({"cron": "61 2 * * *"}, "option 'cron': the minute cannot be understood"),
    ({"cron": "0 2 * * fun"}, "option 'cron': the day of the week cannot be understood"),
    ({"cron": "0 2 30 2 *"}, "option 'cron': this day never comes"),
    ({"cron": "@reboot"}, "option 'cron': known are @hourly"),
    ({"interval_hours": 1, "timezone": "Europe/Berln"}, "unknown time zone; did you mean 'Europe/Berlin'?"),
    ({"interval_hours": 1, "timezone": "/etc/passwd"}, "unknown time zone"),
    ({"interval_hours": 1, "timezone": "Europe"}, "unknown time zone"),
    ({"interval_hours": 1, "start_time": "8 Uhr"}, "option 'start_time': expected a time of day like '08:00'"),
    ({"interval_hours": 1, "end_time": "24:00"}, "option 'end_time': expected a time of day"),
    ({"interval_hours": 1, "start_time": "08:00", "end_time": "8:00"}, "option 'end_time' is the same as start_time"),
    ({"interval_hours": 48, "start_time": "08:00"}, "an interval is at most 24 hours"),
    (
        {"cron": "0 2 * * *", "start_time": "08:00", "end_time": "20:00"},
        "names no time between start_time and end_time",
    ),
    ({"cron": "0 2 * * *", "jitter": -1}, "option 'jitter' must be at least 0"),
    ({"every": 5}, "unknown option 'every'"),
]


@pytest.mark.parametrize("options, message", WRONG)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        SyncSchedule(**options)

    assert message in str(refused.value)


@pytest.fixture
def no_zones() -> Iterator[None]:
    """A machine without a time zone database, as small containers are."""
    ZoneInfo.clear_cache()
    with mock.patch.dict(sys.modules, {"tzdata": None}):
        reset_tzpath(to=[])
        try:
            yield
        finally:
            reset_tzpath()
            ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_zones")
def test_machine_that_knows_no_zones_still_keeps_utc_and_is_told_what_to_install() -> None:
    nightly = SyncSchedule(cron="0 2 * * *", start_time="01:00", end_time="03:00", timezone="UTC")

    assert next_run(nightly, None, datetime(2026, 3, 1, tzinfo=UTC)) == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert SyncSchedule(interval_hours=1).zone is UTC
    with pytest.raises(ConfigError, match="this machine knows no time zones but UTC; install its package tzdata"):
        SyncSchedule(interval_hours=1, timezone="Europe/Berlin")
