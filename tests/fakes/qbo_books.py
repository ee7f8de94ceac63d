"""The books of one company in QuickBooks, as a bookkeeper edits them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from .qbo_entries import Entries
from .qbo_forms import OPEN, balance_sign, complete, settled
from .qbo_json import ZERO, Row, stamp
from .qbo_kinds import KINDS, LISTS, VOIDABLE, name_field, sequence_of
from .qbo_ledger import ENTRIES, links, owed, postings, repointed, unapplied

STANDING = {  # accounts that every company has
    "bank": ("Checking", "Bank"),
    "receivable": ("Accounts Receivable (A/R)", "Accounts Receivable"),
    "payable": ("Accounts Payable (A/P)", "Accounts Payable"),
    "undeposited": ("Undeposited Funds", "Other Current Asset"),
    "income": ("Sales of Product Income", "Income"),
    "expense": ("Office Expenses", "Expense"),
    "equity": ("Opening Balance Equity", "Equity"),
    "tax": ("Sales Tax Payable", "Other Current Liability"),
}
DELETED = " (deleted)"  # what a name ends with that is inactive
OWN = ("Id", "SyncToken", "MetaData", "domain", "sparse")  # fields that nobody enters


@dataclass(frozen=True)
class Version:
    """What a thing was from one moment on; `row` is None once it is deleted. `stamped`: its LastUpdatedTime."""

    at: datetime
    stamped: datetime
    row: Row | None


@dataclass
class Record:
    kind: str
    id: str
    versions: list[Version] = field(default_factory=list)

    def at(self, moment: datetime) -> Version | None:
        return next((version for version in reversed(self.versions) if version.at <= moment), None)

    @property
    def row(self) -> Row | None:
        return self.versions[-1].row if self.versions else None


class Books(Entries):
    """The company `realm_id`. Each act happens `pace` seconds after the one before; rows are as the API tells them.

    Acts, in which kinds are the vendor's ("Invoice", "Customer", "JournalEntry", …): create(kind, **fields) → Id;
    edit(kind, id, **fields), where None takes a field away; void, delete (transactions), deactivate, reactivate
    (lists), merge(kind, loser, winner), bulk(kind, count, **fields): all in one second. Short forms that return an Id:
    customer, vendor, employee, item, account, invoice, credit_memo, sales_receipt, refund_receipt, estimate, payment,
    bill, vendor_credit, bill_payment, purchase, purchase_order, deposit, transfer, journal, time_activity (see
    qbo_entries.Entries); amend(kind, id, amounts). `standing` names the accounts that are there from the start.

    For expectations: row(kind, id) (None once it is deleted), rows(kind, active=None), everything().

    Switches: `pace`; `lag` (so many seconds after its stamp a change is seen by queries, CDC and reports);
    `balances` ("stamped": who owes or is owed more gets a new LastUpdatedTime, "silent": only another balance);
    `lapsed` (the subscription has ended); `denied` (kinds that the user of the grant may not see); `hidden`
    (fields that the API leaves out, by kind, as {"Invoice": {"TotalAmt"}}); `closed_until` (a date as text: the API
    writes nothing of that day or before); `zone`,
    `multicurrency`, `currency`, `country`, `name`.
    """

    def __init__(self, realm_id: str, tick: Callable[[float], datetime], now: Callable[[], datetime]) -> None:
        self.realm_id = realm_id
        self._tick, self._now = tick, now
        self.name, self.country, self.currency = "Sandbox Company US 1", "US", "USD"
        self.multicurrency = False
        self.zone = ZoneInfo("America/Los_Angeles")
        self.pace, self.lag = 1.0, 0.0
        self.balances = "stamped"
        self.lapsed = False
        self.denied: set[str] = set()
        self.hidden: dict[str, set[str]] = {}
        self.closed_until = ""
        self.fiscal_start = 1
        self.began_at = now() - timedelta(days=400)
        self.records: dict[str, dict[str, Record]] = {kind: {} for kind in KINDS}
        self._sequences: dict[str, int] = {}
        self._at: datetime | None = self.began_at
        self.standing = {
            place: self.create("Account", Name=name, AccountType=sort) for place, (name, sort) in STANDING.items()
        }
        self._at = None

    # Acts

    def create(self, kind: str, **fields: Any) -> str:
        """A new thing; its Id."""
        at = self._act()
        new = self._next_id(kind)
        made = complete(self, kind, _entered(fields))
        self._put(kind, new, self._stamped(kind, new, made, None, at), at)
        return new

    def bulk(self, kind: str, count: int, **fields: Any) -> list[str]:
        """As an import does it: all in the same second. Texts may hold {}, where the number goes."""
        self._at = self._act()
        try:
            return [self.create(kind, **_numbered(fields, number)) for number in range(count)]
        finally:
            self._at = None

    def edit(self, kind: str, id: str, **fields: Any) -> Row:
        """What is told of it changes; None takes a field away. The row as it is then."""
        return self.put(kind, id, {**self.must(kind, id), **fields})

    def put(self, kind: str, id: str, fields: Mapping[str, Any]) -> Row:
        """Everything that was entered is replaced by this."""
        at = self._act()
        old = self.must(kind, id)
        entered = _entered(fields)
        other_lines = kind not in LISTS and entered.get("Line") != old.get("Line")
        if other_lines and entered.get("TotalAmt") == old.get("TotalAmt"):
            entered.pop("TotalAmt", None)  # follows from the lines
        entered |= {name: old[name] for name in ("Balance", "CurrentBalance") if kind in LISTS and name in old}
        if kind in LISTS and entered.get("Active") != old["Active"]:
            name = name_field(kind)
            entered[name] = entered[name].removesuffix(DELETED) + ("" if entered.get("Active", True) else DELETED)
        made = complete(self, kind, entered)
        self._put(kind, id, self._stamped(kind, id, made, old, at), at)
        return self.must(kind, id)

    def void(self, kind: str, id: str) -> Row:
        """The document stays, without amounts."""
        if kind not in VOIDABLE:
            raise ValueError(f"a {kind} is not voided but deleted")
        row = self.must(kind, id)
        lines = [{**line, "Amount": ZERO, "LinkedTxn": []} for line in row.get("Line", [])]
        lines = [{name: value for name, value in line.items() if value != []} for line in lines]
        note = f"Voided - {row['PrivateNote']}" if row.get("PrivateNote") else "Voided"
        left = [] if kind in ("Payment", "BillPayment") else lines
        return self.put(kind, id, {**row, "Line": left, "TotalAmt": ZERO, "PrivateNote": note, "TxnTaxDetail": None})

    def delete(self, kind: str, id: str) -> None:
        """A transaction vanishes, but for the change data."""
        if kind in LISTS:
            raise ValueError(f"a {kind} is not deleted but made inactive")
        at = self._act()
        self.must(kind, id)
        self._put(kind, id, None, at)

    def deactivate(self, kind: str, id: str) -> Row:
        """What people call deleting, of a list."""
        return self.edit(kind, id, Active=False)

    def reactivate(self, kind: str, id: str) -> Row:
        return self.edit(kind, id, Active=True)

    def merge(self, kind: str, loser: str, winner: str) -> None:
        """One customer or vendor becomes another: documents point to the winner, the loser is inactive."""
        self._at = self._act()
        try:
            name = self.must(kind, winner)["DisplayName"]
            for pointing in self.records:
                for row in self.rows(pointing):
                    changed = repointed(row, kind, loser, {"value": winner, "name": name}, inside=pointing == kind)
                    if changed != row:
                        self.put(pointing, row["Id"], changed)
            self.deactivate(kind, loser)
        finally:
            self._at = None

    # What there is

    def row(self, kind: str, id: str) -> Row | None:
        record = self.records[kind].get(id)
        return record.row if record else None

    def must(self, kind: str, id: str) -> Row:
        row = self.row(kind, id)
        if row is None:
            raise LookupError(f"no {kind} {id}")
        return row

    def rows(self, kind: str, active: bool | None = None) -> list[Row]:
        """All that are there now; `active`: only those that are so."""
        found = [record.row for record in self.records[kind].values() if record.row is not None]
        return [row for row in found if active is None or row.get("Active", True) is active]

    def everything(self) -> dict[tuple[str, str], Row]:
        return {(kind, row["Id"]): row for kind in KINDS for row in self.rows(kind)}

    def seen(self, kind: str) -> Iterator[Version]:
        """Each thing, deleted ones too, as the API sees it at this moment."""
        moment = self._now() - timedelta(seconds=self.lag)
        for record in self.records[kind].values():
            version = record.at(moment)
            if version is not None:
                yield version

    def deleted(self, kind: str) -> Iterator[tuple[str, Version]]:
        """Ids of what is gone, and since when."""
        moment = self._now() - timedelta(seconds=self.lag)
        for record in self.records[kind].values():
            version = record.at(moment)
            if version is not None and version.row is None:
                yield record.id, version

    def shown(self, kind: str, row: Row) -> Row:
        """The row as the API tells it."""
        hidden = self.hidden.get(kind, ())
        return {name: value for name, value in row.items() if name not in hidden} if hidden else row

    def types(self) -> dict[str, str]:
        """What sort of account each is."""
        return {row["Id"]: row["AccountType"] for row in self.rows("Account")}

    def is_credit(self, kind: str, id: str) -> bool:
        """Whether a payment uses this up, instead of paying it."""
        row = self.row(kind, id) if kind in ENTRIES else None
        posted = owed(kind, row, self.types()) if row else ()
        return kind in ("CreditMemo", "VendorCredit") or sum((each[2] for each in posted), ZERO) < 0

    def today(self) -> date:
        """The company's own day."""
        return (self._at or self._now()).astimezone(self.zone).date()

    def told(self, at: datetime) -> str:
        return stamp(at, self.zone)

    # How one thing moves others

    def _act(self) -> datetime:
        return self._at or self._tick(self.pace)

    def _next_id(self, kind: str) -> str:
        sequence = sequence_of(kind)
        self._sequences[sequence] = self._sequences.get(sequence, 0) + 1
        return str(self._sequences[sequence])

    def _stamped(self, kind: str, id: str, made: Row, old: Row | None, at: datetime) -> Row:
        created = old["MetaData"]["CreateTime"] if old else self.told(at)
        return {
            **{name: value for name, value in made.items() if value is not None},
            "domain": "QBO",
            "sparse": False,
            "Id": id,
            "SyncToken": str(int(old["SyncToken"]) + 1) if old else "0",
            "MetaData": {"CreateTime": created, "LastUpdatedTime": self.told(at)},
        }

    def _put(self, kind: str, id: str, row: Row | None, at: datetime) -> None:
        old = self.row(kind, id)
        if kind in OPEN and row is not None:
            paid = (old["TotalAmt"] - old["Balance"]) if old and "Balance" in old else ZERO
            row |= settled(self, kind, row, ZERO if row["TotalAmt"] == 0 else row["TotalAmt"] - paid)
        self._write(kind, id, row, at, at)
        if kind in LISTS:
            return
        if kind in (*OPEN, *ENTRIES) and old is not None and (row is None or not row.get("TotalAmt", 1)):
            self._unlink(kind, id, at)
        self._settle(kind, old, row, at)
        self._post(kind, old, row, at)

    def _write(self, kind: str, id: str, row: Row | None, at: datetime, stamped: datetime) -> None:
        self.records[kind].setdefault(id, Record(kind, id)).versions.append(Version(at, stamped, row))

    def _change(self, kind: str, id: str, at: datetime, changed: Mapping[str, Any], *, silent: bool = False) -> None:
        """Something follows from what happened elsewhere: no edit, so no other SyncToken."""
        record = self.records[kind].get(id)
        if record is None or record.row is None:
            return
        row = {**record.row, **changed}
        stamped = record.versions[-1].stamped if silent else at
        row["MetaData"] = {**row["MetaData"], "LastUpdatedTime": self.told(stamped)}
        self._write(kind, id, row, at, stamped)

    def _settle(self, kind: str, old: Row | None, row: Row | None, at: datetime) -> None:
        """Documents that a payment settles are open for less, or for more again."""
        deltas: dict[tuple[str, str], Decimal] = {}
        for sign, side in ((1, old), (-1, row)):
            for paid_kind, paid_id, amount in links(kind, side) if side else ():
                deltas[paid_kind, paid_id] = deltas.get((paid_kind, paid_id), ZERO) + sign * amount
        for (paid_kind, paid_id), delta in deltas.items():
            paid = self.row(paid_kind, paid_id)
            if delta and paid is not None and "Balance" in paid:
                self._change(paid_kind, paid_id, at, settled(self, paid_kind, paid, paid["Balance"] + delta))

    def _unlink(self, kind: str, id: str, at: datetime) -> None:
        """Payments of a document that is void or gone are unapplied."""
        for paying in ("Payment", "BillPayment"):
            for record in list(self.records[paying].values()):
                row = record.row
                if row is None or not any(link[:2] == (kind, id) for link in links(paying, row)):
                    continue
                lines = [line for line in row["Line"] if id not in [each["TxnId"] for each in line["LinkedTxn"]]]
                changed: dict[str, Any] = {"Line": lines}
                if paying == "Payment":
                    changed["UnappliedAmt"] = unapplied({**row, "Line": lines}, self.is_credit)
                self._change(paying, record.id, at, changed)

    def _post(self, kind: str, old: Row | None, row: Row | None, at: datetime) -> None:
        """Balances of accounts, customers and vendors follow."""
        items = {record.id: record.row for record in self.records["Item"].values() if record.row}
        types = self.types()
        deltas: dict[tuple[str, str], Decimal] = {}
        for sign, side in ((-1, old), (1, row)):
            if side is None:
                continue
            moved = [("Account", *posting) for posting in postings(kind, side, self.standing, items)]
            for whose, holder, amount in [*moved, *owed(kind, side, types)]:
                deltas[whose, holder] = deltas.get((whose, holder), ZERO) + sign * amount
        silent = self.balances == "silent"
        for (whose, holder), delta in deltas.items():
            sign = balance_sign(types.get(holder, "")) if whose == "Account" else 1
            held = self.row(whose, holder)
            if not delta or not sign or held is None:
                continue
            names = ("CurrentBalance", "CurrentBalanceWithSubAccounts") if whose == "Account" else ("Balance",)
            if whose == "Customer":
                names = ("Balance", "BalanceWithJobs")
            self._change(whose, holder, at, {name: held[name] + sign * delta for name in names}, silent=silent)


def _entered(fields: Mapping[str, Any]) -> Row:
    return {name: value for name, value in fields.items() if name not in OWN and value is not None}


def _numbered(fields: Mapping[str, Any], number: int) -> Row:
    return {
        name: value.replace("{}", str(number)) if isinstance(value, str) else value for name, value in fields.items()
    }
