"""The books of one organisation at Xero, kept in the words of those who keep them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .xero_documents import CHART, CLASSES, KINDS, TAX_PERCENT, ZERO, Line, Record, journal_line, line_of, totals
from .xero_json import Raw, cents, day, new_id
from .xero_settling import settle_credit, settle_invoice

PACE_SECONDS = 1.037  # odd, so that moments have milliseconds
QUIET = {"DueDate", "SentToContact", "ExpectedPaymentDate"}  # edits that move no clock where something was paid
TAX_OF = {"ACCREC": "OUTPUT2", "ACCPAY": "INPUT2", "RECEIVE": "OUTPUT2", "SPEND": "INPUT2"}
STATUS = {"Contacts": "ContactStatus"}
FROM = {
    "SUBMITTED": ("DRAFT",),
    "AUTHORISED": ("DRAFT", "SUBMITTED"),
    "POSTED": ("DRAFT",),
    "VOIDED": ("AUTHORISED", "POSTED"),
    "DELETED": ("DRAFT", "SUBMITTED"),
}
DELETED_AT_ONCE = ("BankTransactions", "BankTransfers", "Payments", "Accounts")


class Books:
    """Each act takes `pace` seconds, and returns the id of what it made; amounts may be given as text.

    Contacts: add_contact, archive, restore, merge, forget. Documents: create_invoice (`type` ACCREC or ACCPAY),
    create_credit_note, with lines (description, quantity, unit amount, account code, tax type); set_lines, submit,
    approve, void, delete, send, attach. Money: pay (invoices, and refunds of credits), allocate, unallocate,
    spend, receive, overpay, prepay, transfer, delete. Journals: post_journal. Others: add_account, add_item, archive.
    All: edit(id, Field=value) – which moves no clock where Xero moves none –, fields(id).

    Switches: `lag` seconds until lists show an act; `lock_date`; `other_uncertified_apps`;
    `clocks_move_with_attachments`.
    """

    def __init__(self, name: str, number: int, tick: Callable[[float], datetime], **more: Any) -> None:
        self.name, self._tick = name, tick
        self.tenant_id = new_id("tenant", number, name)
        self.tenant_type = "ORGANISATION"
        self.short_code = f"!{self.tenant_id[:5]}"
        self.currency, self.country, self.timezone, self.is_demo = "NZD", "NZ", "NEWZEALANDSTANDARDTIME", False
        self.records: dict[str, Record] = {}
        self.pace, self.lag = PACE_SECONDS, 0.0
        self.lock_date: date | None = None
        self.other_uncertified_apps = 0
        self.clocks_move_with_attachments = False
        self.tracking: dict[str, list[str]] = {"Region": ["North", "South"]}
        self.moved: list[tuple[str, str, str, datetime]] = []  # kind, id, "CREATE" or "UPDATE", when
        self._made = 0
        for code, title, kind, tax, system in CHART:
            self._add_account(code, title, kind, tax, system, self._tick(0))
        for field_name, value in more.items():
            setattr(self, field_name, value)

    # What all acts do

    def new_id(self, what: str) -> str:
        self._made += 1
        return new_id(self.tenant_id, what, self._made)

    def now(self) -> datetime:
        """This moment, as Xero writes moments: with milliseconds."""
        now = self._tick(0)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def _act(self) -> datetime:
        self._tick(self.pace)
        return self.now()

    def keep(self, kind: str, fields: Raw, now: datetime | None = None, known_as: str = "") -> str:
        """Something new."""
        now = now or self._act()
        made = known_as or self.new_id(kind)
        record = self.records[made] = Record(kind, made, len(self.records))
        stamp = {} if kind == "BankTransfers" else {"UpdatedDateUTC": now}
        record.write({KINDS[kind].key: made, **fields, **stamp}, now + timedelta(seconds=self.lag), now)
        self.moved.append((kind, made, "CREATE", now))
        return made

    def change(self, id: str, now: datetime | None = None, quietly: bool = False, **fields: Any) -> None:
        """Some fields are others now; `quietly`: the record's clock stands still."""
        now = now or self._act()
        record = self.records[id]
        stamp = {} if quietly or record.kind == "BankTransfers" else {"UpdatedDateUTC": now}
        record.write({**record.fields, **fields, **stamp}, now + timedelta(seconds=self.lag), now)
        if not quietly:
            self.moved.append((record.kind, id, "UPDATE", now))

    def fields(self, id: str) -> Raw:
        return self.records[id].fields

    def of_kind(self, kind: str) -> list[Record]:
        return [record for record in self.records.values() if record.kind == kind]

    def account(self, code: str) -> Raw:
        """The account with this code."""
        return next(one.fields for one in self.of_kind("Accounts") if one.fields["Code"] == code)

    def edit(self, id: str, **fields: Any) -> None:
        """Some fields, by their names. Dates may be text."""
        before = self.fields(id)
        dates = {name: day(value) for name, value in fields.items() if name.endswith("Date") and value}
        quietly = set(fields) <= QUIET and before.get("AmountPaid", ZERO) > 0
        self.change(id, quietly=quietly, **{**fields, **dates})

    def attach(self, id: str) -> None:
        """A file is attached. Whether that moves the clock, nobody outside knows."""
        self.change(id, quietly=not self.clocks_move_with_attachments, HasAttachments=True)

    # Contacts, accounts, items

    def add_contact(self, name: str, **fields: Any) -> str:
        empty: Raw = {"Addresses": [], "Phones": [], "ContactGroups": [], "ContactPersons": []}
        usual = {"ContactStatus": "ACTIVE", "Name": name, "EmailAddress": "", "BankAccountDetails": "", **empty}
        usual["TaxNumber"] = ""
        return self.keep("Contacts", {**usual, "HasAttachments": False, "HasValidationErrors": False, **fields})

    def archive(self, id: str) -> None:
        self.change(id, **{STATUS.get(self.records[id].kind, "Status"): "ARCHIVED"})

    def restore(self, id: str) -> None:
        self.change(id, **{STATUS.get(self.records[id].kind, "Status"): "ACTIVE"})

    def merge(self, contact: str, into: str) -> None:
        """All documents of the one belong to the other from now on; their clocks stand still."""
        now = self._act()
        self.change(contact, now, ContactStatus="ARCHIVED", MergedToContactID=into)
        self.change(into, now)
        for record in self.records.values():
            if record.fields.get("Contact", {}).get("ContactID") == contact:
                self.change(record.id, now, quietly=True, Contact={"ContactID": into})

    def forget(self, contact: str) -> None:
        """Somebody asked for what is known of them to be erased."""
        gone = {"Name": f"GDPR {contact[:8]}", "EmailAddress": "", "Addresses": [], "Phones": [], "ContactPersons": []}
        self.change(contact, ContactStatus="GDPRREQUEST", **gone)

    def add_account(self, code: str, name: str, kind: str = "EXPENSE", tax: str = "NONE") -> str:
        return self._add_account(code, name, kind, tax, "", self._act())

    def _add_account(self, code: str, name: str, kind: str, tax: str, system: str, now: datetime) -> str:
        fields = {"Code": code, "Name": name, "Status": "ACTIVE", "Type": kind, "TaxType": tax, "Class": CLASSES[kind]}
        fields |= {"EnablePaymentsToAccount": False, "ShowInExpenseClaims": False, "HasAttachments": False}
        fields |= {"SystemAccount": system} if system else {}
        if kind == "BANK":
            fields |= {"BankAccountNumber": f"02{code}87654321050", "BankAccountType": "BANK"}
            fields |= {"CurrencyCode": self.currency}
        return self.keep("Accounts", fields, now)

    def add_item(self, code: str, name: str, price: str = "0.00") -> str:
        sales = {"UnitPrice": Decimal(price), "AccountCode": "200", "TaxType": "OUTPUT2"}
        fields = {"Code": code, "Name": name, "Description": name, "IsSold": True, "IsPurchased": False}
        return self.keep(
            "Items", {**fields, "SalesDetails": sales, "PurchaseDetails": {}, "IsTrackedAsInventory": False}
        )

    # Documents

    def create_invoice(self, contact: str, *lines: Line, type: str = "ACCREC", **more: Any) -> str:
        """`date`, `due` (dates or text), `status`, `tax` (LineAmountTypes), `currency`, `rate`, and fields by name."""
        due = more.pop("due", self.now().date() + timedelta(days=30))
        fields = self._document(contact, lines, type, {"InvoiceNumber": self._number("Invoices", "INV"), **more})
        fields |= {"DueDate": due and day(due), "SentToContact": False, "IsDiscounted": False, "HasErrors": False}
        fields |= {"AmountPaid": ZERO, "AmountCredited": ZERO, "AmountDue": fields["Total"]}
        fields |= {name: [] for name in ("Payments", "CreditNotes", "Prepayments", "Overpayments")}
        return self.keep("Invoices", fields)

    def create_credit_note(self, contact: str, *lines: Line, type: str = "ACCRECCREDIT", **more: Any) -> str:
        more = {"CreditNoteNumber": self._number("CreditNotes", "CN"), **more}
        return self._credit("CreditNotes", self._document(contact, lines, type, more))

    def overpay(self, contact: str, amount: str, *, account: str = "090", type: str = "RECEIVE", **more: Any) -> str:
        """More was paid than was owed: a credit, and the bank transaction that brought it (of kind `type`)."""
        return self._in_advance("Overpayments", contact, amount, account, f"{type}-OVERPAYMENT", more)

    def prepay(self, contact: str, amount: str, *, account: str = "090", type: str = "RECEIVE", **more: Any) -> str:
        return self._in_advance("Prepayments", contact, amount, account, f"{type}-PREPAYMENT", more)

    def _in_advance(self, kind: str, contact: str, amount: str, account: str, type: str, more: Raw) -> str:
        line = ("paid in advance", 1, amount, "610", "NONE")
        made = self._credit(kind, self._document(contact, (line,), type, {"tax": "NoTax", **more}))
        bank = {"BankAccount": self._bank(account), "IsReconciled": False, KINDS[kind].key: made}
        self.keep(
            "BankTransactions", {**self._document(contact, (line,), type, {"tax": "NoTax", **more}), **bank}, self.now()
        )
        return made

    def _credit(self, kind: str, fields: Raw) -> str:
        made = self.new_id(kind)
        credit = {"ID": made, "RemainingCredit": fields["Total"], "Allocations": [], "Payments": []}
        return self.keep(kind, {**fields, **credit}, known_as=made)

    def _document(self, contact: str, lines: tuple[Line, ...], type: str, more: Raw) -> Raw:
        types, currency = more.pop("tax", "Exclusive"), more.pop("currency", self.currency)
        tax = TAX_OF.get(type[:6].removesuffix("-"), "NONE") if types != "NoTax" else "NONE"
        made = [line_of(line, types, self.new_id, tax=tax) for line in lines]
        fields = {"Type": type, "Contact": {"ContactID": contact}, "Date": day(more.pop("date", self.now().date()))}
        fields |= {"Status": more.pop("status", "AUTHORISED"), "LineAmountTypes": types, "LineItems": made}
        fields |= {"Reference": "", **totals(made, types), "CurrencyCode": currency, "HasAttachments": False}
        return fields | {"CurrencyRate": Decimal(more.pop("rate", "1.0")), **more}

    def _number(self, kind: str, prefix: str) -> str:
        return f"{prefix}-{len(self.of_kind(kind)) + 1:04d}"

    def set_lines(self, id: str, *lines: Line) -> None:
        """Other lines; what they come to follows."""
        before = self.fields(id)
        if self.records[id].kind == "ManualJournals":
            return self.change(id, JournalLines=[self._of_account(journal_line(line)) for line in lines])
        tax = before["LineItems"][0]["TaxType"] if before["LineItems"] else "NONE"
        made = [line_of(line, before["LineAmountTypes"], self.new_id, tax=tax) for line in lines]
        now = self._act()
        self.change(id, now, LineItems=made, **totals(made, before["LineAmountTypes"]))
        return self._settle(id, now)

    def submit(self, id: str) -> None:
        self._go(id, "SUBMITTED")

    def approve(self, id: str) -> None:
        """Of a manual journal: posted."""
        self._go(id, "POSTED" if self.records[id].kind == "ManualJournals" else "AUTHORISED")

    def void(self, id: str) -> None:
        """What was approved is taken back. Where something was paid or credited, that has to go first."""
        if self.fields(id).get("AmountPaid") or self.fields(id).get("AmountCredited"):
            raise ValueError("payments and credits have to be removed first")
        self._go(id, "VOIDED", AmountDue=ZERO) if "AmountDue" in self.fields(id) else self._go(id, "VOIDED")

    def delete(self, id: str) -> None:
        """Drafts, payments, bank transactions and transfers: nothing goes away, it is only called deleted."""
        record, now = self.records[id], self._act()
        if record.kind not in DELETED_AT_ONCE:
            return self._go(id, "DELETED", **({"AmountDue": ZERO} if "AmountDue" in record.fields else {}))
        self.change(id, now, Status="DELETED")
        if record.kind == "Payments":
            self._settle(self._paid_by(record.fields), now)
        for name in ("FromBankTransactionID", "ToBankTransactionID"):
            if name in record.fields:
                self.change(record.fields[name], now, Status="DELETED")
        return None

    def _go(self, id: str, status: str, **more: Any) -> None:
        if self.fields(id)["Status"] not in FROM[status]:
            raise ValueError(f"what is {self.fields(id)['Status']} cannot become {status}")
        self.change(id, Status=status, **more)

    def send(self, invoice: str) -> None:
        self.edit(invoice, SentToContact=True)

    # Money

    def pay(self, document: str, amount: str, *, account: str = "090", rate: str = "", **more: Any) -> str:
        """An invoice is paid, or a credit is paid back. `rate`: of the currency of the document on that day."""
        now, paid = self._act(), self.fields(document)
        kind = self.records[document].kind
        sale = paid["Type"].startswith(("ACCREC", "RECEIVE", "AR"))
        words = {"CreditNotes": "CREDIT", "Overpayments": "OVERPAYMENT", "Prepayments": "PREPAYMENT"}
        name = f"ACC{'REC' if sale else 'PAY'}" if kind == "Invoices" else f"A{'R' if sale else 'P'}{words[kind]}"
        given = Decimal(rate) if rate else paid["CurrencyRate"]
        fields = {"Date": day(more.pop("date", now.date())), "Amount": cents(amount), "CurrencyRate": given}
        fields |= {
            "BankAmount": cents(Decimal(amount) / given),
            "PaymentType": f"{name}PAYMENT",
            "Status": "AUTHORISED",
        }
        fields |= {"Reference": "", "IsReconciled": False, "HasAccount": True, "HasValidationErrors": False, **more}
        bank = {name: self.account(account)[name] for name in ("AccountID", "Code")}
        fields |= {"Account": bank, kind.removesuffix("s"): {KINDS[kind].key: document}}
        made = self.keep("Payments", fields, now)
        self._settle(document, now)
        return made

    def allocate(self, credit: str, invoice: str, amount: str, **more: Any) -> str:
        """A credit is set against an invoice; the id of the allocation."""
        now, allocation = self._act(), self.new_id("allocation")
        made = {"AllocationID": allocation, "Amount": cents(amount), "Date": day(more.pop("date", now.date()))}
        made |= {"Invoice": {"InvoiceID": invoice}, "IsDeleted": False}
        self.change(credit, now, Allocations=[*self.fields(credit)["Allocations"], made])
        self._settle(credit, now)
        self._settle(invoice, now)
        return allocation

    def unallocate(self, credit: str, allocation: str) -> None:
        now, all_of_it = self._act(), self.fields(credit)["Allocations"]
        gone = next(one for one in all_of_it if one["AllocationID"] == allocation)
        self.change(credit, now, Allocations=[one for one in all_of_it if one is not gone])
        self._settle(credit, now)
        self._settle(gone["Invoice"]["InvoiceID"], now)

    def _settle(self, document: str, now: datetime) -> None:
        kind = self.records[document].kind
        if kind in ("CreditNotes", "Overpayments", "Prepayments"):
            settle_credit(self, document, now)
        elif kind == "Invoices":
            settle_invoice(self, document, now)

    def _paid_by(self, payment: Raw) -> str:
        names = {"Invoice": "InvoiceID", "CreditNote": "CreditNoteID"}
        names |= {"Overpayment": "OverpaymentID", "Prepayment": "PrepaymentID"}
        return next(str(payment[name][key]) for name, key in names.items() if name in payment)

    def spend(self, contact: str, *lines: Line, account: str = "090", **more: Any) -> str:
        return self._bank_transaction("SPEND", contact, lines, account, more)

    def receive(self, contact: str, *lines: Line, account: str = "090", **more: Any) -> str:
        return self._bank_transaction("RECEIVE", contact, lines, account, more)

    def _bank_transaction(self, type: str, contact: str, lines: tuple[Line, ...], account: str, more: Raw) -> str:
        bank = {"BankAccount": self._bank(account), "IsReconciled": False}
        return self.keep("BankTransactions", {**self._document(contact, lines, type, more), **bank})

    def _bank(self, code: str) -> Raw:
        return {name: self.account(code)[name] for name in ("AccountID", "Code", "Name")}

    def transfer(self, amount: str, source: str = "090", target: str = "091", **more: Any) -> str:
        """From one bank account to another; both have a bank transaction of it."""
        now = self._act()
        date_of = day(more.pop("date", now.date()))
        sides = {}
        for name, code in (("SPEND-TRANSFER", source), ("RECEIVE-TRANSFER", target)):
            fields = {
                "Type": name,
                "Date": date_of,
                "Status": "AUTHORISED",
                "LineAmountTypes": "NoTax",
                "LineItems": [],
            }
            fields |= {"SubTotal": cents(amount), "TotalTax": ZERO, "Total": cents(amount), "HasAttachments": False}
            fields |= {"BankAccount": self._bank(code), "CurrencyCode": self.currency, "IsReconciled": False}
            sides[name] = self.keep("BankTransactions", fields, now)
        fields = {"FromBankAccount": self._bank(source), "ToBankAccount": self._bank(target), "Amount": cents(amount)}
        fields |= {"Date": date_of, "CurrencyRate": Decimal("1.0"), "Status": "AUTHORISED", "CreatedDateUTC": now}
        fields |= {"FromBankTransactionID": sides["SPEND-TRANSFER"], "ToBankTransactionID": sides["RECEIVE-TRANSFER"]}
        fields |= {"FromIsReconciled": False, "ToIsReconciled": False, "Reference": "", "HasAttachments": False}
        return self.keep("BankTransfers", {**fields, "FromTracking": [], "ToTracking": [], **more}, now)

    # Journals

    def post_journal(self, narration: str, *lines: Line, **more: Any) -> str:
        """Lines (amount, account code, description): debits positive, credits negative. `status` DRAFT or POSTED."""
        made = [self._of_account(journal_line(line)) for line in lines]
        if sum((line["LineAmount"] for line in made), ZERO) != 0:
            raise ValueError("debits and credits differ")
        fields = {"Date": day(more.pop("date", self.now().date())), "Status": more.pop("status", "POSTED")}
        fields |= {"LineAmountTypes": more.pop("tax", "NoTax"), "Narration": narration, "JournalLines": made}
        return self.keep("ManualJournals", {**fields, "ShowOnCashBasisReports": True, "HasAttachments": False, **more})

    def _of_account(self, line: Raw) -> Raw:
        return {**line, "AccountID": self.account(line["AccountCode"])["AccountID"]}

    # What is seldom asked for

    def organisation(self) -> Raw:
        fields = {"OrganisationID": self.tenant_id, "Name": self.name, "LegalName": self.name, "PaysTax": True}
        fields |= {"Version": self.country, "OrganisationType": "COMPANY", "BaseCurrency": self.currency}
        fields |= {"CountryCode": self.country, "IsDemoCompany": self.is_demo, "OrganisationStatus": "ACTIVE"}
        fields |= {"FinancialYearEndDay": 31, "FinancialYearEndMonth": 3, "Timezone": self.timezone}
        fields |= {"ShortCode": self.short_code, "Class": "DEMO" if self.is_demo else "PREMIUM", "Edition": "BUSINESS"}
        return fields | ({"EndOfYearLockDate": self.lock_date} if self.lock_date else {})

    def tax_rates(self) -> list[Raw]:
        return [{"Name": name, "TaxType": name, "Status": "ACTIVE"} for name in TAX_PERCENT]
