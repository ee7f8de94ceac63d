"""What applications may ask for at Xero, and what each part of the API wants."""

from __future__ import annotations

from datetime import UTC, date, datetime

GRANULAR_BEGAN = date(2026, 3, 2)  # applications made from then on know no broad scopes
OLD_GET_GRANULAR = datetime(2026, 4, 1, tzinfo=UTC)
BROAD_ENDS = datetime(2027, 9, 1, tzinfo=UTC)

IDENTITY = {"openid", "profile", "email", "offline_access"}
BOTH_WAYS = ("contacts", "settings", "attachments")  # of old, and still there
_FINE = ("invoices", "payments", "banktransactions", "manualjournals")
_REPORTS = ("aged", "balancesheet", "profitandloss", "trialbalance", "banksummary", "executivesummary")
_REPORTS += ("budgetsummary", "tenninetynine", "taxreports")
SHARED = {f"accounting.{name}{end}" for name in BOTH_WAYS for end in ("", ".read")} | {"accounting.journals.read"}
GRANULAR = {f"accounting.{name}{end}" for name in _FINE for end in ("", ".read")}
GRANULAR |= {f"accounting.reports.{name}.read" for name in _REPORTS}
BROAD = {"accounting.transactions", "accounting.transactions.read", "accounting.reports.read"}

READING = ("offline_access", *(f"accounting.{name}.read" for name in (*_FINE, "contacts", "settings")))
READING = (*READING, "accounting.reports.aged.read")
WRITING = ("accounting.invoices", "accounting.manualjournals", "accounting.contacts", "accounting.payments")
BROADLY = ("offline_access", "accounting.transactions.read", "accounting.contacts.read", "accounting.settings.read")

# What the parts of the API want: the granular scope, and the broad one that does as well.
NEEDED = {
    "Invoices": ("accounting.invoices", "accounting.transactions"),
    "CreditNotes": ("accounting.invoices", "accounting.transactions"),
    "Items": ("accounting.invoices", "accounting.settings"),
    "Payments": ("accounting.payments", "accounting.transactions"),
    "Overpayments": ("accounting.payments", "accounting.transactions"),
    "Prepayments": ("accounting.payments", "accounting.transactions"),
    "BankTransactions": ("accounting.banktransactions", "accounting.transactions"),
    "BankTransfers": ("accounting.banktransactions", "accounting.transactions"),
    "ManualJournals": ("accounting.manualjournals", "accounting.transactions"),
    "Contacts": ("accounting.contacts", "accounting.contacts"),
    "Accounts": ("accounting.settings", "accounting.settings"),
    "Organisation": ("accounting.settings", "accounting.settings"),
    "Currencies": ("accounting.settings", "accounting.settings"),
    "TaxRates": ("accounting.settings", "accounting.settings"),
    "TrackingCategories": ("accounting.settings", "accounting.settings"),
    "Journals": ("accounting.journals", "accounting.journals"),
    "Reports": ("accounting.reports.aged", "accounting.reports"),
}


def allowed(created_on: date, now: datetime) -> set[str]:
    """What an application of this age may ask for now."""
    known = IDENTITY | SHARED
    if created_on >= GRANULAR_BEGAN:
        return known | GRANULAR
    return known | (BROAD if now < BROAD_ENDS else set()) | (GRANULAR if now >= OLD_GET_GRANULAR else set())


def suffices(scopes: set[str], part: str, *, writing: bool) -> bool:
    """Whether a token with these scopes may read, or write, this part of the API."""
    needed = set(NEEDED[part])
    return bool(scopes & (needed if writing else needed | {f"{name}.read" for name in needed}))
