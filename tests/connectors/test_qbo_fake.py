"""The fake of QuickBooks by plain requests: queries, change data, clocks and amounts, by the vendor's edge cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ..fakes.qbo_kinds import NO_CDC
from .qbo_client import opened

ALL = "select * from {} where MetaData.LastUpdatedTime >= '2026-11-01T00:00:00-07:00'"
BY_CLOCK = " orderby MetaData.LastUpdatedTime startposition {} maxresults {}"


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def fake(client):
    return client.fake


@pytest.fixture
def books(fake):
    return fake.books


@pytest.fixture
def acme(books):
    return books.customer("Acme", email="a@x")


def ids(rows):
    return [row["Id"] for row in rows]


# The query language


def test_pages_begin_at_one_and_hold_a_hundred_unless_more_are_wanted(books, client):
    books.bulk("Customer", 130, DisplayName="Customer {}")

    assert len(client.ids("select * from Customer")) == 100
    assert client.query("SELECT Id FROM Customer STARTPOSITION 101 MAXRESULTS 1000")["maxResults"] == 30
    assert client.query("select * from Customer startposition 131") == {}


def test_4_empty_answers_have_no_member_for_the_kind(client):
    answer = client.read("/query", query="select * from Invoice")

    assert answer == {"QueryResponse": {}, "time": "2026-11-02T01:00:00.000-08:00"}
    assert client.query("select count(*) from Invoice") == {"totalCount": 0}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select * from Invoice maxresults 1001", "4001"),
        ("select * from Invoice startposition 0", "4001"),
        ("select * from Invoice where PrivateNote = 'x'", "4001"),
        ("select * from Invoice orderby PrivateNote", "4001"),
        ("select * from Invoice where TxnDate = '2026-11-01' or TxnDate = '2026-11-02'", "4000"),
        ("select * from Invoice where TxnDate != '2026-11-01'", "4000"),
        ("select * from Invoice where MetaData.LastUpdatedTime > '2026-11-01T00:00:00 08:00'", "4001"),
        ("select * from Invoice where", "4000"),
        ("select * from Invoice where TxnDate = 2026-11-01", "4000"),
        ("select * from Nothing", "4000"),
        ("", "4000"),
    ],
)
def test_what_a_query_must_not_say(client, text, code):
    status, told, _ = client.refused("/query", query=text)

    assert (status, told) == (400, code)


def test_conditions(books, acme, client):
    other = books.customer("O'Hara & Sons")
    books.invoice(acme, "10.00", on="2026-10-01", number="A1")
    books.invoice(other, "20.50", on="2026-10-15", number="A2")

    assert client.ids(r"select * from Customer where DisplayName = 'O\'Hara & Sons'") == [other]
    assert client.ids("select * from Customer where DisplayName like '%hara%'") == [other]
    assert client.ids("select * from Invoice where CustomerRef = '1' and TotalAmt <= '10'") == ["1"]
    assert client.ids("select * from Invoice where DocNumber in ('A2', 'A3')") == ["2"]
    assert client.ids("select * from Invoice where TxnDate > '2026-10-01' and TxnDate < '2026-10-31'") == ["2"]
    assert client.ids("select * from Invoice where Id > '1'") == ["2"]
    assert client.ids("select * from Invoice orderby TotalAmt DESC") == ["2", "1"]
    assert client.ids("select * from Invoice order by CustomerRef desc, Id asc") == ["2", "1"]


def test_a_second_key_of_order_may_be_refused(fake, client):
    text = "select * from Invoice orderby MetaData.LastUpdatedTime, Id"
    assert client.query(text) == {}

    fake.second_key = False
    assert client.refused("/query", query=text)[:2] == (400, "4000")


def test_columns_make_rows_sparse(books, acme, client):
    books.invoice(acme, 5)

    assert client.rows("select Id, MetaData.CreateTime from Invoice") == [
        {"domain": "QBO", "sparse": True, "Id": "1", "MetaData": {"CreateTime": "2026-11-02T01:00:02-08:00"}}
    ]


def test_long_statements_are_posted_as_text(books, acme, client):
    text = b"select * from Customer"

    assert client.send("/query", text, "application/text").json()["QueryResponse"]["maxResults"] == 1
    assert client.send("/query", text, "application/json").status_code == 415


def test_one_is_read_by_its_lower_case_kind(books, acme, client):
    assert client.read("/customer/1")["Customer"]["DisplayName"] == "Acme"
    assert client.refused("/customer/99")[:2] == (400, "610")
    assert client.refused("/Customer/1")[:2] == (400, "500")


def test_ids_are_of_sequences_that_kinds_share(books, acme):
    vendor, invoice, bill = books.vendor("V"), books.invoice(acme, 1), None
    bill = books.bill(vendor, 1)

    assert (acme, vendor, invoice, bill, books.account("New")) == ("1", "2", "1", "2", "9")


# What there is


def test_8_inactive_names_are_hidden_unless_they_are_asked_for(books, acme, client):
    books.deactivate("Customer", acme)
    (told,) = client.rows("select * from Customer where Active in (true,false)")

    assert client.rows("select * from Customer") == []
    assert client.rows("select * from Customer where MetaData.LastUpdatedTime > '2026-11-01T00:00:00Z'") == []
    assert client.ids("select * from Customer where Active = false") == [acme]
    assert (told["Active"], told["DisplayName"], told["SyncToken"]) == (False, "Acme (deleted)", "1")
    assert client.changes("Customer")["Customer"] == [told]


def test_transactions_vanish_when_they_are_deleted(books, acme, client):
    books.delete("Invoice", books.invoice(acme, 5))

    assert client.rows("select * from Invoice") == []
    assert client.refused("/invoice/1")[:2] == (400, "610")


def test_voided_documents_stay_without_amounts(books, acme, client):
    invoice = books.invoice(acme, [5, 6], note="thanks")
    books.payment(acme, 4, {invoice: 4})
    books.void("Invoice", invoice)
    (told,) = client.rows("select * from Invoice")
    (payment,) = client.rows("select * from Payment")

    assert (told["TotalAmt"], told["Balance"], told["PrivateNote"]) == (0, 0, "Voided - thanks")
    assert [line["Amount"] for line in told["Line"]] == [0, 0, 0]
    assert (payment["UnappliedAmt"], payment["Line"]) == (4, [])
    assert client.read("/customer/1")["Customer"]["Balance"] == -4


def test_merged_customers(books, acme, client):
    other = books.customer("Acme Inc")
    books.invoice(other, 5)
    books.merge("Customer", other, acme)
    told = client.changes("Invoice", "Customer")

    assert told["Invoice"][0]["CustomerRef"] == {"value": acme, "name": "Acme"}
    assert [(row["Id"], row["Active"], row["Balance"]) for row in told["Customer"]] == [
        (acme, True, 5),
        (other, False, 0),
    ]


def test_merging_reaches_lines_expenses_and_sub_customers(books, acme, client):
    other, job = books.customer("Acme Inc"), books.customer("Job", parent="2")
    whom = {"Type": "Customer", "EntityRef": {"value": other, "name": "Acme Inc"}}
    sides = [("Debit", "receivable", {"Entity": whom}), ("Credit", "income", {})]
    lines = [
        {
            "Amount": Decimal(5),
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": books.standing[name]}, **more},
        }
        for side, name, more in sides
    ]
    books.create("JournalEntry", Line=lines)
    assert client.read(f"/customer/{other}")["Customer"]["Balance"] == 5

    books.merge("Customer", other, acme)
    balances = {row["DisplayName"]: row["Balance"] for row in books.rows("Customer")}
    assert balances == {"Acme": 5, "Acme Inc (deleted)": 0, "Job": 0}
    assert client.read(f"/customer/{job}")["Customer"]["ParentRef"] == {"value": acme, "name": "Acme"}
    told = client.rows("select * from JournalEntry")[0]["Line"][0]["JournalEntryLineDetail"]["Entity"]
    assert told == {"Type": "Customer", "EntityRef": {"value": acme, "name": "Acme"}}


def test_payments_move_the_balance_and_the_clock_of_what_they_settle(fake, books, acme, client):
    invoice = books.invoice(acme, "100.10")
    fake.tick(60)
    payment = books.payment(acme, "50", {invoice: "40.05"})
    (paid,) = client.changes("Invoice", since="2026-11-02T09:01:00Z")["Invoice"]

    assert (paid["Balance"], paid["TotalAmt"], paid["SyncToken"]) == (Decimal("60.05"), Decimal("100.1"), "0")
    assert client.read("/payment/2")["Payment"]["UnappliedAmt"] == Decimal("9.95")
    books.delete("Payment", payment)
    assert client.read("/invoice/1")["Invoice"]["Balance"] == Decimal("100.1")


def test_balances_can_change_without_a_clock(fake, books, acme, client):
    books.balances = "silent"
    fake.tick(60)
    books.invoice(acme, 7)

    assert client.changes("Customer", "Account", since="2026-11-02T09:01:00Z") == {"Customer": [], "Account": []}
    assert client.read("/customer/1")["Customer"]["Balance"] == 7


def test_sales_forms_repeat_their_sum_in_the_last_line(books, acme, client):
    books.invoice(acme, ["1.10", "2.20"])
    lines = client.read("/invoice/1")["Invoice"]["Line"]

    assert [line["Amount"] for line in lines] == [Decimal("1.1"), Decimal("2.2"), Decimal("3.3")]
    assert lines[-1]["DetailType"] == "SubTotalLineDetail"


def test_the_company_tells_its_name_country_and_currency(books, client):
    books.country, books.currency, books.name = "GB", "GBP", "Acme Ltd"
    company = client.read("/companyinfo/9341452000000001")["CompanyInfo"]

    assert (company["CompanyName"], company["Country"], company["CompanyAddr"]["Country"]) == ("Acme Ltd", "GB", "GBR")
    assert "Lat" not in company["CompanyAddr"]
    assert client.read("/preferences")["Preferences"]["CurrencyPrefs"] == {
        "MultiCurrencyEnabled": False,
        "HomeCurrency": {"value": "GBP"},
    }


# Amounts


def test_10_amounts_keep_their_digits(books, acme, client):
    books.invoice(acme, [Decimal("0.1"), Decimal("0.2")])
    books.invoice(acme, Decimal("1e2"))
    books.invoice(acme, "100.00")
    text = client.get("/query", query="select * from Invoice").text

    assert '"TotalAmt":0.3,' in text
    assert '"Amount":1E+2,' in text
    assert '"TotalAmt":100.0,' in text


def test_10_a_document_may_lack_its_total(books, acme, client):
    books.journal({books.standing["expense"]: 5}, {books.standing["bank"]: 5})
    books.hidden = {"Invoice": {"TotalAmt"}}
    books.invoice(acme, 5)

    assert "TotalAmt" not in client.read("/journalentry/1")["JournalEntry"]
    told = [client.read("/invoice/2")["Invoice"], *client.rows("select * from Invoice")]
    assert not [row for row in [*told, *client.changes("Invoice")["Invoice"]] if "TotalAmt" in row]


def test_11_foreign_currency(fake, client):
    books = fake.books
    books.multicurrency = True
    customer = books.customer("Müller")
    books.invoice(customer, "10.05", currency="EUR", rate="1.0815")
    told = client.read("/invoice/1")["Invoice"]

    assert told["CurrencyRef"] == {"value": "EUR", "name": "Euro"}
    assert (told["ExchangeRate"], told["TotalAmt"]) == (Decimal("1.0815"), Decimal("10.05"))
    assert told["HomeTotalAmt"] == told["HomeBalance"] == Decimal("10.87")


def test_11_one_currency_is_not_told(books, acme, client):
    books.invoice(acme, 5, currency="EUR", rate="1.1")

    assert not {"CurrencyRef", "ExchangeRate"} & set(client.read("/invoice/1")["Invoice"])


# Clocks


def test_clocks_have_seconds_and_the_offset_of_the_company(fake, books, client):
    books.pace = 0.4
    books.zone = ZoneInfo("Europe/Berlin")
    for number in range(3):
        books.customer(f"C{number}")
    clocks = [row["MetaData"]["LastUpdatedTime"] for row in client.rows("select * from Customer")]

    assert clocks == ["2026-11-02T10:00:00+01:00"] * 2 + ["2026-11-02T10:00:01+01:00"]
    assert client.ids("select * from Customer where MetaData.LastUpdatedTime >= '2026-11-02T09:00:01Z'") == ["3"]


def test_15_offsets_change_in_the_night_when_clocks_go_back(fake, books, client):
    fake.now = datetime(2026, 11, 1, 8, 50, tzinfo=UTC)  # 01:50 in summer
    early = books.customer("early")
    fake.now = datetime(2026, 11, 1, 9, 10, tzinfo=UTC)  # 01:10 in winter
    late = books.customer("late")
    rows = client.rows("select * from Customer orderby MetaData.LastUpdatedTime")

    assert ids(rows) == [early, late]
    clocks = [row["MetaData"]["LastUpdatedTime"] for row in rows]
    assert clocks == ["2026-11-01T01:50:01-07:00", "2026-11-01T01:10:01-08:00"]


def test_7_offsets_shift_when_a_row_is_deleted_between_pages(books, acme, client):
    for number in range(6):
        books.invoice(acme, number + 1)
    first = client.ids(ALL.format("Invoice") + BY_CLOCK.format(1, 2))
    books.delete("Invoice", "1")
    second = client.ids(ALL.format("Invoice") + BY_CLOCK.format(3, 2))

    assert (first, second) == (["1", "2"], ["4", "5"])  # 3 is never shown


def test_9_a_bulk_import_has_one_second(books, acme, client):
    line = {"Amount": Decimal(1), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
    books.bulk("Invoice", 1200, CustomerRef={"value": acme}, DocNumber="N{}", Line=[line])
    first = client.rows(ALL.format("Invoice") + BY_CLOCK.format(1, 1000))
    second = client.rows(ALL.format("Invoice") + BY_CLOCK.format(1001, 1000))

    assert len({row["MetaData"]["LastUpdatedTime"] for row in [*first, *second]}) == 1
    assert len({*ids(first), *ids(second)}) == 1200


def test_changes_may_be_seen_later_than_they_are_stamped(fake, books, client):
    books.lag = 30
    books.customer("in flight")

    assert client.rows("select * from Customer") == client.changes("Customer")["Customer"] == []
    fake.tick(30)
    assert client.rows("select * from Customer")[0]["MetaData"]["LastUpdatedTime"] == "2026-11-02T01:00:01-08:00"


# Change data capture


def test_change_data_has_one_element_for_each_kind_that_is_asked_for(books, acme, client):
    books.invoice(acme, 5)
    answer = client.read("/cdc", entities="Bill,Invoice,Vendor", changedSince="2026-11-02T09:00:00Z")
    (response,) = answer["CDCResponse"]
    nothing, invoices, still_nothing = response["QueryResponse"]

    assert nothing == still_nothing == {}
    assert (ids(invoices["Invoice"]), invoices["startPosition"], invoices["maxResults"]) == (["1"], 1, 1)
    assert invoices["Invoice"] == client.rows("select * from Invoice")


def test_change_data_is_the_only_source_of_deletes(fake, books, acme, client):
    books.invoice(acme, 5)
    fake.tick(60)
    books.delete("Invoice", "1")

    assert client.changes("Invoice", since="2026-11-02T01:00:30-08:00")["Invoice"] == [
        {
            "domain": "QBO",
            "status": "Deleted",
            "Id": "1",
            "MetaData": {"LastUpdatedTime": "2026-11-02T01:01:03-08:00"},
        }
    ]


def test_5_change_data_ends_at_a_thousand_objects_without_a_word(books, client):
    books.bulk("Customer", 600, DisplayName="Customer {}")
    books.bulk("Vendor", 600, DisplayName="Vendor {}")
    told = client.changes("Customer", "Vendor", "Invoice")

    assert {kind: len(rows) for kind, rows in told.items()} == {"Customer": 600, "Vendor": 400, "Invoice": 0}
    books.bulk("Class", 1000, Name="Class {}")
    assert len(client.changes("Class")["Class"]) == 1000


def test_6_change_data_reaches_back_thirty_days(fake, client):
    month = fake.now - timedelta(days=30)

    assert client.changes("Invoice", since=month.isoformat()) == {"Invoice": []}
    too_early = (month - timedelta(seconds=1)).isoformat()
    assert client.refused("/cdc", entities="Invoice", changedSince=too_early)[0] == 400


@pytest.mark.parametrize("kind", [*NO_CDC, "CompanyInfo", "Nothing", ""])
def test_kinds_without_change_data(client, kind):
    assert client.refused("/cdc", entities=f"Invoice,{kind}", changedSince="2026-11-01")[:2] == (400, "4001")


@pytest.mark.parametrize("since", ["", "yesterday", "2026-11-01T00:00:00 08:00"])
def test_since_when_must_be_told(client, since):
    assert client.refused("/cdc", entities="Invoice", changedSince=since)[:2] == (400, "2170")
