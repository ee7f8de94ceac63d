"""What journal entries, deposits and expenses of QuickBooks post to receivables, as far as it is still open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from ..core.money import NOTHING
from .figures import Receivable
from .reading import Fields, Stored, amount, currency, day

KINDS = frozenset({"journal_entry", "deposit", "purchase"})
DOCUMENTS = frozenset({"Invoice", "CreditMemo"})  # which say themselves what is open of them
NOBODY: Mapping[str, Any] = {}

Used: TypeAlias = Mapping[str, Mapping[str, Decimal]]  # by id of an entry, how much each customer's payments settle


def used_of(payments: Iterable[Fields]) -> Used:
    """Entries do not say what is open of them: that is what no payment is linked to."""
    used: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for payment in payments:
        customer = str((payment.get("CustomerRef") or NOBODY).get("value") or "")
        for line in payment.get("Line") or ():
            for linked in line.get("LinkedTxn") or ():
                if linked.get("TxnType") not in DOCUMENTS:
                    used[str(linked["TxnId"])][customer] += amount(line.get("Amount"))
    return used


def open_of(entry: Stored, accounts: frozenset[str], used: Used) -> Iterator[Receivable]:
    """What is open of an entry, by customer. It is due on its own day; credits are aged from that day, too."""
    posted: dict[str, tuple[str, Decimal]] = {}
    for customer, value in _posted(entry, accounts):
        customer_id = str(customer.get("value") or "")
        name, before = posted.get(customer_id, (str(customer.get("name") or ""), NOTHING))
        posted[customer_id] = name, before + value
    left = _left({one: value for one, (_, value) in posted.items()}, used.get(_id_of(entry), {}))
    on = day(entry.fields.get("TxnDate"))
    for customer_id, (name, _) in posted.items():
        yield Receivable(
            entry.origin,
            customer_id=customer_id,
            customer=name,
            currency=currency(entry.fields.get("currency")),
            open=left[customer_id],
            dated_on=on,
            due_on=on,
            number=str(entry.fields.get("DocNumber") or ""),
        )


def _posted(entry: Stored, accounts: frozenset[str]) -> Iterator[tuple[Mapping[str, Any], Decimal]]:
    """Customers, and by how much more each line lets them owe."""
    fields = entry.fields
    for line in fields.get("Line") or ():
        detail = line.get(str(line.get("DetailType"))) or NOBODY
        if str((detail.get("AccountRef") or NOBODY).get("value")) not in accounts:
            continue
        value = amount(line.get("Amount"))
        match entry.kind:
            case "journal_entry":
                customer = (detail.get("Entity") or NOBODY).get("EntityRef") or NOBODY
                yield customer, value if detail["PostingType"] == "Debit" else -value
            case "deposit":
                yield detail.get("Entity") or NOBODY, -value
            case _:
                yield fields.get("EntityRef") or NOBODY, -value if fields.get("Credit") else value


def _left(posted: Mapping[str, Decimal], used: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """Payments settle what their own customer was posted first; the rest is that of another, as a parent pays it."""
    left = dict(posted)
    for customer, rest in used.items():
        for one in _first(customer, list(left)):
            part = min(rest, abs(left[one]))
            left[one] += part if left[one] < 0 else -part
            rest -= part  # noqa: PLW2901 - what is left for the next one
    return left


def _first(one: str, others: Sequence[str]) -> list[str]:
    return sorted(others, key=lambda each: each != one)


def _id_of(entry: Stored) -> str:
    return entry.origin.id.rpartition("/")[2]
