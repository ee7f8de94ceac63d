"""What `qbo` stores of QuickBooks Online: the names of its items and fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from . import receivables
from .figures import BookBalance, Receivable
from .reading import UNREADABLE, Found, Stored, amount, currency, day, renamed

NEEDED = {"Invoice": "invoices"}  # streams without which there are no receivables
WANTED = {
    "CreditMemo": "credits",
    "Payment": "payments that are not taken off an invoice",
    "Account": "balances of the books, and what others than invoices post to receivables,",
    "JournalEntry": "journal entries on receivables",
    "Deposit": "deposits on receivables",
    "Purchase": "expenses on receivables",
}
KINDS = frozenset({"invoice", "credit_memo", "payment", "account", "customer", *receivables.KINDS})
VOIDED = "voided"
RECEIVABLES, BANK = "Accounts Receivable", "Bank"  # types of accounts


def read(stored: Stored) -> Found:
    """A document's open amount is what QuickBooks itself tells as its balance."""
    fields = stored.fields
    if stored.kind == "account":
        return Found(books=[_book_balance(stored)] if fields.get("AccountType") == BANK else [])
    if fields.get("status") == VOIDED:
        return Found()
    if stored.kind == "invoice":
        return Found([_receivable(stored, "Balance", 1)])
    if stored.kind == "credit_memo":
        return Found([_receivable(stored, "RemainingCredit" if "RemainingCredit" in fields else "Balance", -1)])
    return Found([_receivable(stored, "UnappliedAmt", -1)] if stored.kind == "payment" else [])


def settle(connector: str, found: Found, items: Iterable[Stored]) -> None:
    """What only all items together tell: what other documents post to receivables, names, and the currency."""
    stored = list(items)
    found.add(_entries(connector, stored))
    names = {str(one.fields.get("Id")): one.title for one in stored if one.kind == "customer"}
    found.receivables[:] = renamed(found.receivables, names)
    _tell_currency(connector, found, _home_currency(stored))


def _tell_currency(connector: str, found: Found, home: str) -> None:
    """Accounts need not say theirs where the books know one only."""
    found.books[:] = [one if one.currency else replace(one, currency=home) for one in found.books]
    if unknown := [one for one in found.books if not one.currency]:
        found.books[:] = [one for one in found.books if one.currency]
        names = ", ".join(one.name for one in unknown)
        found.warnings.append(f"{connector}: not counted, as nothing tells their currency: {names}.")


def _entries(connector: str, stored: Iterable[Stored]) -> Found:
    found = Found()
    there = [one for one in stored if one.fields.get("status") != VOIDED]
    accounts = frozenset(one.origin.id.rpartition("/")[2] for one in there if _is_receivables(one))
    try:
        used = receivables.used_of(one.fields for one in there if one.kind == "payment")
    except UNREADABLE as error:
        found.warnings.append(f"{connector}: what payments settle of journal entries is not known: {error}.")
        used = {}
    for one in there:
        if one.kind in receivables.KINDS:
            try:
                found.receivables += receivables.open_of(one, accounts, used)
            except UNREADABLE as error:
                found.warnings.append(f"{connector}: {one.origin.id} is not counted: {error}.")
    return found


def _receivable(stored: Stored, field: str, sign: int) -> Receivable:
    fields = stored.fields
    customer, dated_on = fields.get("CustomerRef") or {}, day(fields.get("TxnDate"))
    return Receivable(
        stored.origin,
        customer_id=str(customer.get("value") or ""),
        customer=str(customer.get("name") or ""),
        currency=currency(fields.get("currency")),
        open=sign * amount(fields.get(field)),
        dated_on=dated_on,
        due_on=day(fields.get("DueDate")) or dated_on,  # credits are aged from their own day
        number=str(fields.get("DocNumber") or ""),
    )


def _book_balance(stored: Stored) -> BookBalance:
    fields = stored.fields
    return BookBalance(
        stored.origin,
        account_id=stored.origin.id.rpartition("/")[2],
        name=str(fields.get("FullyQualifiedName") or fields.get("Name") or stored.title),
        currency=str(fields.get("currency") or (fields.get("CurrencyRef") or {}).get("value") or ""),
        current=amount(fields.get("CurrentBalance")),
    )


def _home_currency(items: Iterable[Stored]) -> str:
    """What `qbo` notes for documents that name no currency themselves; empty where there is none of those."""
    noted = (one.fields for one in items if "CurrencyRef" not in one.fields)
    return next((str(fields["currency"]) for fields in noted if fields.get("currency")), "")


def _is_receivables(stored: Stored) -> bool:
    return stored.kind == "account" and stored.fields.get("AccountType") == RECEIVABLES
