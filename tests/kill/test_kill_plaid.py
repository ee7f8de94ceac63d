"""The real program on banks, killed at random moments: afterwards one run makes store and banks equal, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ..fakes.plaid import CLIENT, SECRET, FakePlaid
from ..fakes.plaid_bank import Account, Item
from ..fakes.web import running
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

BANKS, TRANSACTIONS = 3, 300
PAGE = 40  # so that an update has several
SPAN = {"earliest": 0.4, "latest": 1.4}  # seconds


class BankDesk(KillDesk):
    """Accounts that are used, and balances that move."""

    names_all = False  # a run names what changed alone

    def __init__(self, folder: Path, seed: int, fake: FakePlaid) -> None:
        super().__init__(folder, seed)
        self.fake, self.bank = fake, fake.bank
        fake.page_size = PAGE
        self.items = [self.bank.link(institution_id=f"ins_{number}") for number in range(BANKS)]
        for item in self.items:
            for _ in range(self.some(TRANSACTIONS)):
                self.spend(item)

    def connector(self) -> dict[str, Any]:
        tokens = ",".join(item.access_token for item in self.items)
        credentials = {"PLAID_CLIENT_ID": CLIENT, "PLAID_SECRET": SECRET, "PLAID_ACCESS_TOKEN": tokens}
        return {"type": "plaid", "environment": "sandbox", "base_url": self.fake.url, "credentials": credentials}

    def spend(self, item: Item) -> None:
        amount = Decimal(self.random.randrange(-(10**6), 10**6)).scaleb(-2)
        self.bank.spend(item, f"{amount:f}", f"SHOP {self.random.random()}", pending=self.random.random() < 0.2)

    def edit(self) -> None:
        for item in self.items:
            next(iter(item.accounts.values())).current = Decimal(self.random.randrange(10**6)).scaleb(-2)
            for one in self.random.sample(sorted(item.transactions), len(item.transactions) // 6):
                act = self.random.randrange(4)
                if act == 0:
                    self.bank.edit(item, one, amount=Decimal(self.random.randrange(10**6)).scaleb(-2))
                elif act == 1:
                    self.bank.remove(item, one)
                elif act == 2 and item.transactions[one]["pending"]:
                    self.bank.post(item, one)
                else:
                    self.spend(item)

    def source(self) -> dict[str, str]:
        found = {account.account_id: _balance(account) for item in self.items for account in item.accounts.values()}
        for item in self.items:
            found |= {one: _text(raw) for one, raw in item.transactions.items()}
        return found


def _balance(account: Account) -> str:
    return (
        f"First Platypus Bank: depository checking\n{account.name} of the bank\n"
        f"Balance: {account.current} USD\nAvailable: {account.available} USD"
    )


def _text(raw: dict[str, Any]) -> str:
    amount = raw["amount"]
    way = "moved" if not amount else "paid" if amount > 0 else "received"
    return (
        f"{raw['date']}: {way} {abs(amount):f} USD{', pending' if raw['pending'] else ''}\n"
        f"Merchant: Shop\nName: {raw['name']}\n"
        f"Category: Transportation, Taxis and ride shares\nAuthorized: {raw['authorized_date']}"
    )


@pytest.fixture
def fake() -> Iterator[FakePlaid]:
    with running(FakePlaid()) as plaid:
        yield plaid


@pytest.mark.parametrize("seed", range(FEW))
def test_killed_runs_lose_and_double_no_transaction(tmp_path, fake, seed, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    BankDesk(tmp_path, seed, fake).kill_and_compare(1, **SPAN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_no_transaction(tmp_path, fake, seed, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    BankDesk(tmp_path, seed, fake).kill_and_compare(share_of(soak_size(12, 200)), **SPAN)
