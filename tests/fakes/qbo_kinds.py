"""Which kinds of things QuickBooks keeps, and what may be asked about them."""

from __future__ import annotations

CLOCKS = {"MetaData.CreateTime", "MetaData.LastUpdatedTime"}
NAMES = ("Customer", "Vendor", "Employee")  # one sequence of ids, and no name twice among them
LISTS = (
    *("Account", *NAMES, "Item", "Class", "Department", "PaymentMethod", "Term", "TaxCode", "Budget"),
    *("TaxRate", "TaxAgency", "JournalCode", "CompanyCurrency"),
)
TRANSACTIONS = (
    *("Invoice", "Bill", "Payment", "JournalEntry", "Deposit", "Purchase", "BillPayment", "CreditMemo"),
    *("SalesReceipt", "RefundReceipt", "Estimate", "PurchaseOrder", "Transfer", "VendorCredit", "TimeActivity"),
)
SINGLE = ("CompanyInfo", "Preferences")  # one of each company
KINDS = (*LISTS, *TRANSACTIONS)
NO_CDC = ("JournalCode", "TaxAgency", "TimeActivity", "TaxCode", "TaxRate")
SALES = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Estimate")
VOIDABLE = ("Invoice", "SalesReceipt", "Payment", "BillPayment")
NUMBERED = (*SALES, "Bill", "JournalEntry", "Purchase", "BillPayment", "PurchaseOrder", "VendorCredit", "Deposit")

_SALES = {"TxnDate", "DocNumber", "CustomerRef", "DueDate", "TotalAmt", "Balance", "SalesTermRef", "DepartmentRef"}
_SPENT = {"TxnDate", "DocNumber", "VendorRef", "APAccountRef", "TotalAmt", "DepartmentRef"}
_NAMED = {"DisplayName", "GivenName", "FamilyName", "PrintOnCheckName", "Active", "PrimaryEmailAddr", "CompanyName"}
FILTERS = {
    "Account": {"Name", "FullyQualifiedName", "SubAccount", "Active", "Classification", "AccountType", "CurrentBalance"}
    | {"AccountSubType", "ParentRef", "Description"},
    "Customer": {*_NAMED, "Balance", "FullyQualifiedName", "BalanceWithJobs", "Job", "ParentRef"},
    "Vendor": {*_NAMED, "Balance", "Vendor1099"},
    "Employee": _NAMED,
    "Item": {"Name", "FullyQualifiedName", "Active", "Type", "Sku", "UnitPrice", "PurchaseCost", "QtyOnHand"}
    | {"IncomeAccountRef", "ExpenseAccountRef", "ParentRef"},
    "Class": {"Name", "FullyQualifiedName", "Active"},
    "Department": {"Name", "FullyQualifiedName", "Active"},
    "PaymentMethod": {"Name", "Active", "Type"},
    "Term": {"Name", "Active", "Type"},
    "TaxCode": {"Name", "Active", "Description"},
    "TaxRate": {"Name", "Active", "Description", "RateValue"},
    "TaxAgency": {"DisplayName", "Active"},
    "JournalCode": {"Name", "Active"},
    "CompanyCurrency": {"Name", "Code", "Active"},
    "Budget": {"Name", "Active", "StartDate", "EndDate"},
    **dict.fromkeys(SALES, _SALES),
    **{kind: {*_SPENT, "DueDate", "Balance"} for kind in ("Bill", "PurchaseOrder", "VendorCredit", "BillPayment")},
    "Payment": {"TxnDate", "CustomerRef", "TotalAmt", "UnappliedAmt", "PaymentRefNum"},
    "JournalEntry": {"TxnDate", "DocNumber", "TotalAmt", "Adjustment"},
    "Deposit": {"TxnDate", "DocNumber", "TotalAmt", "DepositToAccountRef"},
    "Purchase": {"TxnDate", "DocNumber", "TotalAmt", "AccountRef", "PaymentType", "EntityRef"},
    "Transfer": {"TxnDate", "Amount"},
    "TimeActivity": {"TxnDate", "NameOf", "EmployeeRef", "VendorRef", "CustomerRef"},
    "CompanyInfo": {"CompanyName"},
    "Preferences": set(),
}


def filters_of(kind: str) -> set[str]:
    """What may stand in WHERE and ORDERBY."""
    return {"Id", *CLOCKS, *FILTERS[kind]}


def sequence_of(kind: str) -> str:
    """Kinds that share one sequence of ids."""
    if kind in TRANSACTIONS:
        return "transactions"
    return "names" if kind in NAMES else kind


def name_field(kind: str) -> str:
    return "DisplayName" if kind in (*NAMES, "TaxAgency") else "Name"


def by_name(text: str) -> str | None:
    """The kind that is called so in a query or a CDC request, where case does not matter."""
    return next((kind for kind in (*KINDS, *SINGLE) if kind.lower() == text.lower()), None)
