"""What a document does to the books: to accounts, to what somebody owes, and to the documents that it pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .qbo_json import ZERO, Row

CENT = Decimal("0.01")
RECEIVABLE, PAYABLE = "Accounts Receivable", "Accounts Payable"
DEBIT_TYPES = ("Bank", RECEIVABLE, "Other Current Asset", "Fixed Asset", "Other Asset")
CREDIT_TYPES = (PAYABLE, "Credit Card", "Other Current Liability", "Long Term Liability", "Equity")
EARNED = ("Income", "Other Income")
SPENT = ("Cost of Goods Sold", "Expense", "Other Expense")
CLASSES = {
    **dict.fromkeys(DEBIT_TYPES, "Asset"),
    **dict.fromkeys(CREDIT_TYPES, "Liability"),
    **dict.fromkeys(EARNED, "Revenue"),
    **dict.fromkeys(SPENT, "Expense"),
    "Equity": "Equity",
}

ENTRIES = ("JournalEntry", "Deposit", "Purchase")  # that may post to what somebody owes
LINKED = {  # what payments call that which they settle
    **{kind: kind for kind in ("Invoice", "CreditMemo", "Bill", "VendorCredit", "JournalEntry", "Deposit")},
    **dict.fromkeys(("Expense", "Check", "CreditCardCredit"), "Purchase"),
}
SELLING = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")

Posting = tuple[str, Decimal]  # an account, and how much it is debited, in home currency
Owed = tuple[str, str, Decimal]  # "Customer" or "Vendor", its id, and how much more is owed
Link = tuple[str, str, Decimal]  # kind and id of a document, and how much of it is settled


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def home(row: Mapping[str, Any], amount: Decimal) -> Decimal:
    rate = row.get("ExchangeRate")
    return cents(amount * rate) if rate else amount


def reference(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name, {}).get("value", ""))


def postings(kind: str, row: Row, standing: Mapping[str, str], items: Mapping[str, Row]) -> Iterator[Posting]:
    """`standing` names the accounts that every company has: receivable, payable, undeposited, income, expense."""
    total = row.get("TotalAmt", ZERO)
    if kind == "JournalEntry":
        for line in row.get("Line", []):
            inside = line["JournalEntryLineDetail"]
            sign = 1 if inside["PostingType"] == "Debit" else -1
            yield inside["AccountRef"]["value"], sign * home(row, line.get("Amount", ZERO))
    elif kind == "Transfer":
        yield reference(row, "ToAccountRef"), row["Amount"]
        yield reference(row, "FromAccountRef"), -row["Amount"]
    elif kind == "Payment":
        yield reference(row, "DepositToAccountRef") or standing["undeposited"], home(row, total)
        yield standing["receivable"], -home(row, total)
    elif kind == "BillPayment":
        yield standing["payable"], home(row, total)
        yield _paid_from(row) or standing["bank"], -home(row, total)
    else:
        sign, against = _against(kind, row, standing)
        if against:
            lines = list(_lines(row, standing, items, kind))
            rest = home(row, total) - sum((amount for _, amount in lines), ZERO)  # rounded, or without a line
            lines.append((standing["income" if kind in SELLING else "expense"], rest))
            yield against, sign * home(row, total)
            yield from ((account, -sign * amount) for account, amount in lines)


def _against(kind: str, row: Row, standing: Mapping[str, str]) -> tuple[int, str]:
    """The account that stands against the lines, and whether it is debited."""
    if kind in ("Invoice", "CreditMemo"):
        return (1 if kind == "Invoice" else -1), standing["receivable"]
    if kind in ("Bill", "VendorCredit"):
        return (-1 if kind == "Bill" else 1), standing["payable"]
    if kind in ("SalesReceipt", "Deposit"):
        return 1, reference(row, "DepositToAccountRef") or standing["undeposited"]
    if kind == "RefundReceipt":
        return -1, reference(row, "DepositToAccountRef") or standing["bank"]
    if kind == "Purchase":
        return (1 if row.get("Credit") else -1), reference(row, "AccountRef") or standing["bank"]
    return 0, ""  # estimates, orders and hours move nothing


def _lines(row: Row, standing: Mapping[str, str], items: Mapping[str, Row], kind: str) -> Iterator[Posting]:
    sells = kind in SELLING
    if tax := row.get("TxnTaxDetail", {}).get("TotalTax"):
        yield standing["tax"], home(row, tax)
    for line in row.get("Line", []):
        detail = line.get(line.get("DetailType", ""), {})
        if line.get("DetailType") == "SubTotalLineDetail":
            continue
        item = items.get(reference(detail, "ItemRef"), {})
        of_item = reference(item, "IncomeAccountRef" if sells else "ExpenseAccountRef")
        account = reference(detail, "AccountRef") or of_item or standing["income" if sells else "expense"]
        if line.get("LinkedTxn") and not reference(detail, "AccountRef"):
            account = standing["undeposited"]
        yield account, home(row, line.get("Amount", ZERO))


def _paid_from(row: Row) -> str:
    return reference(row.get("CheckPayment", {}), "BankAccountRef") or reference(
        row.get("CreditCardPayment", {}), "CCAccountRef"
    )


def owed(kind: str, row: Row, types: Mapping[str, str]) -> Iterator[Owed]:
    """What a document adds to the balance of a customer or vendor, in its currency. `types`: of each account."""
    total = row.get("TotalAmt", ZERO)
    if kind in ("Invoice", "CreditMemo", "Payment"):
        yield "Customer", reference(row, "CustomerRef"), total if kind == "Invoice" else -total
    elif kind in ("Bill", "VendorCredit", "BillPayment"):
        yield "Vendor", reference(row, "VendorRef"), total if kind == "Bill" else -total
    elif kind == "JournalEntry":
        for line in row.get("Line", []):
            inside = line["JournalEntryLineDetail"]
            sign = 1 if inside["PostingType"] == "Debit" else -1
            type_of = types.get(inside["AccountRef"]["value"])
            whom = reference(inside.get("Entity", {}), "EntityRef")
            if type_of == RECEIVABLE and whom:
                yield "Customer", whom, sign * line.get("Amount", ZERO)
            elif type_of == PAYABLE and whom:
                yield "Vendor", whom, -sign * line.get("Amount", ZERO)
    elif kind in ENTRIES:
        yield from _owed_by_lines(kind, row, types)


def _owed_by_lines(kind: str, row: Row, types: Mapping[str, str]) -> Iterator[Owed]:
    """Lines of deposits and expenses on receivables: money that came from a customer, or went to one."""
    sign = -1 if kind == "Deposit" or row.get("Credit") else 1
    for line in row.get("Line", []):
        detail = line.get(line.get("DetailType", ""), {})
        if types.get(reference(detail, "AccountRef")) == RECEIVABLE:
            whom = reference(detail, "Entity") if kind == "Deposit" else reference(row, "EntityRef")
            yield "Customer", whom, sign * line.get("Amount", ZERO)


def links(kind: str, row: Row) -> Iterator[Link]:
    """Which documents a payment settles."""
    if kind in ("Payment", "BillPayment"):
        for line in row.get("Line", []):
            for linked in line.get("LinkedTxn", []):
                if linked["TxnType"] in LINKED:
                    yield LINKED[linked["TxnType"]], linked["TxnId"], line.get("Amount", ZERO)


def unapplied(row: Row, is_credit: Callable[[str, str], bool]) -> Decimal:
    """What of a payment settles nothing yet; credits that it uses count as money."""
    total: Decimal = row.get("TotalAmt", ZERO)
    for kind, settled, amount in links("Payment", row):
        total += amount if is_credit(kind, settled) else -amount
    return total


def repointed(value: Any, kind: str, old: str, target: Mapping[str, str], *, inside: bool) -> Any:
    """The same, with `target` wherever a customer or a vendor was pointed to. `inside`: in a list of that kind."""
    if isinstance(value, list):
        return [repointed(each, kind, old, target, inside=inside) for each in value]
    if not isinstance(value, Mapping):
        return value
    names = {f"{kind}Ref", *(["ParentRef"] if inside else []), *(["EntityRef"] if value.get("Type") == kind else [])}
    made = {}
    for name, each in value.items():
        points = isinstance(each, Mapping) and each.get("value") == old
        if points and (name in names or each.get("type", "").lower() == kind.lower()):
            made[name] = {**each, **target}
        else:
            made[name] = repointed(each, kind, old, target, inside=inside)
    return made
