"""The real program on the books of a company, killed at random moments: afterwards store and books are made equal."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ..connectors.qbo_desk import usual
from ..fakes.qbo import FakeQuickBooks
from ..fakes.web import running
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

DOCUMENTS = 40
KINDS = ("Customer", "Vendor", "Invoice", "Bill", "Payment", "JournalEntry")
SPAN = {"earliest": 0.4, "latest": 1.4}  # seconds


class CompanyDesk(KillDesk):
    """Documents that are entered, edited, paid, voided and deleted. Access tokens end in between."""

    names_all = False  # a run hears of what changed alone

    def __init__(self, folder: Path, seed: int, fake: FakeQuickBooks) -> None:
        super().__init__(folder, seed)
        self.fake, self.books = fake, fake.books
        fake.now = datetime.now(UTC).replace(microsecond=0)
        fake.limits.on = False
        fake.login.rotate_every = timedelta(days=9999)  # a rotation whose answer is lost needs a person
        self.tokens = fake.login.connect(app=fake.app)
        self.books.pace = 0.1
        self.customer, self.vendor = self.books.customer("Acme"), self.books.vendor("Paper")
        for _ in range(self.some(DOCUMENTS)):
            self.enter()
        fake.tick(600)

    def connector(self) -> dict[str, Any]:
        return {"type": "qbo", "entities": list(KINDS), **usual(self.fake, self.tokens)}

    def words(self) -> str:
        return f"text {self.random.random()}"

    def enter(self) -> None:
        amount, note = Decimal(self.random.randrange(1, 10**6)) / 100, self.words()
        if (act := self.random.randrange(4)) == 0:
            self.books.bill(self.vendor, amount, note=note)
        elif act == 1:
            places = self.books.standing
            self.books.journal({places["expense"]: amount}, {places["bank"]: amount}, note=note)
        else:
            self.books.invoice(self.customer, amount, note=note)

    def edit(self) -> None:
        self.fake.tick(600)
        for kind in ("Invoice", "Bill", "JournalEntry"):
            rows = self.books.rows(kind)
            for row in self.random.sample(rows, len(rows) // 4):
                self.edit_one(kind, row["Id"])
        self.books.edit("Customer", self.customer, DisplayName=self.words())
        self.fake.tick(600)

    def edit_one(self, kind: str, one: str) -> None:
        act = self.random.randrange(5)
        if act == 0:
            self.books.delete(kind, one)
        elif act == 1 and kind == "Invoice":
            self.books.void(kind, one)
        elif act == 2 and kind == "Invoice" and (left := self.books.must(kind, one)["Balance"]):
            self.books.payment(self.customer, left, {one: left})
        elif act == 3:
            self.books.edit(kind, one, PrivateNote=self.words())
        else:
            self.enter()

    def stored(self) -> dict[str, str]:
        with contextlib.closing(self.open_store()) as db:
            rows = db.execute("SELECT id, metadata FROM items").fetchall()
        assert len(rows) == len({item_id for item_id, _ in rows})
        return {item_id: _seen(json.loads(metadata)) for item_id, metadata in rows}

    def source(self) -> dict[str, str]:
        return {f"{kind}/{row['Id']}": _seen(row) for kind in KINDS for row in self.books.rows(kind)}


def _seen(row: dict[str, Any]) -> str:
    amounts = [f"{Decimal(row[name]).normalize():f}" for name in ("TotalAmt", "Balance") if name in row]
    return " ".join([row.get("DisplayName", ""), row.get("PrivateNote", ""), *amounts])


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeQuickBooks]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with running(FakeQuickBooks()) as company:
        yield company


@pytest.mark.parametrize("seed", range(FEW))
def test_killed_runs_lose_and_double_nothing(tmp_path, fake, seed):
    CompanyDesk(tmp_path, seed, fake).kill_and_compare(1, **SPAN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_nothing(tmp_path, fake, seed):
    CompanyDesk(tmp_path, seed, fake).kill_and_compare(share_of(soak_size(12, 200)), **SPAN)
