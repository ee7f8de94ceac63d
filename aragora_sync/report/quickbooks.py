"""What `qbo` stores of QuickBooks Online: the names of its items and fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .figures import BookBalance, Receivable
from .reading import Fields, Found, Stored, amount, currency, day

NEEDED = {"Invoice": "invoices"}  # streams without which there are no receivables
WANTED = {
    "CreditMemo": "credits",
    "Payment": "payments that are not taken off an invoice",
    "Account": "balances of the books",
    "JournalEntry": "journal entries",
}
KINDS = frozenset({"invoice", "credit_memo", "payment", "account", "journal_entry"})
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
    """Journal entries may change what customers owe, and nothing tells how much of one is still open. Accounts need
    not say their currency where the books know one only.
    """
    stored = list(items)
    home = _home_currency(stored)
    found.books[:] = [one if one.currency else replace(one, currency=home) for one in found.books]
    if unknown := [one for one in found.books if not one.currency]:
        found.books[:] = [one for one in found.books if one.currency]
        names = ", ".join(one.name for one in unknown)
        found.warnings.append(f"{connector}: not counted, as nothing tells their currency: {names}.")
    accounts = {one.origin.id.rpartition("/")[2] for one in stored if _is_receivables(one)}
    posting = [one for one in stored if one.kind == "journal_entry" and accounts.intersection(_accounts(one.fields))]
    if posting:
        found.warnings.append(
            f"{connector}: what journal entries post to receivables is not counted; {len(posting)} of them do."
        )


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
        due_on=(day(fields.get("DueDate")) or dated_on) if sign > 0 else None,
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


def _accounts(journal: Fields) -> Iterable[str]:
    for line in journal.get("Line") or ():
        account = (line.get("JournalEntryLineDetail") or {}).get("AccountRef") or {}
        yield str(account.get("value") or "")
