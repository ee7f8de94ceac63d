"""What is written into the books: journal entries, and nothing else. No sync ever comes here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ...core.errors import SourceError
from .entities import ENTITIES
from .values import money_text

if TYPE_CHECKING:
    from .company import Company, Raw

LONGEST_NUMBER = 21  # characters, as QuickBooks allows
KEY_LENGTH = 40


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One posting: an account by its id, and either a debit or a credit. Lines on receivable accounts name a customer,
    those on payable accounts a vendor.
    """

    account_id: str
    debit: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)
    description: str = ""
    customer_id: str = ""
    vendor_id: str = ""

    def raw(self) -> Raw:
        """As the API takes it."""
        side = "Debit" if self.debit else "Credit"
        detail: dict[str, Any] = {"PostingType": side, "AccountRef": {"value": self.account_id}}
        for kind, one in (("Customer", self.customer_id), ("Vendor", self.vendor_id)):
            if one:
                detail["Entity"] = {"Type": kind, "EntityRef": {"value": one}}
        told = {"Description": self.description} if self.description else {}
        amount = {"DetailType": "JournalEntryLineDetail", "Amount": self.debit or self.credit}
        return {**told, **amount, "JournalEntryLineDetail": detail}


def entry_of(lines: Sequence[JournalLine], on: date, number: str, note: str) -> Raw:
    """The journal entry, as the API takes it. Raises SourceError where it can't be right; then nothing is sent."""
    for line in lines:
        if min(line.debit, line.credit) != 0 or max(line.debit, line.credit) <= 0:
            raise _refused(f"a line on account {line.account_id} must be one debit or one credit above zero")
    debited = sum((line.debit for line in lines), Decimal(0))
    credited = sum((line.credit for line in lines), Decimal(0))
    if debited != credited or not lines:
        raise _refused(
            f"the entry does not balance: its debits are {money_text(debited)}, its credits {money_text(credited)}, "
            f"{money_text(abs(debited - credited))} apart"
        )
    if len(number) > LONGEST_NUMBER:
        raise _refused(f"the number {number!r} is longer than {LONGEST_NUMBER} characters")
    told_of_it = {name: text for name, text in (("DocNumber", number), ("PrivateNote", note)) if text}
    return {"TxnDate": on.isoformat(), **told_of_it, "Line": [line.raw() for line in lines]}


def create(company: Company, entry: Raw, place: str, key: str) -> Raw:
    """The entry as it was made, once for each key, however often it is asked for: its request has the same name."""
    natural = key or json.dumps(entry, sort_keys=True, default=_digits)
    name = hashlib.sha256(f"{place}|{company.realm_id}|journal entry|{natural}".encode()).hexdigest()[:KEY_LENGTH]
    return company.create(ENTITIES["JournalEntry"], entry, name)


def _digits(value: object) -> str:
    """Of the same amount always the same, however many zeros it was given with."""
    assert isinstance(value, Decimal)
    return money_text(value.normalize())


def _refused(why: str) -> SourceError:
    return SourceError(f"nothing was sent to QuickBooks: {why}.", hint="correct the lines")
