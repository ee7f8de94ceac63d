"""Books, banks and payrolls in a store, in the fields that the connectors keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from aragora_sync.core.changes import Failed, Item
from aragora_sync.core.source import Stream
from aragora_sync.report.finance import financial_context
from aragora_sync.report.sources import READERS, Source, type_of
from aragora_sync.store.sqlite import SqliteStore, store_path

from ..clock import FakeClock
from ..contract.desk import Desk

TODAY = date(2026, 3, 1)  # as the clock of tests has it
STREAMS = {
    "qbo": {
        "invoice": "Invoice",
        "credit_memo": "CreditMemo",
        "payment": "Payment",
        "account": "Account",
        "journal_entry": "JournalEntry",
        "deposit": "Deposit",
        "purchase": "Purchase",
    },
    "xero": {
        "invoice": "invoices",
        "credit_note": "credit_notes",
        "overpayment": "overpayments",
        "prepayment": "prepayments",
    },
    "gusto": {"payroll": "payrolls", "employee": "employees"},
    "plaid": {"account": "item-1/accounts", "transaction": "item-1/transactions"},
}


class Ledger:
    """A tenant's store. What is kept is there at once, as after a run that ended well."""

    def __init__(self, folder: Path, clock: FakeClock | None = None, tenant: str = "acme") -> None:
        self.tenant = tenant
        self.clock = clock or FakeClock()
        self.path = store_path(folder, tenant)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.store = SqliteStore(self.path, clock=self.clock)
        self.closed = False

    def keep(self, connector: str, *items: Item, status: str = "ok", errors: tuple[str, ...] = ()) -> None:
        """A run in which every stream is read whole, and holds these."""
        desk = Desk(self.store, connector)
        for kind, stream in STREAMS.get(type_of(connector), {}).items():
            desk.passed(*(item for item in items if item.kind == kind), stream=stream, guard=False)
        self.store.end_run(desk.run, status, list(errors))

    def fail(self, connector: str, status: str, error: str) -> None:
        """A run in which nothing is read."""
        self.store.end_run(self.store.begin_run(connector), status, [error])

    def lose(self, connector: str, stream: str, why: str) -> None:
        self.store.note_access(connector, Stream(stream, f"title of {stream}"), why)

    def break_item(self, connector: str, stream: str, item_id: str) -> None:
        desk = Desk(self.store, connector)
        desk.say(Failed(item_id, "it is broken"), stream=stream)
        self.store.end_run(desk.run, "partial", [])

    def document(self, as_of: date = TODAY, *configured: str) -> dict[str, Any]:
        """Of all connectors that the store knows, and those that are only configured."""
        known = dict.fromkeys([*self.store.connectors(), *configured])
        sources = [Source(each, type_of(each)) for each in known if type_of(each) in READERS]
        return financial_context(self.store, self.tenant, sources, as_of)

    def close(self) -> None:
        self.store.close()


def item(item_id: str, kind: str, metadata: Mapping[str, Any]) -> Item:
    return Item(item_id, kind, item_id, "text", metadata=metadata)


def qbo_invoice(number: str, balance: str, due: str = "2026-03-31", **more: Any) -> Item:
    name = more.pop("customer", "Acme")
    customer = {"value": "4" if name == "Acme" else f"id of {name}", "name": name}
    told = {
        "Id": number,
        "DocNumber": number,
        "Balance": balance,
        "TotalAmt": balance,
        "CustomerRef": customer,
        "TxnDate": "2026-01-02",
        "DueDate": due,
        "currency": "USD",
    }
    return item(f"Invoice/{number}", "invoice", {**told, **more})


def qbo_credit(number: str, remaining: str, **more: Any) -> Item:
    told = {"CustomerRef": {"value": "4", "name": "Acme"}, "TxnDate": "2026-01-05", "currency": "USD"}
    return item(f"CreditMemo/{number}", "credit_memo", {**told, "RemainingCredit": remaining, **more})


