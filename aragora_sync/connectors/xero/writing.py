"""What programs write at Xero: invoices and manual journals, each at most once. A sync never comes here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ...core.clock import utc_now
from ...core.errors import ConfigError, SourceError, TransientError
from ...net.answer import Answer
from .amounts import amount_of, text_of
from .answers import JournalLine, XeroLineItem
from .endpoints import ENDPOINTS
from .errors import Refused, messages_of
from .ledger import Ledger, Raw

LONGEST_KEY = 32  # characters of the digest in an idempotency key
FEWEST_LINES = 2


def written(ledger: Ledger, tenant: str, path: str, records: Sequence[Raw], key: str = "") -> list[Raw]:
    """The records as Xero made them. Refused where it did not take one of them; the others are in its `written`.

    `key` stands for this act; by default it is made of what is written, so that the same act is not done twice within
    Xero's six minutes, whichever process asks.
    """
    key = key or f"aragora:{tenant}:{path.lower()}:{_digest([ledger.organisation, *records])}"
    try:
        answer = ledger.put(path, records, key)
    except TransientError as error:
        if found := _found(ledger, records):
            return found
        raise TransientError(
            f"nobody knows whether Xero wrote it: {error.message}",
            hint="ask again for the same within six minutes, which is safe; later, look at Xero first",
            retry_after=error.retry_after,
        ) from error
    return taken(answer, path)


def _found(ledger: Ledger, records: Sequence[Raw]) -> list[Raw]:
    """The sales invoice that was written though no answer said so; its number, which is unique, and its lines tell."""
    match records:
        case [{"Type": "ACCREC", "InvoiceNumber": number} as sent]:
            try:
                rows = ledger.numbered(ENDPOINTS["invoices"], number)
            except SourceError:
                return []
            return [row for row in rows if _shape_of(row) == _shape_of(sent)]
    return []


def _shape_of(raw: Raw) -> tuple[Any, ...]:
    lines = [(line.get("Description", ""), amount_of(line.get("UnitAmount"))) for line in raw["LineItems"]]
    return raw["Contact"]["ContactID"], lines


def taken(answer: Answer, path: str) -> list[Raw]:
    """What was written. An answer of 200 may tell of refusals, record by record."""
    rows = answer.body.get(path) if isinstance(answer.body, dict) else None
    if not isinstance(rows, list):
        raise SourceError("what answered is not Xero's API.", hint="look at base_url")
    good = [row for row in rows if not (row.get("HasErrors") or row.get("StatusAttributeString") == "ERROR")]
    if len(good) == len(rows):
        return rows
    refused = [
        f"{number} of {len(rows)}: {'; '.join(messages_of(row)) or 'no reason was told'}"
        for number, row in enumerate(rows, 1)
        if row not in good
    ]
    raise Refused(f"Xero did not take {', '.join(refused)}", good, hint="correct what is named there")


def invoice(
    contact_id: str,
    line_items: Sequence[XeroLineItem],
    invoice_type: str,
    on: date | None,
    due_date: date | None,
    status: str,
    line_amount_types: str,
    **more: str,
) -> Raw:
    """An invoice as Xero takes it. Of the contact only its id: whatever else is sent would change it."""
    if not line_items:
        raise ConfigError("an invoice needs a line.")
    if status != "DRAFT" and due_date is None:
        raise ConfigError(f"an invoice that is {status} needs a due date.")
    return {
        "Type": invoice_type,
        "Contact": {"ContactID": contact_id},
        "Date": (on or utc_now().date()).isoformat(),
        **({"DueDate": due_date.isoformat()} if due_date else {}),
        "LineAmountTypes": line_amount_types,
        "LineItems": [_line(each) for each in line_items],
        "Status": status,
        **{name: value for name, value in more.items() if value},
    }


def manual_journal(narration: str, lines: Sequence[JournalLine], on: date | None, status: str) -> Raw:
    """A manual journal as Xero takes it. ConfigError where it does not balance, before anything is sent."""
    if len(lines) < FEWEST_LINES:
        raise ConfigError("a manual journal needs two lines or more.")
    for number, line in enumerate(lines, 1):
        if min(line.debit, line.credit) < 0:
            raise ConfigError(f"line {number} of the journal is below zero.", hint="write it on the other side")
        if bool(line.debit) == bool(line.credit):
            raise ConfigError(f"line {number} of the journal must have a debit or a credit, and not both.")
    debited, credited = (sum(getattr(line, side) for line in lines) for side in ("debit", "credit"))
    if debited != credited:
        told = [text_of(Decimal(each)) for each in (debited, credited, debited - credited)]
        raise ConfigError(f"the journal does not balance: debits {told[0]}, credits {told[1]}, difference {told[2]}.")
    return {
        "Narration": narration,
        "Date": (on or utc_now().date()).isoformat(),
        "LineAmountTypes": "NoTax",
        "Status": status,
        "JournalLines": [_journal_line(each) for each in lines],
    }


def _line(of: XeroLineItem) -> Raw:
    amounts = {
        "Quantity": of.quantity,
        "UnitAmount": of.unit_amount,
        "LineAmount": of.line_amount,
        "TaxAmount": of.tax_amount,
    }
    words = {
        "Description": of.description,
        "AccountCode": of.account_code,
        "TaxType": of.tax_type,
        "ItemCode": of.item_code,
    }
    return {name: value for name, value in words.items() if value} | {
        name: value for name, value in amounts.items() if value is not None
    }


def _journal_line(of: JournalLine) -> Raw:
    words = {"AccountCode": of.account_code, "Description": of.description, "TaxType": of.tax_type}
    return {"LineAmount": of.line_amount, **{name: value for name, value in words.items() if value}}


def _digest(told: Sequence[Any]) -> str:
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:LONGEST_KEY]
