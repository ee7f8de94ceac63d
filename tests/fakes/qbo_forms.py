"""What QuickBooks fills in where somebody enters a thing by hand or by the API: defaults, totals, balances."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .qbo_json import ZERO, Row
from .qbo_kinds import LISTS, SALES
from .qbo_ledger import CLASSES, CREDIT_TYPES, DEBIT_TYPES, home, reference, unapplied

if TYPE_CHECKING:
    from .qbo_books import Books

CURRENCIES = {"USD": "United States Dollar", "EUR": "Euro", "GBP": "British Pound Sterling", "CAD": "Canadian Dollar"}
OPEN = ("Invoice", "Bill", "VendorCredit", "CreditMemo")  # with a balance that payments settle


def complete(books: Books, kind: str, row: Row) -> Row:
    """The row with all that follows from what was entered. Its balances are settled by the books."""
    if kind in LISTS:
        return _listed(books, kind, row)
    if kind == "TimeActivity":
        return {"TxnDate": books.today().isoformat(), "BillableStatus": "NotBillable", **row}
    made = {"TxnDate": books.today().isoformat(), **row}
    made |= {name: Decimal(made[name]) for name in ("TotalAmt", "Amount") if name in made}
    if kind in SALES:
        made["Line"] = with_subtotal(made.get("Line", []))
    if kind == "Transfer":
        made.setdefault("Amount", ZERO)
    elif kind not in ("JournalEntry", "Payment", "BillPayment") and "TotalAmt" not in row:
        made["TotalAmt"] = total_of(made)
    elif kind in ("Payment", "BillPayment"):
        made.setdefault("TotalAmt", total_of(made))
    if kind == "JournalEntry":
        made.setdefault("Adjustment", False)
    if kind == "Payment":
        made["UnappliedAmt"] = unapplied(made, books.is_credit)
        made.setdefault("ProcessPayment", False)
    return _in_currency(books, kind, made)


def with_subtotal(lines: list[Row]) -> list[Row]:
    """Sales forms end with a line that repeats the sum: who adds up the lines counts twice."""
    own = [line for line in lines if line.get("DetailType") != "SubTotalLineDetail"]
    total = sum((line.get("Amount", ZERO) for line in own), ZERO)
    return [*own, {"Amount": total, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}] if own else []


def total_of(row: Row) -> Decimal:
    lines = [line for line in row.get("Line", []) if line.get("DetailType") != "SubTotalLineDetail"]
    tax: Decimal = row.get("TxnTaxDetail", {}).get("TotalTax", ZERO)
    return sum((line.get("Amount", ZERO) for line in lines), tax)


def currency(code: str) -> Row:
    return {"value": code, "name": CURRENCIES.get(code, code)}


def _listed(books: Books, kind: str, row: Row) -> Row:
    name = row.get("DisplayName") or row.get("Name") or ""
    made: Row = {"Active": True, **row}
    if kind in ("Customer", "Vendor", "Employee"):
        made = {"PrintOnCheckName": name, **made}
    if kind == "Customer":
        made = {"Taxable": False, "BillWithParent": False, "PreferredDeliveryMethod": "None", **made}
    if kind in ("Customer", "Vendor"):
        made = {"Balance": ZERO, **made}
        if books.multicurrency:
            made.setdefault("CurrencyRef", currency(books.currency))
    if kind == "Customer":
        made |= {"Job": "ParentRef" in made, "BalanceWithJobs": made["Balance"]}
    if kind in ("Account", "Item", "Class", "Department", "Customer"):
        parent = books.row(kind, reference(made, "ParentRef")) if "ParentRef" in made else None
        made["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{name}" if parent else name
    if kind == "Account":
        return _account(books, made)
    if kind == "Item":
        made = {"Type": "Service", "UnitPrice": ZERO, "Taxable": False, "TrackQtyOnHand": False, **made}
    return made


def _account(books: Books, row: Row) -> Row:
    made = {"AccountType": "Expense", "SubAccount": "ParentRef" in row, **row}
    made.setdefault("AccountSubType", made["AccountType"].replace(" ", ""))
    made["Classification"] = CLASSES[made["AccountType"]]
    made.setdefault("CurrentBalance", ZERO)
    made["CurrentBalanceWithSubAccounts"] = made["CurrentBalance"]
    if books.multicurrency:
        made["CurrencyRef"] = currency(made.get("CurrencyRef", {}).get("value") or books.currency)
    return made


def balance_sign(type: str) -> int:
    """Accounts of income and expense have no balance."""
    return 1 if type in DEBIT_TYPES else -1 if type in CREDIT_TYPES else 0


def _in_currency(books: Books, kind: str, row: Row) -> Row:
    """Currency, rate and home amounts are told where a company keeps several currencies."""
    if not books.multicurrency:
        row.pop("CurrencyRef", None)
        row.pop("ExchangeRate", None)
        return row
    row.setdefault("CurrencyRef", currency(books.currency))
    row["CurrencyRef"] = currency(row["CurrencyRef"]["value"])
    row.setdefault("ExchangeRate", Decimal(1))
    if kind in (*SALES, "Deposit", "JournalEntry") and "TotalAmt" in row:
        row["HomeTotalAmt"] = home(row, row["TotalAmt"])
    return row


def settled(books: Books, kind: str, row: Row, balance: Decimal) -> dict[str, Any]:
    """What changes in a document when so much of it is still open."""
    changed: dict[str, Any] = {"Balance": balance}
    if kind == "CreditMemo":
        changed["RemainingCredit"] = balance
    if books.multicurrency and kind in ("Invoice", "Bill", "CreditMemo"):
        changed["HomeBalance"] = home(row, balance)
    return changed
