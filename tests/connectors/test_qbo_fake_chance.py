"""After any life of the books in the fake of QuickBooks, what it tells by one way it tells by every other."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from ..fakes.qbo_kinds import KINDS, LISTS, NO_CDC
from ..fakes.qbo_life import Life
from ..fakes.qbo_reports import balances
from .qbo_client import opened

SEEDS = range(12)
ACTS = 60


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture(params=SEEDS)
def lived(client, request):
    """The books, after a life."""
    life = Life(client.fake.books, Random(request.param))
    for _ in range(ACTS):
        life.act()
    return client.fake.books


def query(client, kind):
    hidden = " where Active in (true,false)" if kind in LISTS else ""
    return client.rows(f"select * from {kind}{hidden} maxresults 1000")


def test_queries_change_data_and_single_reads_agree(lived, client):
    kinds = [kind for kind in KINDS if kind not in NO_CDC]
    told = client.changes(*kinds, since="2026-10-04T00:00:00Z")

    for kind in kinds:
        queried = {row["Id"]: row for row in query(client, kind)}
        changed = {row["Id"]: row for row in told[kind] if row.get("status") != "Deleted"}
        untouched = {row["Id"] for row in queried.values() if row["MetaData"]["LastUpdatedTime"] < "2026-10"}
        assert {each: row for each, row in queried.items() if each not in untouched} == changed
        assert not {row["Id"] for row in told[kind] if row.get("status") == "Deleted"} & set(queried)
        for each in list(queried)[:2]:
            assert client.read(f"/{kind.lower()}/{each}")[kind] == queried[each]


def test_debits_are_credits(lived, client):
    sums = balances(lived, None, lived.today())

    assert sum(sums.values()) == 0
    (total,) = [row for row in client.read("/reports/TrialBalance")["Rows"]["Row"] if "group" in row]
    assert total["Summary"]["ColData"][1] == total["Summary"]["ColData"][2]


def test_open_documents_are_what_customers_owe_and_what_the_report_says(lived, client):
    open_invoices = sum(row["Balance"] for row in query(client, "Invoice"))
    memos = sum(row["Balance"] for row in query(client, "CreditMemo"))
    unapplied = sum(row["UnappliedAmt"] for row in query(client, "Payment"))
    owed = sum(row["Balance"] for row in query(client, "Customer"))
    rows = client.read("/reports/AgedReceivables")["Rows"].get("Row", [])
    (total,) = [row["Summary"]["ColData"][-1]["value"] for row in rows if row.get("group") == "GrandTotal"] or ["0"]

    assert open_invoices - memos - unapplied == owed == Decimal(total or 0)
    assert client.read(f"/account/{lived.standing['receivable']}")["Account"]["CurrentBalance"] == owed


def test_clocks_never_go_back(lived):
    for records in lived.records.values():
        for record in records.values():
            stamps = [version.stamped for version in record.versions]
            assert stamps == sorted(stamps)
