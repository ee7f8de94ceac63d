"""What a company's books hold: lists of names, and transactions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of thing, by the API's own name for it.

    `is_list`: it is never deleted, only made inactive, and hidden unless asked for. `in_feed`: the feed of changes
    tells of it. `page` is where it is shown on the web. `has_balance`: transactions move its balance, and the feed need
    not tell of that.
    """

    name: str
    is_list: bool = False
    in_feed: bool = True
    page: str = ""
    has_balance: bool = False

    @property
    def kind(self) -> str:
        """As items are called: JournalEntry is a journal_entry."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name).lower()

    @property
    def words(self) -> str:
        """As a person says it: JournalEntry is a Journal entry."""
        return self.kind.replace("_", " ").capitalize()

    @property
    def path(self) -> str:
        """In the address of a single one."""
        return self.name.lower()


LISTS = (
    Entity("Customer", is_list=True, page="customerdetail?nameId="),
    Entity("Vendor", is_list=True, page="vendordetail?nameId="),
    Entity("Item", is_list=True),
    Entity("Account", is_list=True, page="register?accountId=", has_balance=True),
)
TRANSACTIONS = (
    Entity("Invoice", page="invoice?txnId="),
    Entity("Bill", page="bill?txnId="),
    Entity("Payment", page="recvpayment?txnId="),
    Entity("JournalEntry", page="journal?txnId="),
    Entity("Deposit", page="deposit?txnId="),
    Entity("Purchase", page="expense?txnId="),
    Entity("BillPayment", page="billpayment?txnId="),
    Entity("CreditMemo", page="creditmemo?txnId="),
    Entity("SalesReceipt", page="salesreceipt?txnId="),
    Entity("RefundReceipt", page="refundreceipt?txnId="),
    Entity("Estimate", page="estimate?txnId="),
    Entity("PurchaseOrder", page="purchaseorder?txnId="),
    Entity("Transfer", page="transfer?txnId="),
    Entity("VendorCredit", page="vendorcredit?txnId="),
)
MORE = (
    Entity("Employee", is_list=True, page="employeedetail?nameId="),
    Entity("Class", is_list=True),
    Entity("Department", is_list=True),
    Entity("PaymentMethod", is_list=True),
    Entity("Term", is_list=True),
    Entity("TaxCode", is_list=True, in_feed=False),
    Entity("TimeActivity", in_feed=False),
)
USUAL = (*LISTS, *TRANSACTIONS)
ENTITIES = {entity.name: entity for entity in (*USUAL, *MORE)}


def wanted(names: Sequence[str]) -> list[Entity]:
    """The entities that the option names, in whatever case; by default all usual ones."""
    if not names:
        return list(USUAL)
    by_case = {name.lower(): entity for name, entity in ENTITIES.items()}
    if unknown := [name for name in names if name.lower() not in by_case]:
        near = difflib.get_close_matches(unknown[0].lower(), by_case, n=1)
        meant = f"did you mean {by_case[near[0]].name!r}?" if near else f"known are {', '.join(ENTITIES)}"
        raise ConfigError(f"qbo: option 'entities': unknown entity {unknown[0]!r}; {meant}")
    return list(dict.fromkeys(by_case[name.lower()] for name in names))
