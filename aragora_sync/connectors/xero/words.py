"""Records in words: a title and a text, as a person would look for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from .amounts import text_of
from .answers import (
    JournalLine,
    XeroAccount,
    XeroBankTransaction,
    XeroContact,
    XeroCreditNote,
    XeroInvoice,
    XeroLineItem,
    XeroManualJournal,
    XeroOverpayment,
    XeroPayment,
    XeroPrepayment,
)

DOCUMENTS = {
    "ACCREC": "Invoice",
    "ACCPAY": "Bill",
    "ACCRECCREDIT": "Credit note",
    "ACCPAYCREDIT": "Credit note of a supplier",
}
Credit: TypeAlias = "XeroCreditNote | XeroOverpayment | XeroPrepayment"
MOST_TITLE = 120  # characters of what somebody wrote


def contact(of: XeroContact, raw: Mapping[str, Any]) -> tuple[str, str]:
    roles = [name for name, is_so in (("customer", of.is_customer), ("supplier", of.is_supplier)) if is_so]
    person = " ".join(filter(None, [of.first_name, of.last_name]))
    phones = [
        " ".join(filter(None, (each.get(f"Phone{part}") for part in ("CountryCode", "AreaCode", "Number"))))
        for each in raw.get("Phones") or ()
    ]
    others = [
        " ".join(filter(None, [each.get("FirstName"), each.get("LastName"), each.get("EmailAddress")]))
        for each in raw.get("ContactPersons") or ()
    ]
    text = _lines(
        f"{of.name}: {' and '.join(roles) or 'contact'}, {of.status}.",
        _named("Person", person),
        _named("Email", of.email),
        *(_named("Phone", phone) for phone in phones),
        *(_named("Person", other) for other in others),
        *(_named("Address", _address(each)) for each in raw.get("Addresses") or ()),
        _named("Account number", of.account_number),
        _named("Tax number", of.tax_number),
        _named("Website", raw.get("Website") or ""),
        _named("Merged into contact", of.merged_to_contact_id),
    )
    return of.name, text


def invoice(of: XeroInvoice) -> tuple[str, str]:
    title = _title(DOCUMENTS.get(of.type, of.type), of.invoice_number, of.contact_name)
    paid = f"Paid {text_of(of.amount_paid)}, credited {text_of(of.amount_credited)}, due {text_of(of.amount_due)}."
    dates = _named("Date", of.date) + (f" Due: {of.due_date}." if of.due_date else "")
    return title, _document(of, title, dates, paid)


def credit_note(of: XeroCreditNote) -> tuple[str, str]:
    title = _title(DOCUMENTS.get(of.type, of.type), of.credit_note_number, of.contact_name)
    return title, _document(of, title, _named("Date", of.date), _remaining(of))


def paid_ahead(of: XeroOverpayment | XeroPrepayment) -> tuple[str, str]:
    what = "Overpayment" if isinstance(of, XeroOverpayment) else "Prepayment"
    title = _title(what, f"{of.currency_code} {text_of(of.total)}".strip(), of.contact_name)
    return title, _document(of, f"{title} ({of.type})", _named("Date", of.date), _remaining(of))


def bank_transaction(of: XeroBankTransaction) -> tuple[str, str]:
    what = "Received" if of.type.startswith("RECEIVE") else "Spent"
    title = _title(what, f"{of.currency_code} {text_of(of.total)}".strip(), of.contact_name)
    account_name = _named("Bank account", of.bank_account_name)
    return title, _document(of, f"{title} ({of.type})", _named("Date", of.date), account_name)


def payment(of: XeroPayment) -> tuple[str, str]:
    money = f"{of.currency_code} {text_of(of.amount)}".strip()
    title = _title("Payment", money, f"of {of.number}" if of.number else "")
    text = _lines(
        f"{title}, {of.status}.",
        _named("Date", of.date),
        _named("Contact", of.contact_name),
        _named("Reference", of.reference),
        _named("Account", of.account_code),
        "" if of.bank_amount is None else f"At the bank: {text_of(of.bank_amount)}.",
    )
    return title, text


def account(of: XeroAccount) -> tuple[str, str]:
    title = " ".join(filter(None, [of.code, of.name]))
    text = _lines(
        f"Account {title}: {of.type}, {of.account_class}, {of.status}.",
        of.description,
        _named("Currency", of.currency_code),
        _named("Bank account number", of.bank_account_number),
    )
    return title, text


def manual_journal(of: XeroManualJournal) -> tuple[str, str]:
    title = f"Manual journal: {of.narration}"[:MOST_TITLE]
    lines = "\n".join(map(_journal_line, of.lines))
    return title, _lines(f"{of.narration}", f"{of.status}.", _named("Date", of.date), lines)


def _remaining(of: Credit) -> str:
    return f"Remaining {text_of(of.remaining_credit)}."


def _document(of: XeroInvoice | Credit | XeroBankTransaction, title: str, dates: str, state: str) -> str:
    money = f"{of.currency_code} {text_of(of.total)}".strip()
    return _lines(
        f"{title}, {of.status}.",
        dates,
        _named("Reference", of.reference),
        f"Total {money}: {text_of(of.sub_total)} and tax {text_of(of.total_tax)}.",
        state,
        "\n".join(map(_line, of.line_items)),
    )


def _line(of: XeroLineItem) -> str:
    parts = [of.description, f"{text_of(of.quantity)} × {text_of(of.unit_amount)}"]
    told = ", ".join(filter(None, parts)) + ("" if of.line_amount is None else f" = {text_of(of.line_amount)}")
    return "- " + ", ".join(filter(None, [told, _called("account", of.account_code), _called("item", of.item_code)]))


def _journal_line(of: JournalLine) -> str:
    side, amount = ("debit", of.debit) if of.debit > Decimal(0) else ("credit", of.credit)
    parts = [_called("account", of.account_code), f"{side} {text_of(amount)}", of.description]
    return "- " + ", ".join(filter(None, parts))


def _address(raw: Mapping[str, Any]) -> str:
    names = ("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region", "PostalCode", "Country")
    return ", ".join(filter(None, (raw.get(name) for name in names)))


def _title(*parts: str) -> str:
    what, name, who = parts
    return ", ".join(filter(None, [" ".join(filter(None, [what, name])), who]))


def _called(what: str, name: str) -> str:
    return f"{what} {name}" if name else ""


def _named(name: str, value: object) -> str:
    return f"{name}: {value}." if value else ""


def _lines(*lines: str) -> str:
    return "\n\n".join(filter(None, _stripped(lines)))


def _stripped(lines: Iterable[str]) -> Iterable[str]:
    return (line.strip() for line in lines)
