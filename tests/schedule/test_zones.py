"""Zones whose clocks do what nobody expects, most of them long ago; and what another program thinks of all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from aragora_sync.engine.schedule import SyncSchedule

from .test_year import CRON, END, START, ZONES, compare_all, ours

ODD = [
    ("America/Asuncion", "2023-10-01"),  # forward at midnight
    ("America/Sao_Paulo", "2018-11-04"),  # forward at midnight
    ("America/Sao_Paulo", "2019-02-17"),  # back at midnight, into the day before
    ("America/Caracas", "2016-05-01"),  # half an hour, for good
    ("America/Nuuk", "2023-03-26"),  # to another standard time instead of summer time
    ("Antarctica/Casey", "2020-10-04"),  # three hours at once
    ("Asia/Pyongyang", "2015-08-15"),  # back by half an hour at midnight
    ("Asia/Tehran", "2022-03-22"),  # forward at midnight
    ("Europe/Dublin", "2026-03-29"),  # winter is the time that is saved
    ("Europe/Dublin", "2026-10-25"),
    ("Europe/Istanbul", "2016-09-07"),  # stays in summer
    ("Pacific/Apia", "2011-12-30"),  # this day never was
    ("Pacific/Apia", "2012-04-01"),
    ("Pacific/Chatham", "2026-04-05"),  # three quarters of an hour beside the others
    ("Pacific/Kwajalein", "1993-08-21"),  # this day never was
]


@pytest.mark.parametrize(("zone", "day"), ODD)
def test_what_clocks_did_once(zone: str, day: str) -> None:
    middle = datetime.fromisoformat(day).replace(tzinfo=UTC)

    compare_all(zone, (middle - timedelta(days=3), middle + timedelta(days=3)))


def test_a_day_that_never_was_is_made_up_when_it_would_have_ended() -> None:
    """Samoa went to the other side of the date line after the 29th of December 2011."""
    before, after = datetime(2011, 12, 29, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC)
    nightly = SyncSchedule(cron="30 2 * * *", timezone="Pacific/Apia")

    shown = [f"{run.astimezone(ZoneInfo('Pacific/Apia')):%d %H:%M}" for run in ours(nightly, before, after)]
    assert shown == ["29 02:30", "31 00:00", "31 02:30", "01 02:30"]


@pytest.mark.contract
@pytest.mark.parametrize("zone", ZONES)
def test_cronsim_names_the_same_moments_in_all_zones(zone: str) -> None:
    """It reads the fields for us, on a clock without a zone; here it reckons with zones by itself.

    Where clocks change by half an hour it follows no clock in lines with a star, so that these are left out.
    """
    place = ZoneInfo(zone)
    for line in CRON:
        minute, hour, *_ = line.split()
        if zone == "Australia/Lord_Howe" and "*" in (minute + hour):
            continue
        moments = []
        for run in CronSim(line, (START - timedelta(minutes=1)).astimezone(place)):
            if (at := run.astimezone(UTC)) >= END:
                break
            moments.append(at)
        found = ours(SyncSchedule(timezone=zone, cron=line), START, END)

        assert found == [at for at in moments if at >= START], line
