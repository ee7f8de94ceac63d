"""Banks that are synced, as the tests of `plaid` edit them: by hand, or at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..fakes.plaid_bank import Item
from .plaid_desk import PlaidDesk, without

ENOUGH = 12  # transactions of a bank, below which none is removed


class PlaidWorld:
    """One bank, as the contract suite edits it: each thing is a transaction, or an account."""

    def __init__(self, desk: PlaidDesk, kind: str) -> None:
        self.desk, self.kind = desk, kind
        self.bank, self.item = desk.bank, desk.item

    def add(self, name: str, text: str) -> str:
        if self.kind == "accounts":
            return self.bank.open_account(self.item, text).account_id
        return self.bank.spend(self.item, "1.00", text)

    def edit(self, item_id: str, text: str) -> None:
        if self.kind == "accounts":
            self.item.accounts[item_id].name = text
        else:
            self.bank.edit(self.item, item_id, name=text)

    def remove(self, item_id: str) -> None:
        if self.kind == "accounts":
            self.bank.close_account(self.item, self.item.accounts[item_id])
        else:
            self.bank.remove(self.item, item_id)

    def fail(self, item_id: str) -> None:
        without(self.desk.fake, item_id, "balances" if self.kind == "accounts" else "amount")

    def mend(self, item_id: str) -> None:
        self.desk.fake.forget()


class Customer:
    """Random acts in the accounts of several banks. What stands for a pending transaction of which Plaid still tells
    stays: without it, nobody could know that the pending one is over.
    """

    def __init__(self, desk: PlaidDesk, chance: random.Random, banks: int = 2) -> None:
        self.desk, self.bank, self.chance = desk, desk.bank, chance
        self.staying: set[str] = set()
        self.items = [desk.item, *(desk.link(institution_id=f"ins_{number}") for number in range(2, banks + 1))]
        for item in self.items:
            for _ in range(30):
                self._spend(item)

    def act(self) -> None:
        """One change, of any kind."""
        item = self.chance.choice(self.items)
        acts: list[Callable[[Item], Any]] = [
            *(self._spend, self._spend, self._edit, self._edit, self._remove, self._post, self._open),
            *(self._close, self._rename),
        ]
        self.chance.choice(acts)(item)

    def _spend(self, item: Item) -> None:
        amount = Decimal(self.chance.randrange(-(10**6), 10**6)).scaleb(-self.chance.choice([0, 2, 2, 2, 5]))
        account = self.chance.choice(list(item.accounts.values()))
        pending = self.chance.random() < 0.3
        self.bank.spend(item, f"{amount:f}", f"Shop {self.chance.randrange(99)}", account=account, pending=pending)

    def _edit(self, item: Item) -> None:
        if item.transactions:
            one = self.chance.choice(sorted(item.transactions))
            amount = Decimal(self.chance.randrange(10**6)).scaleb(-2)
            self.bank.edit(item, one, amount=amount, name=f"Edited {self.chance.randrange(99)}")

    def _remove(self, item: Item) -> None:
        removable = sorted(item.transactions.keys() - self.staying)
        if len(removable) > ENOUGH:
            self.bank.remove(item, self.chance.choice(removable))

    def _post(self, item: Item) -> None:
        pending = sorted(each for each, raw in item.transactions.items() if raw["pending"])
        if pending:
            tells_removal = self.chance.random() < 0.7
            posted = self.bank.post(item, self.chance.choice(pending), tells_removal=tells_removal)
            self.staying |= set() if tells_removal else {posted}

    def _open(self, item: Item) -> None:
        if len(item.accounts) < 5:
            kind = self.chance.choice(["depository", "credit", "loan"])
            self.bank.open_account(item, f"Account {self.chance.randrange(99)}", type=kind)

    def _close(self, item: Item) -> None:
        if len(item.accounts) > 2:
            self.bank.close_account(item, self.chance.choice(list(item.accounts.values())))

    def _rename(self, item: Item) -> None:
        account = self.chance.choice(list(item.accounts.values()))
        account.name, account.current = f"Renamed {self.chance.randrange(99)}", Decimal(self.chance.randrange(10**4))

    def transactions(self) -> dict[str, dict[str, Any]]:
        return {one: raw for item in self.items for one, raw in item.transactions.items()}

    def accounts(self) -> dict[str, Any]:
        return {account.account_id: account for item in self.items for account in item.accounts.values()}
