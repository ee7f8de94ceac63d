"""The fake Gusto, a store, and the connector between them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from aragora_sync.auth.tokens import Tokens
from aragora_sync.connectors.gusto import GustoConnector

from ..fakes.gusto import CLIENT, SECRET, FakeGusto, Grant
from ..fakes.gusto_books import Books, Employee, Pay, Payroll
from ..fakes.web import running
from ..net.clock import PatientClock, patient
from .service_desk import ServiceDesk, changes, problem

__all__ = ["OWN", "GustoDesk", "changes", "dollars", "opened_desk", "plain_pay", "problem"]

OWN = {"GUSTO_CLIENT_ID": CLIENT, "GUSTO_CLIENT_SECRET": SECRET}


class GustoDesk(ServiceDesk):
    """One company, at which somebody has logged in."""

    make = GustoConnector

    def __init__(self, folder: Path, fake: FakeGusto, time: PatientClock) -> None:
        super().__init__(folder)
        self.fake, self.time = fake, time
        self.begin_anew()

    @property
    def books(self) -> Books:
        return self.fake.books

    @property
    def today(self) -> date:
        return self.fake.now.date()

    def begin_anew(self) -> None:
        """A company of one's own, with nobody in it, and a login there."""
        self.fake.begin_anew()
        self.log_in()

    def log_in(self) -> Grant:
        grant = self.fake.consent()
        connector = self.connector()
        told = {"company_id": grant.books.uuid, "company": grant.books.name}
        connector.tokens.begin(Tokens(grant.access, grant.refresh, grant.ends_at, "public", told))
        self.grant = grant
        return grant

    def usual(self) -> Mapping[str, Any]:
        return {"base_url": self.fake.url, "credentials": OWN, "token_file": True}

    def day(self, days: int) -> date:
        """So many days after today, or before it."""
        return self.today + timedelta(days=days)

    def hire(self, count: int = 1, **more: Any) -> list[Employee]:
        return [self.books.hire(f"Ann{number}", "Lee", **more) for number in range(count)]

    def pay(self, days: int, pays: Sequence[Pay] = (), **more: Any) -> Payroll:
        """A payroll whose check date is so many days from today; by default everybody gets the same."""
        pays = pays or [plain_pay(each.uuid) for each in self.books.employees.values()]
        return self.books.pay(self.day(days), list(pays), **more)

    def item(self, payroll: Payroll) -> Any:
        return self.entries()[f"payrolls/{payroll.uuid}"]

    def counted(self) -> dict[str, int]:
        """How many requests went to each list, and to payrolls alone."""
        found: dict[str, int] = {}
        for path in self.fake.paths():
            parts = path.removeprefix("/v1/companies/").split("/")
            name = "payroll" if parts[1:2] == ["payrolls"] and len(parts) > 2 else parts[-1]
            found[name] = found.get(name, 0) + 1
        return found


def dollars(told: str) -> Decimal:
    return Decimal(told)


def plain_pay(employee: str, wages: str = "3000.00", **more: Any) -> Pay:
    """Wages with the taxes of both sides, and health insurance."""
    usual: dict[str, Any] = {
        "wages": dollars(wages),
        "employee_taxes": {"Federal Income Tax": dollars("412.37"), "Social Security": dollars("186.00")},
        "employer_taxes": {"Social Security": dollars("186.00")},
        "deductions": {"Medical": (dollars("55.55"), dollars("120.01"))},
    }
    return Pay(employee, **{**usual, **more})


@contextmanager
def opened_desk(folder: Path) -> Iterator[GustoDesk]:
    """A desk in this folder, which is its HOME. Nobody waits for real at it, and all clocks are that of Gusto."""
    with running(FakeGusto()) as fake, patient(fake) as time, at_home(folder, fake):
        yield GustoDesk(folder, fake, time)


@contextmanager
def at_home(folder: Path, fake: FakeGusto) -> Iterator[None]:
    now = mock.patch("aragora_sync.auth.refreshing.utc_now", lambda: fake.now)
    with mock.patch.dict(os.environ, {"HOME": str(folder)}), now:
        yield
