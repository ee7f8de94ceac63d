"""The items that things in the books become: a text to read and search, and all fields by their own names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ...core.changes import JSON, Item
from .entities import Entity
from .values import (
    amount,
    changed_at,
    fields,
    in_home_currency,
    moment,
    money_text,
    optional_amount,
    reference,
    version_of,
)

if TYPE_CHECKING:
    from .company import Company, Raw

PARTIES: Mapping[str, str] = {
    "CustomerRef": "Customer",
    "VendorRef": "Vendor",
    "EntityRef": "Payee",
    "PayeeRef": "Payee",
    "EmployeeRef": "Employee",
}
ADDRESS = ("Line1", "Line2", "Line3", "Line4", "Line5", "City", "CountrySubDivisionCode", "PostalCode", "Country")
NAMES = ("DisplayName", "FullyQualifiedName", "Name", "CompanyName")
VOIDED = "voided"
TEXTS: Mapping[str, str] = {  # what is told of a thing beside its name, money and lines
    "TxnDate": "Date",
    "DueDate": "Due",
    "ExpirationDate": "Expires",
    "TxnStatus": "Status",
    "POStatus": "Status",
    "PaymentRefNum": "Reference",
    "PaymentType": "Paid by",
    "PayType": "Paid by",
    "AccountType": "Type",
    "AccountSubType": "Subtype",
    "AcctNum": "Number",
    "Type": "Type",
    "Sku": "SKU",
    "CompanyName": "Company",
    "PrintOnCheckName": "On checks",
}
REFERENCES: Mapping[str, str] = {
    "AccountRef": "Account",
    "DepositToAccountRef": "Deposited to",
    "FromAccountRef": "From",
    "ToAccountRef": "To",
    "PaymentMethodRef": "Method",
    "SalesTermRef": "Terms",
    "DepartmentRef": "Location",
    "ClassRef": "Class",
}
MONEY: Mapping[str, str] = {
    "TotalAmt": "Total",
    "Amount": "Amount",
    "Balance": "Balance",
    "UnitPrice": "Price",
    "PurchaseCost": "Cost",
}
AMOUNTS = frozenset({*MONEY, "CurrentBalance"})
NOTES = ("Description", "PrivateNote", "Notes")


def item_id(entity: Entity, raw_id: str) -> str:
    """Ids are unique within an entity only."""
    return f"{entity.name}/{raw_id}"


def item_of(entity: Entity, raw: Raw, company: Company) -> Item:
    """A thing as somebody who looks for it wants to read it."""
    currency = currency_of(raw, company)
    parent = reference(raw, "ParentRef")[0]
    return Item(
        item_id(entity, str(raw["Id"])),
        entity.kind,
        title_of(entity, raw, currency),
        "\n".join(_text(raw, currency)),
        url=f"{company.web}/app/{entity.page}{raw['Id']}" if entity.page else "",
        parent=item_id(entity, parent) if parent else "",
        created_at=moment(raw["MetaData"]["CreateTime"]) if raw["MetaData"].get("CreateTime") else None,
        updated_at=changed_at(raw),
        version=version_of(raw),
        metadata=_metadata(raw, currency, company),
    )


def currency_of(raw: Raw, company: Company) -> str:
    """Its own, or that of the company; empty for what has no money."""
    own = reference(raw, "CurrencyRef")[0]
    has_money = total_of(raw) is not None or not AMOUNTS.isdisjoint(raw)
    return own or (company.home_currency() if has_money else "")


def total_of(raw: Raw) -> Decimal | None:
    """The amount of a transaction. A journal entry without one is worth its debits."""
    for name in ("TotalAmt", "Amount"):
        if raw.get(name) not in (None, ""):
            return amount(raw[name])
    postings = [line for line in raw.get("Line") or [] if "JournalEntryLineDetail" in line]
    debits = (line for line in postings if line["JournalEntryLineDetail"].get("PostingType") == "Debit")
    return sum((amount(line.get("Amount")) for line in debits), Decimal(0)) if postings else None


def home_total_of(raw: Raw, currency: str, company: Company) -> Decimal | None:
    """The same in the currency of the books, where that is another; as QuickBooks tells it, or by the rate."""
    if (told := optional_amount(raw.get("HomeTotalAmt"))) is not None:
        return told
    total = total_of(raw)
    if total is None or not raw.get("ExchangeRate") or currency == company.home_currency():
        return None
    return in_home_currency(total, raw["ExchangeRate"])


def is_voided(raw: Raw) -> bool:
    """A voided transaction stays, with amounts of zero and a note."""
    return "voided" in str(raw.get("PrivateNote") or "").lower() and not total_of(raw)


def name_of(raw: Raw) -> str:
    """What people call it; of a transaction, its number."""
    return next((str(raw[name]) for name in (*NAMES, "DocNumber") if raw.get(name)), "")


def party_of(raw: Raw) -> str:
    """The name of the customer, the vendor or the employee."""
    return next((name for ref in PARTIES if (name := reference(raw, ref)[1])), "")


def title_of(entity: Entity, raw: Raw, currency: str) -> str:
    """Such as `Invoice 1037, Acme, 362.07 USD`, or a name."""
    if entity.is_list:
        return name_of(raw) or f"{entity.words} {raw['Id']}"
    total = total_of(raw)
    worth = "" if total is None else _with_currency(total, currency)
    told = [f"{entity.words} {name_of(raw) or raw['Id']}", party_of(raw), worth]
    return ", ".join(filter(None, told)) + (f" ({VOIDED})" if is_voided(raw) else "")


def _metadata(raw: Raw, currency: str, company: Company) -> dict[str, JSON]:
    told = fields(raw)
    if currency:
        told["currency"] = currency
        home = home_total_of(raw, currency, company) if raw.get("ExchangeRate") else None
        if home is not None:
            told["HomeTotalAmt"] = money_text(home)
    if is_voided(raw):
        told["status"] = VOIDED
    return told


def _text(raw: Raw, currency: str) -> Iterator[str]:
    name = name_of(raw)
    if name:
        yield f"# {name}\n"
    yield from (f"- {word}: {told}" for key, word in PARTIES.items() if (told := reference(raw, key)[1]))
    yield from (f"- {word}: {raw[key]}" for key, word in TEXTS.items() if raw.get(key) and raw[key] != name)
    yield from (f"- {word}: {told}" for key, word in REFERENCES.items() if (told := reference(raw, key)[1]))
    yield from (
        f"- {word}: {_with_currency(amount(raw[key]), currency)}"
        for key, word in MONEY.items()
        if raw.get(key) is not None
    )
    yield from _reached_by(raw)
    if raw.get("Active") is False:
        yield "- Inactive"
    lines = [text for line in raw.get("Line") or [] if (text := _line(line))]
    if lines:
        yield "\nLines:\n"
        yield from lines
    notes = [str(raw[key]).strip() for key in NOTES if raw.get(key)]
    if memo := (raw.get("CustomerMemo") or {}).get("value"):
        notes.append(str(memo).strip())
    for note in notes:
        yield f"\n{note}"


def _reached_by(raw: Raw) -> Iterator[str]:
    """Mail, telephone, addresses."""
    for key, word in (("PrimaryEmailAddr", "E-mail"), ("BillEmail", "E-mail")):
        if told := (raw.get(key) or {}).get("Address"):
            yield f"- {word}: {told}"
    for key, word in (("PrimaryPhone", "Telephone"), ("Mobile", "Mobile")):
        if told := (raw.get(key) or {}).get("FreeFormNumber"):
            yield f"- {word}: {told}"
    for key, word in (("BillAddr", "Address"), ("ShipAddr", "Ship to"), ("PrimaryAddr", "Address")):
        parts = [str(part) for name in ADDRESS if (part := (raw.get(key) or {}).get(name))]
        if parts:
            yield f"- {word}: {', '.join(parts)}"


def _line(line: Mapping[str, Any]) -> str:
    """One line of a transaction; those that only add others up say nothing."""
    kind = str(line.get("DetailType") or "")
    if kind == "SubTotalLineDetail":
        return ""
    detail = line.get(kind) or {}
    what = [str(line["Description"]).strip()] if line.get("Description") else []
    what += [told for key in ("ItemRef", "AccountRef") if (told := reference(detail, key)[1]) and told not in what]
    what += filter(None, [reference(detail.get("Entity") or {}, "EntityRef")[1]])
    what += [f"{linked.get('TxnType')} {linked.get('TxnId')}" for linked in line.get("LinkedTxn") or []]
    worth = "" if line.get("Amount") is None else money_text(amount(line["Amount"]))
    if detail.get("Qty") is not None and detail.get("UnitPrice") is not None:
        worth = f"{amount(detail['Qty']):f} × {money_text(amount(detail['UnitPrice']))} = {worth}"
    side = str(detail.get("PostingType") or "").lower()
    told = " ".join(filter(None, [side, worth]))
    return f"- {', '.join(what) or kind}: {told}" if what or told else ""


def _with_currency(value: Decimal, currency: str) -> str:
    return f"{money_text(value)} {currency}".strip()