def qbo_payment(number: str, unapplied: str, **more: Any) -> Item:
    told = {"CustomerRef": {"value": "4", "name": "Acme"}, "TxnDate": "2026-01-05", "currency": "USD"}
    return item(f"Payment/{number}", "payment", {**told, "UnappliedAmt": unapplied, "TotalAmt": "900", **more})


def qbo_account(number: str, kind: str, balance: str) -> Item:
    told = {"Name": f"Account {number}", "AccountType": kind, "CurrentBalance": balance}
    return item(f"Account/{number}", "account", {**told, "CurrencyRef": {"value": "USD"}})


def qbo_journal(number: str, account: str, amount: str = "5.00", side: str = "Debit", customer: str = "4") -> Item:
    detail = {"PostingType": side, "AccountRef": {"value": account}}
    detail["Entity"] = {"Type": "Customer", "EntityRef": {"value": customer, "name": f"Customer {customer}"}}
    line = {"Amount": amount, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}
    told = {"Line": [line], "currency": "USD", "TxnDate": "2026-01-15", "DocNumber": f"J-{number}"}
    return item(f"JournalEntry/{number}", "journal_entry", told)


def xero_invoice(number: str, due: str, on: str = "2026-03-31", **more: Any) -> Item:
    contact = {"ContactID": "c1", "Name": more.pop("contact", "Acme")}
    told = {
        "InvoiceID": number,
        "InvoiceNumber": number,
        "Type": "ACCREC",
        "Status": "AUTHORISED",
        "Contact": contact,
        "Date": "2026-01-02",
        "DueDate": on,
        "AmountDue": due,
        "Total": due,
        "CurrencyCode": "NZD",
    }
    return item(f"invoices/{number}", "invoice", {**told, **more})


def xero_credit(number: str, remaining: str, **more: Any) -> Item:
    told = {
        "CreditNoteNumber": number,
        "Type": "ACCRECCREDIT",
        "Status": "AUTHORISED",
        "Date": "2026-01-02",
        "Contact": {"ContactID": "c1", "Name": "Acme"},
        "RemainingCredit": remaining,
        "CurrencyCode": "NZD",
    }
    return item(f"credit_notes/{number}", "credit_note", {**told, **more})


def xero_paid_ahead(number: str, kind: str, remaining: str, **more: Any) -> Item:
    """`kind`: overpayment or prepayment."""
    told = {"Type": f"RECEIVE-{kind.upper()}", "Status": "AUTHORISED", "CurrencyCode": "NZD", "Date": "2026-01-02"}
    told["Contact"] = {"ContactID": "c1", "Name": "Acme"}
    return item(f"{kind}s/{number}", kind, {**told, "RemainingCredit": remaining, **more})


def plaid_account(account: str, current: str | None, kind: str = "depository", **more: Any) -> Item:
    balances = {"current": current, "available": more.pop("available", None), "limit": None}
    told = {
        "account_id": account,
        "name": "Checking",
        "mask": account[-4:],
        "type": kind,
        "subtype": "checking",
        "balances": balances,
        "currency": "USD",
        "role": "asset",
        "freshness": "cached",
        "item_id": "item-1",
        "institution_id": "ins_1",
        "institution_name": "First Bank",
    }
    return item(account, "account", {**told, **more})


def gusto_payroll(uuid: str, check_date: str, **more: Any) -> Item:
    """By default the worked example of Gusto: 15390.55 in all, 14290.55 of it debited."""
    totals = {
        "company_debit": "14290.55",
        "reimbursements": "150.00",
        "net_pay": "8512.40",
        "gross_pay": "12000.00",
        "employee_cash_tips": "0.00",
        "employer_taxes": "2640.55",
        "employee_taxes": "2787.60",
        "benefits": "600.00",
        "employee_benefits_deductions": "500.00",
        "other_deductions": "200.00",
    }
    told = {"payroll_uuid": uuid, "check_date": check_date, "processed": True, "totals": totals, "currency": "USD"}
    return item(f"payrolls/{uuid}", "payroll", {**told, **more})


def gusto_employee(uuid: str, department: str) -> Item:
    return item(f"employees/{uuid}", "employee", {"uuid": uuid, "department": department})
