"""What is due next, hours and thousands of connectors in a moment."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from aragora_sync.engine.agenda import Agenda, Key, LastRun
from aragora_sync.engine.schedule import SyncSchedule, next_run

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HOURLY = SyncSchedule(interval_hours=1)
A, B = ("acme", "a"), ("acme", "b")


def never(_key: Key) -> None:
    return None


def planned(wanted: dict[Key, SyncSchedule], last: dict[Key, LastRun] | None = None, now: datetime = NOW) -> Agenda:
    agenda = Agenda()
    agenda.plan(wanted, (last or {}).get, now)
    return agenda


def test_the_one_that_waits_longest_comes_first() -> None:
    last = {A: LastRun(NOW - 2 * HOUR), B: LastRun(NOW - 3 * HOUR)}
    agenda = planned({A: HOURLY, B: HOURLY}, last, NOW - 2 * HOUR)

    assert list(agenda.take(NOW, 1)) == [B]
    assert list(agenda.take(NOW, 1)) == [A]
    assert list(agenda.take(NOW, 1)) == []


def test_restart_misses_nothing_and_doubles_nothing() -> None:
    last = {A: LastRun(NOW - MINUTE), B: LastRun(NOW - 61 * MINUTE)}
    agenda = planned({A: HOURLY, B: HOURLY}, last)

    assert list(agenda.take(NOW, 9)) == [B]
    assert agenda.next_due() == NOW + 59 * MINUTE


@pytest.mark.parametrize(
    "schedule",
    [HOURLY, SyncSchedule(cron="0 * * * *"), SyncSchedule(interval_hours=1, start_time="06:00", end_time="23:00")],
)
def test_what_was_missed_while_the_machine_slept_is_made_up_by_one_run(schedule: SyncSchedule) -> None:
    agenda = planned({A: schedule}, {A: LastRun(NOW - HOUR)})
    woken = NOW + 3 * HOUR + 7 * MINUTE
    agenda.replan(woken)
    assert list(agenda.take(woken, 9)) == [A]
    agenda.ended(A, woken)

    assert list(agenda.take(woken, 9)) == []
    assert woken < agenda.upcoming()[A] <= woken + HOUR


def test_what_wakes_too_late_for_its_time_of_day_waits_for_the_next_unless_it_is_asked_for() -> None:
    by_day = SyncSchedule(interval_hours=1, start_time="08:00", end_time="20:00")
    agenda = planned({A: by_day, B: by_day}, {A: LastRun(NOW), B: LastRun(NOW)})
    night = NOW + 11 * HOUR
    agenda.replan(night)
    agenda.run_soon(B, night)

    assert list(agenda.take(night, 9)) == [B]
    agenda.ended(B, night)
    assert list(agenda.take(night, 9)) == []
    assert agenda.upcoming() == {A: NOW + 20 * HOUR, B: NOW + 20 * HOUR}


def test_run_that_was_interrupted_is_made_up_at_once() -> None:
    daily = SyncSchedule(cron="0 2 * * *")
    agenda = planned({A: daily, B: daily}, {A: LastRun(NOW - HOUR, ended=False), B: LastRun(NOW - HOUR)})

    assert list(agenda.take(NOW, 9)) == [A]


def test_never_twice_at_once_and_what_became_due_meanwhile_is_one_run() -> None:
    agenda = planned({A: HOURLY})
    assert list(agenda.take(NOW, 9)) == [A]

    late = NOW + 5 * HOUR
    assert list(agenda.take(late, 9)) == []
    agenda.ended(A, late)
    assert list(agenda.take(late, 9)) == [A]
    agenda.ended(A, late)

    assert agenda.next_due() == late + HOUR


def test_who_is_asked_for_runs_now_or_right_after_its_run() -> None:
    agenda = planned({A: HOURLY}, {A: LastRun(NOW)})
    assert agenda.run_soon(A, NOW)
    assert list(agenda.take(NOW, 9)) == [A]

    assert agenda.run_soon(A, NOW)
    agenda.ended(A, NOW)

    assert list(agenda.take(NOW, 9)) == [A]
    assert not agenda.run_soon(("acme", "nobody"), NOW)


def test_new_plan_keeps_the_place_of_what_keeps_its_schedule() -> None:
    agenda = planned({A: HOURLY, B: HOURLY}, {A: LastRun(NOW), B: LastRun(NOW)})
    later = NOW + 30 * MINUTE
    agenda.plan({A: SyncSchedule(interval_minutes=60), B: SyncSchedule(interval_minutes=10)}, never, later)

    assert agenda.upcoming() == {A: NOW + HOUR, B: later}


def test_taken_out_while_it_runs() -> None:
    agenda = planned({A: HOURLY})
    list(agenda.take(NOW, 9))
    agenda.plan({}, never, NOW)
    agenda.ended(A, NOW)

    assert agenda.next_due() is None


def test_taken_out_and_put_back_while_it_runs() -> None:
    agenda = planned({A: HOURLY})
    list(agenda.take(NOW, 9))
    agenda.plan({}, never, NOW)
    agenda.plan({A: HOURLY}, never, NOW)

    assert list(agenda.take(NOW, 9)) == []
    agenda.ended(A, NOW)
    assert agenda.next_due() == NOW + HOUR


def test_clock_that_is_put_back_delays_nothing_by_more_than_an_interval() -> None:
    agenda = planned({A: HOURLY}, {A: LastRun(NOW)})
    earlier = NOW - timedelta(days=30)
    agenda.replan(earlier)

    assert agenda.next_due() == earlier


def test_clock_that_is_put_forward_makes_up_what_was_missed() -> None:
    agenda = planned({A: SyncSchedule(cron="0 13 * * *")})
    agenda.replan(NOW + 2 * HOUR)

    assert list(agenda.take(NOW + 2 * HOUR, 9)) == [A]


def test_a_day_of_five_thousand_connectors() -> None:
    wanted = {
        (f"t{number % 50}", f"c{number}"): SyncSchedule(interval_hours=1 + number % 6, jitter=600)
        for number in range(5_000)
    }
    agenda, now, runs = planned(wanted), NOW, Counter[Key]()
    chance = random.Random(1)
    busy: list[tuple[datetime, Key]] = []
    while now < NOW + 24 * HOUR:
        for _, key in [each for each in busy if each[0] <= now]:
            agenda.ended(key, now)
        busy = [each for each in busy if each[0] > now]
        for key in agenda.take(now, 200 - len(busy)):
            runs[key] += 1
            busy.append((now + chance.randint(0, 3) * MINUTE, key))
        now += MINUTE

    assert len(runs) == len(wanted)
    for key, schedule in wanted.items():
        assert schedule.interval is not None
        expected = timedelta(days=1) / schedule.interval
        assert expected - 2 <= runs[key] <= expected + 1
    assert len(agenda._heap) <= 2 * len(wanted)


def test_agenda_follows_next_run_to_the_second() -> None:
    schedule = SyncSchedule(cron="7,37 8-17 * * 1-5", timezone="Europe/Berlin", jitter=300)
    agenda, now = planned({A: schedule}), NOW
    delay = schedule.delay_of(*A)
    expected = next_run(schedule, None, now, delay)
    for _ in range(50):
        due = agenda.next_due()
        assert due == expected
        assert list(agenda.take(due + timedelta(seconds=3), 1)) == [A]
        agenda.ended(A, due + timedelta(seconds=200))
        expected = next_run(schedule, expected, expected, delay)
