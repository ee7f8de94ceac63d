"""Short forms for what bookkeepers enter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from .qbo_json import Row
from .qbo_kinds import SALES

Amount = Decimal | int | str
Lines = Amount | list[Any]


class Entries:
    """Each returns the Id of what it made. `on` and `due` are dates; further fields by the vendor's names.

    `amounts` is one amount, or a list of amounts, of (amount, description), of (amount, description, item or account),
    or of whole lines.
    """

    standing: Mapping[str, str]

    def create(self, kind: str, **fields: Any) -> str:
        raise NotImplementedError

    def edit(self, kind: str, id: str, **fields: Any) -> Row:
        raise NotImplementedError

    def must(self, kind: str, id: str) -> Row:
        raise NotImplementedError

    # Lists

    def customer(self, name: str, *, email: str = "", parent: str = "", **fields: Any) -> str:
        more: Row = {"PrimaryEmailAddr": {"Address": email}} if email else {}
        if parent:
            more["ParentRef"] = {"value": parent}
        return self.create("Customer", DisplayName=name, **more, **fields)

    def vendor(self, name: str, *, email: str = "", **fields: Any) -> str:
        more = {"PrimaryEmailAddr": {"Address": email}} if email else {}
        return self.create("Vendor", DisplayName=name, **more, **fields)

    def employee(self, name: str, **fields: Any) -> str:
        return self.create("Employee", DisplayName=name, **fields)

    def item(self, name: str, price: Amount = 0, *, income: str = "", **fields: Any) -> str:
        ref = {"IncomeAccountRef": self.ref("Account", income or self.standing["income"])}
        return self.create("Item", Name=name, UnitPrice=_exact(price), **ref, **fields)

    def account(self, name: str, type: str = "Expense", **fields: Any) -> str:
        return self.create("Account", Name=name, AccountType=type, **fields)

    # Sales

    def invoice(self, customer: str, amounts: Lines, *, due: str | date = "", **fields: Any) -> str:
        return self._sale("Invoice", customer, amounts, {"DueDate": due} | fields)

    def estimate(self, customer: str, amounts: Lines, **fields: Any) -> str:
        return self._sale("Estimate", customer, amounts, {"TxnStatus": "Pending"} | fields)

    def credit_memo(self, customer: str, amounts: Lines, **fields: Any) -> str:
        return self._sale("CreditMemo", customer, amounts, fields)

    def sales_receipt(self, customer: str, amounts: Lines, *, into: str = "", **fields: Any) -> str:
        target = self.ref("Account", into or self.standing["undeposited"])
        return self._sale("SalesReceipt", customer, amounts, {"DepositToAccountRef": target} | fields)

    def refund_receipt(self, customer: str, amounts: Lines, *, out_of: str = "", **fields: Any) -> str:
        source = self.ref("Account", out_of or self.standing["bank"])
        return self._sale("RefundReceipt", customer, amounts, {"DepositToAccountRef": source} | fields)

    def payment(
        self,
        customer: str,
        amount: Amount,
        invoices: Mapping[str, Amount] | None = None,
        *,
        credits: Mapping[str, Amount] | None = None,
        entries: Mapping[tuple[str, str], Amount] | None = None,
        **fields: Any,
    ) -> str:
        """`invoices`: how much of which; `credits`: how much of which credit memo is used up; `entries`: of what else,
        by the word for it (JournalEntry, Deposit, Expense, Check, CreditCardCredit) and id.
        """
        lines = _settling("Invoice", invoices) + _settling("CreditMemo", credits)
        for (word, entry), part in (entries or {}).items():
            lines += _settling(word, {entry: part})
        ref = {"CustomerRef": self.ref("Customer", customer)}
        return self.create("Payment", TotalAmt=_exact(amount), Line=lines, **ref, **_dated(fields))

    # Purchases

    def bill(self, vendor: str, amounts: Lines, *, due: str | date = "", **fields: Any) -> str:
        return self._expense("Bill", vendor, amounts, {"DueDate": due} | fields)

    def vendor_credit(self, vendor: str, amounts: Lines, **fields: Any) -> str:
        return self._expense("VendorCredit", vendor, amounts, fields)

    def purchase_order(self, vendor: str, amounts: Lines, **fields: Any) -> str:
        return self._expense("PurchaseOrder", vendor, amounts, {"POStatus": "Open"} | fields)

    def bill_payment(
        self, vendor: str, amount: Amount, bills: Mapping[str, Amount] | None = None, **fields: Any
    ) -> str:
        paid = {"PayType": "Check", "CheckPayment": {"BankAccountRef": self.ref("Account", self.standing["bank"])}}
        ref = {"VendorRef": self.ref("Vendor", vendor)}
        more = {**paid, **ref, **_dated(fields)}
        return self.create("BillPayment", TotalAmt=_exact(amount), Line=_settling("Bill", bills), **more)

    def purchase(self, amounts: Lines, *, out_of: str = "", vendor: str = "", customer: str = "", **fields: Any) -> str:
        """Money that went out; with `Credit=True` it came back to the card. `customer`: who owes it from now on."""
        made = {"AccountRef": self.ref("Account", out_of or self.standing["bank"]), "PaymentType": "Check"}
        if vendor:
            made["EntityRef"] = {**self.ref("Vendor", vendor), "type": "Vendor"}
        if customer:
            made["EntityRef"] = {**self.ref("Customer", customer), "type": "Customer"}
        account = self.standing["receivable"] if customer else ""
        return self.create("Purchase", Line=self._spent(amounts, account), **made | _dated(fields))

    # Money and hours

    def deposit(
        self,
        amounts: Lines,
        *,
        into: str = "",
        source: str = "",
        payments: Sequence[str] = (),
        customer: str = "",
        **fields: Any,
    ) -> str:
        """Money from one account, and payments that were not deposited yet. `customer`: whom it is credited to."""
        usual = self.standing["receivable" if customer else "income"]
        detail: Row = {"AccountRef": self.ref("Account", source or usual)}
        if customer:
            detail["Entity"] = {**self.ref("Customer", customer), "type": "CUSTOMER"}
        lines = [{**line, "DetailType": "DepositLineDetail", "DepositLineDetail": detail} for line in _lines(amounts)]
        for payment in payments:
            link = {"TxnId": payment, "TxnType": "Payment", "TxnLineId": "0"}
            lines.append({"Amount": self.must("Payment", payment)["TotalAmt"], "LinkedTxn": [link]})
        target = self.ref("Account", into or self.standing["bank"])
        return self.create("Deposit", DepositToAccountRef=target, Line=lines, **_dated(fields))

    def transfer(self, out_of: str, into: str, amount: Amount, **fields: Any) -> str:
        ends = {"FromAccountRef": self.ref("Account", out_of), "ToAccountRef": self.ref("Account", into)}
        return self.create("Transfer", Amount=_exact(amount), **ends, **_dated(fields))

    def journal(
        self, debits: Mapping[str, Amount], credits: Mapping[str, Amount], customer: str = "", **fields: Any
    ) -> str:
        """By account; of `customer` on receivables. Lines on payables need an Entity: give `Line` for those."""
        lines = []
        for posting, side in (("Debit", debits), ("Credit", credits)):
            for account, amount in side.items():
                detail: Row = {"PostingType": posting, "AccountRef": self.ref("Account", account)}
                if customer and account == self.standing["receivable"]:
                    detail["Entity"] = {"Type": "Customer", "EntityRef": self.ref("Customer", customer)}
                lines.append({"Amount": _exact(amount), "JournalEntryLineDetail": detail})
        rows = [
            {"Id": str(number), **line, "DetailType": "JournalEntryLineDetail"} for number, line in enumerate(lines)
        ]
        return self.create("JournalEntry", **{"Line": rows} | _dated(fields))

    def time_activity(self, employee: str, hours: int, minutes: int = 0, **fields: Any) -> str:
        made = {"NameOf": "Employee", "EmployeeRef": self.ref("Employee", employee)}
        return self.create("TimeActivity", Hours=hours, Minutes=minutes, **made, **_dated(fields))

    def amend(self, kind: str, id: str, amounts: Lines) -> Row:
        """A sale or an expense is for other amounts."""
        return self.edit(kind, id, Line=self._sold(amounts) if kind in SALES else self._spent(amounts))

    def ref(self, kind: str, id: str) -> Row:
        row = self.must(kind, id)
        return {"value": id, "name": row.get("DisplayName") or row.get("FullyQualifiedName") or row["Name"]}

    def _sale(self, kind: str, customer: str, amounts: Lines, fields: Mapping[str, Any]) -> str:
        ref = {"CustomerRef": self.ref("Customer", customer)}
        return self.create(kind, Line=self._sold(amounts), **ref, **_dated(fields))

    def _sold(self, amounts: Lines) -> list[Row]:
        lines = []
        for number, line in enumerate(_lines(amounts), 1):
            if "DetailType" in line:
                lines.append(line)
                continue
            item = line.pop("account", "")
            detail = {"ItemRef": self.ref("Item", item)} if item else {}
            line |= {"Id": str(number), "LineNum": number, "DetailType": "SalesItemLineDetail"}
            lines.append({**line, "SalesItemLineDetail": detail})
        return lines

    def _expense(self, kind: str, vendor: str, amounts: Lines, fields: Mapping[str, Any]) -> str:
        ref = {"VendorRef": self.ref("Vendor", vendor)}
        ref["APAccountRef"] = self.ref("Account", self.standing["payable"])
        return self.create(kind, Line=self._spent(amounts), **ref, **_dated(fields))

    def _spent(self, amounts: Lines, usual: str = "") -> list[Row]:
        lines = []
        for number, line in enumerate(_lines(amounts), 1):
            if "DetailType" in line:
                lines.append(line)
                continue
            account = self.ref("Account", line.pop("account", "") or usual or self.standing["expense"])
            line |= {"Id": str(number), "DetailType": "AccountBasedExpenseLineDetail"}
            lines.append({**line, "AccountBasedExpenseLineDetail": {"AccountRef": account}})
        return lines


def _exact(amount: Amount) -> Decimal:
    return amount if isinstance(amount, Decimal) else Decimal(amount)


def _dated(fields: Mapping[str, Any]) -> Row:
    """Fields as they are written: `on` is TxnDate, `currency` and `rate` are CurrencyRef and ExchangeRate."""
    made: Row = {}
    for name, value in fields.items():
        if name == "currency":
            made["CurrencyRef"] = {"value": value}
        elif name == "rate":
            made["ExchangeRate"] = _exact(value)
        elif value not in ("", None):
            told = {"on": "TxnDate", "note": "PrivateNote", "number": "DocNumber"}.get(name, name)
            made[told] = value.isoformat() if isinstance(value, date) else value
    return made


def _lines(amounts: Lines) -> list[Row]:
    made: list[Row] = []
    for one in amounts if isinstance(amounts, list) else [amounts]:
        if isinstance(one, dict):
            made.append(dict(one))
            continue
        amount, *more = one if isinstance(one, tuple) else (one,)
        line: Row = {"Amount": _exact(amount)}
        if more and more[0]:
            line["Description"] = more[0]
        if len(more) > 1:
            line["account"] = more[1]
        made.append(line)
    return made


def _settling(kind: str, amounts: Mapping[str, Amount] | None) -> list[Row]:
    return [
        {"Amount": _exact(amount), "LinkedTxn": [{"TxnId": settled, "TxnType": kind}]}
        for settled, amount in (amounts or {}).items()
    ]
