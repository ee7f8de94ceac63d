"""Schedules in the file: each mistake has the place of its option, here marked with a caret."""

from __future__ import annotations

import pytest

from .conftest import Refused

WRONG = [
    ("{cron: ^0 2 * *}", "option 'cron': five fields are expected"),
    ("{interval_hours: 1, timezone: ^Mars}", "option 'timezone': unknown time zone"),
    ("{interval_hours: 1, start_time: '08:00', end_time: ^'08:00'}", "option 'end_time' is the same"),
    ("^{start_time: '08:00'}", "one of the options 'interval_hours', 'interval_minutes' and 'cron' is required"),
    ("{interval_hours: 1, cron: ^'@daily'}", "option 'cron' beside 'interval_hours': keep one of them"),
    ("{interval_minutes: ^0}", "option 'interval_minutes' must be at least 1"),
]


@pytest.mark.parametrize("schedule, message", WRONG)
def test_mistake_is_told_with_its_place(schedule: str, message: str, refused: Refused) -> None:
    line = f"- {{type: notion, workspace: a, schedule: {schedule}}}"
    (problem,) = refused(f"connectors:\n{line.replace('^', '')}\n")

    assert problem.startswith(f"2:{line.index('^') + 1}: connectors[0] (notion): schedule: {message}")
