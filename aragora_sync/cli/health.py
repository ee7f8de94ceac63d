"""Whether a connector is well: how old what is stored may be, when it runs next, what a person can do."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ..connectors import connector_class
from ..core.errors import Exit
from ..engine.agenda import Agenda
from ..engine.result import Status
from ..engine.schedule import SyncSchedule, next_run
from ..engine.waiting import counted_from
from ..oauth import OAuthConnector
from ..store.base import UNDER_WAY

if TYPE_CHECKING:
    from collections.abc import Collection

    from .standing import Standing

GRACE = timedelta(minutes=10)  # for a run that takes its time


class Health(StrEnum):
    """What monitoring must know of a connector."""

    FRESH = "fresh"
    STALE = "stale"  # two runs that were due did not go well, or it is older than was allowed
    FAILING = "failing"  # the latest run did not go well
    LOGIN = "login needed"
    IGNORED = "ignored"  # disabled, or not configured


WELL = (Health.FRESH, Health.IGNORED)
_UNDECIDED = (str(Status.OK), str(Status.INTERRUPTED), *UNDER_WAY)


def schedule_of(standing: Standing) -> SyncSchedule | None:
    """Its schedule, where it has one that counts."""
    config = standing.chosen.config
    return SyncSchedule(**config.schedule) if config is not None and config.enabled and config.schedule else None


def next_run_at(standing: Standing, now: datetime) -> datetime | None:
    """When its schedule has it run the next time; None without one, and while it runs."""
    schedule = schedule_of(standing)
    if schedule is None or standing.status in UNDER_WAY:
        return None
    agenda, key = Agenda(), (standing.chosen.tenant, standing.chosen.connector)
    if standing.plans and (told := standing.plans.due(key, schedule, now)):
        return told
    runs = {key: standing.last_run} if standing.last_run else {}
    since = {key: standing.waits_since} if standing.waits_since else {}
    agenda.plan({key: schedule}, counted_from({key: schedule}, runs, since).get, now)
    return agenda.next_due()


def lag_of(standing: Standing, now: datetime) -> timedelta | None:
    """How old what is stored may be; None before the first run that went well. What is watched is as new as can be."""
    if standing.watched:
        return timedelta()
    return None if standing.last_success_at is None else max(timedelta(), now - standing.last_success_at)


def health_of(standing: Standing, now: datetime, max_age: timedelta | None = None) -> Health:
    """`max_age` decides instead of the schedule; without either, only what never went well is stale."""
    if not standing.enabled:
        return Health.IGNORED
    if standing.status == Status.NEEDS_LOGIN:
        return Health.LOGIN
    if standing.problems or (standing.runs and standing.told not in _UNDECIDED):
        return Health.FAILING
    if standing.watched:
        return Health.FRESH
    lag = lag_of(standing, now)
    if lag is None or (lag > max_age if max_age is not None else _overdue(standing, now)):
        return Health.STALE
    return Health.FRESH


def _overdue(standing: Standing, now: datetime) -> bool:
    schedule, success = schedule_of(standing), standing.last_success_at
    if schedule is None or success is None:
        return False
    delay = schedule.delay_of(standing.chosen.tenant, standing.chosen.connector)
    first = next_run(schedule, success, success, delay)
    return now > next_run(schedule, first, first, delay) + GRACE


def exit_code_of(found: Collection[Health]) -> Exit:
    """0: all fresh; 4: somebody must log in; 1: none is fresh; 3: some are not."""
    counted = [health for health in found if health is not Health.IGNORED]
    wrong = [health for health in counted if health not in WELL]
    if not wrong:
        return Exit.OK
    if Health.LOGIN in wrong:
        return Exit.LOGIN
    return Exit.FAILED if len(wrong) == len(counted) else Exit.PARTIAL


def advice(standing: Standing, health: Health) -> str:
    """The command that comes next; empty where nothing must be done."""
    chosen = standing.chosen
    name = f"{chosen.connector} --tenant {chosen.tenant}"
    if health is Health.LOGIN:
        login = issubclass(connector_class(chosen.type), OAuthConnector)
        return f"aragora-sync {'oauth login' if login else 'check'} {name}"
    if health is Health.FAILING and standing.status in (Status.REFUSED, Status.MISCONFIGURED):
        return f"aragora-sync check {name}"
    if health is Health.FAILING and not standing.problems:
        return f"aragora-sync run {name} -v"
    if health is Health.STALE:
        if schedule_of(standing) is None:
            return f"aragora-sync run {name}"
        if not standing.runs:
            return f"wait for its schedule, or: aragora-sync run {name}"
        return f"see that `aragora-sync schedule` runs, or: aragora-sync run {name}"
    return ""


def ago(lag: timedelta) -> str:
    """A length of time as people say it."""
    minutes = int(lag.total_seconds()) // 60
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if (number := minutes // size) >= 1:
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "a moment"
