"""What Xero posts to those who want to be told: signed, in sequence, and of few kinds of things only."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .xero_books import Books
from .xero_documents import KINDS
from .xero_json import Raw, new_id

if TYPE_CHECKING:
    from .xero import FakeXero

SIGNING_KEY = "the-signing-key-of-the-webhook"
CATEGORIES = {"Invoices": "INVOICE", "Contacts": "CONTACT", "CreditNotes": "CREDITNOTE"}
LATER = {"Prepayments": "PREPAYMENT", "Overpayments": "OVERPAYMENT"}  # came in August and September of 2026
ADDRESS = "https://api.xero.com/api.xro/2.0"


@dataclass(frozen=True)
class Delivery:
    """One POST. An honest receiver answers 200 to what is signed well, and 401 to the rest; both without a body."""

    body: bytes
    headers: dict[str, str]
    well_signed: bool = True


class Webhooks:
    """`deliver` gives what happened since the last time; a delivery that is thrown away leaves a gap in the sequence,
    one that is used twice is what a receiver sees who answered too late. `intent` gives the trial at the beginning.
    `categories` are what is subscribed to.
    """

    def __init__(self, fake: FakeXero) -> None:
        self._fake = fake
        self.categories = set(CATEGORIES.values())
        self._reached: dict[str, int] = {}
        self._sequence = 0

    def deliver(self) -> Delivery | None:
        """All events of all organisations in one POST; None where there are none."""
        events = [event for books in self._fake.organisations.values() for event in self._new_in(books)]
        if not events:
            return None
        first, self._sequence = self._sequence + 1, self._sequence + len(events)
        return self._signed(events, first, self._sequence)

    def intent(self) -> list[Delivery]:
        """The intent to receive: some of these are signed with another key."""
        return [self._signed([], 0, 0, well=number % 2 == 0) for number in range(4)]

    def _new_in(self, books: Books) -> list[Raw]:
        reached = self._reached.get(books.tenant_id, 0)
        self._reached[books.tenant_id] = len(books.moved)
        return [
            self._event(books, kind, key, happened, at)
            for kind, key, happened, at in books.moved[reached:]
            if (CATEGORIES | LATER).get(kind) in self.categories
        ]

    def _event(self, books: Books, kind: str, key: str, happened: str, at: datetime) -> Raw:
        event = {"resourceUrl": f"{ADDRESS}/{KINDS[kind].name}/{key}", "resourceId": key, "tenantId": books.tenant_id}
        event |= {"tenantType": books.tenant_type, "eventCategory": (CATEGORIES | LATER)[kind], "eventType": happened}
        event["eventDateUtc"] = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}"
        fields = books.fields(key)
        return event | ({"data": {name: fields[name] for name in ("Type", "Status")}} if kind == "CreditNotes" else {})

    def _signed(self, events: list[Raw], first: int, last: int, *, well: bool = True) -> Delivery:
        entropy = new_id("entropy", first, last, well)[:20].upper()
        told = {"events": events, "firstEventSequence": first, "lastEventSequence": last, "entropy": entropy}
        body = json.dumps(told).encode()
        key = SIGNING_KEY if well else "another key"
        signature = b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
        return Delivery(body, {"x-xero-signature": signature, "Content-Type": "application/json; charset=utf-8"}, well)
