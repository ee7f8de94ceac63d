"""The fake of Xero by plain requests: what people do in the books, and what lists tell of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from .xero_client import opened

LINE = ("Consulting services", 10, "150", "200")


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
    return books.add_contact("Acme")


def one(client, part, key, **query):
    """The row of a list with this id."""
    (row,) = [row for row in client.rows(part, **query) if key in row.values()]
    return row


def amounts(row, *names):
    return {name: str(row[name]) for name in names}


def states(row):
    return row["Status"], str(row["AmountDue"]), str(row["AmountPaid"]), str(row["AmountCredited"])


# Sums


@pytest.mark.parametrize(
    ("types", "sums"),
    [
        ("Exclusive", ("1500.00", "225.00", "1725.00")),
        ("Inclusive", ("1304.35", "195.65", "1500.00")),
        ("NoTax", ("1500.00", "0.00", "1500.00")),
    ],
)
def test_sums_follow_from_lines(books, client, acme, types, sums):
    row = one(client, "Invoices", books.create_invoice(acme, LINE, tax=types))

    assert (str(row["SubTotal"]), str(row["TotalTax"]), str(row["Total"])) == sums


def test_halves_of_a_cent_go_away_from_zero(books, client, acme):
    row = one(
        client, "Invoices", books.create_invoice(acme, ("x", 1, "0.125", "200", "NONE"), ("y", 1, "-0.125", "200"))
    )

    assert [str(line["LineAmount"]) for line in row["LineItems"]] == ["0.13", "-0.13"]


def test_lines_that_change_take_the_sums_along(books, client, acme):
    made = books.create_invoice(acme, LINE)
    books.set_lines(made, ("Less", 1, "100", "200"), ("Discounted", 1, "100", "200", "NONE"))
    row = one(client, "Invoices", made)

    assert amounts(row, "SubTotal", "TotalTax", "Total", "AmountDue") == {
        "SubTotal": "200.00",
        "TotalTax": "15.00",
        "Total": "215.00",
        "AmountDue": "215.00",
    }


# What happens to invoices


def test_a_payment_moves_the_invoice_too(books, client, acme):
    made = books.create_invoice(acme, LINE)
    before = one(client, "Invoices", made)
    payment = books.pay(made, "725", date="2026-11-05")
    part = one(client, "Invoices", made)
    books.pay(made, "1000", date="2026-11-06")
    paid = one(client, "Invoices", made)

    assert states(part) == ("AUTHORISED", "1000.00", "725.00", "0.00")
    assert states(paid) == ("PAID", "0.00", "1725.00", "0.00")
    assert paid["FullyPaidOnDate"] == "/Date(1793923200000+0000)/" and "FullyPaidOnDate" not in part
    assert before["UpdatedDateUTC"] < part["UpdatedDateUTC"] < paid["UpdatedDateUTC"]
    assert [each["PaymentID"] for each in part["Payments"]] == [payment]


def test_a_deleted_payment_gives_the_debt_back(books, client, acme):
    made = books.create_invoice(acme, LINE)
    payment = books.pay(made, "1725")
    books.delete(payment)

    assert one(client, "Payments", payment)["Status"] == "DELETED"
    assert states(one(client, "Invoices", made)) == ("AUTHORISED", "1725.00", "0.00", "0.00")
    assert one(client, "Invoices", made)["Payments"] == []


def test_credits_are_set_against_invoices(books, client, acme):
    made = books.create_invoice(acme, LINE)
    note = books.create_credit_note(acme, ("Back", 1, "100", "200"))
    over, pre = books.overpay(acme, "20"), books.prepay(acme, "30")
    first = books.allocate(note, made, "100")
    books.allocate(over, made, "20")
    books.allocate(pre, made, "30")
    row = one(client, "Invoices", made)

    assert states(row) == ("AUTHORISED", "1575.00", "0.00", "150.00")
    assert [len(row[kind]) for kind in ("CreditNotes", "Overpayments", "Prepayments")] == [1, 1, 1]
    assert str(one(client, "CreditNotes", note)["RemainingCredit"]) == "15.00"
    assert one(client, "Overpayments", over)["Status"] == "PAID"
    books.unallocate(note, first)
    assert str(one(client, "CreditNotes", note)["RemainingCredit"]) == "115.00"
    assert states(one(client, "Invoices", made))[3] == "50.00"


def test_refunds_name_their_credit_note_as_an_invoice_too(books, client, acme):
    note = books.create_credit_note(acme, ("Back", 1, "100", "200"))
    row = one(client, "Payments", books.pay(note, "15"))

    assert row["PaymentType"] == "ARCREDITPAYMENT"
    assert (row["Invoice"]["InvoiceID"], row["Invoice"]["Type"]) == (note, "ACCRECCREDIT")


@pytest.mark.parametrize(("kind", "name"), [("ACCREC", "ACCRECPAYMENT"), ("ACCPAY", "ACCPAYPAYMENT")])
def test_payments_of_sales_and_bills(books, client, acme, kind, name):
    assert one(client, "Payments", books.pay(books.create_invoice(acme, LINE, type=kind), "1"))["PaymentType"] == name


def test_payments_of_a_foreign_currency_tell_both_amounts(books, client, acme):
    made = books.create_invoice(acme, LINE, tax="NoTax", currency="USD", rate="0.6")
    row = one(client, "Payments", books.pay(made, "1500", rate="0.625"))

    assert amounts(row, "Amount", "BankAmount", "CurrencyRate") == {
        "Amount": "1500.00",
        "BankAmount": "2400.00",
        "CurrencyRate": "0.625",
    }


def test_8_nothing_goes_away_it_is_called_voided_or_deleted(books, client, acme):
    void, draft = books.create_invoice(acme, LINE), books.create_invoice(acme, LINE, status="DRAFT")
    books.void(void)
    books.delete(draft)

    assert states(one(client, "Invoices", void)) == ("VOIDED", "0.00", "0.00", "0.00")
    assert states(one(client, "Invoices", draft)) == ("DELETED", "0.00", "0.00", "0.00")


def test_what_was_paid_cannot_be_voided_nor_a_draft(books, acme):
    paid = books.create_invoice(acme, LINE)
    books.pay(paid, "1")

    with pytest.raises(ValueError, match="payments and credits"):
        books.void(paid)
    with pytest.raises(ValueError, match="cannot become"):
        books.void(books.create_invoice(acme, LINE, status="DRAFT"))
    with pytest.raises(ValueError, match="more was paid"):
        books.pay(paid, "1725")


def test_drafts_are_submitted_and_approved(books, client, acme):
    made = books.create_invoice(acme, LINE, status="DRAFT", due=None)
    assert "DueDate" not in one(client, "Invoices", made)
    books.submit(made)
    books.approve(made)

    assert one(client, "Invoices", made)["Status"] == "AUTHORISED"


def test_not_every_change_moves_the_clock(books, client, acme):
    made = books.create_invoice(acme, LINE)
    books.pay(made, "1")
    before = one(client, "Invoices", made)
    books.edit(made, DueDate="2027-01-31")
    books.send(made)
    books.attach(made)
    after = one(client, "Invoices", made)

    assert after["UpdatedDateUTC"] == before["UpdatedDateUTC"]
    assert (after["DueDateString"], after["SentToContact"]) == ("2027-01-31T00:00:00", True)
    assert (before["HasAttachments"], after["HasAttachments"]) == (False, True)
    books.edit(made, Reference="other")
    assert one(client, "Invoices", made)["UpdatedDateUTC"] > before["UpdatedDateUTC"]


# Contacts


def test_balances_move_without_the_contact_s_clock(books, client, acme):
    before = one(client, "Contacts", acme)
    books.create_invoice(acme, LINE, due="2026-11-01")
    books.create_invoice(acme, LINE, type="ACCPAY")
    after = one(client, "Contacts", acme)

    assert "Balances" not in before and before["IsCustomer"] is False
    assert (after["IsCustomer"], after["IsSupplier"]) == (True, True)
    assert after["Balances"]["AccountsReceivable"] == {"Outstanding": Decimal("1725.00"), "Overdue": Decimal("1725.00")}
    assert after["Balances"]["AccountsPayable"]["Overdue"] == 0
    assert after["UpdatedDateUTC"] == before["UpdatedDateUTC"]


def test_17_archived_contacts_are_shown_where_they_are_asked_for(books, client, acme):
    books.archive(acme)

    assert client.rows("Contacts") == client.rows("Contacts", IDs=acme) == []
    assert one(client, "Contacts", acme, includeArchived="true")["ContactStatus"] == "ARCHIVED"
    assert client.read(f"Contacts/{acme}")["Contacts"][0]["ContactStatus"] == "ARCHIVED"
    books.restore(acme)
    assert one(client, "Contacts", acme)["ContactStatus"] == "ACTIVE"


def test_17_what_a_contact_was_merged_into_is_told_by_page(books, client, acme):
    again = books.add_contact("Acme again")
    made = books.create_invoice(again, LINE)
    clock = one(client, "Invoices", made)["UpdatedDateUTC"]
    books.merge(again, acme)

    assert one(client, "Contacts", again, includeArchived="true")["MergedToContactID"] == acme
    assert all("MergedToContactID" not in row for row in client.read("Contacts", includeArchived="true")["Contacts"])
    row = one(client, "Invoices", made)
    assert (row["Contact"]["Name"], row["UpdatedDateUTC"]) == ("Acme", clock)


def test_forgotten_contacts_keep_no_name(books, client, acme):
    books.forget(acme)
    row = one(client, "Contacts", acme, includeArchived="true")

    assert row["ContactStatus"] == "GDPRREQUEST" and "Acme" not in row.values()
    assert client.rows("Contacts") == []


def test_documents_tell_the_name_a_contact_has_now(books, client, acme):
    made = books.create_invoice(acme, LINE)
    clock = one(client, "Invoices", made)["UpdatedDateUTC"]
    books.edit(acme, Name="Acme Ltd")
    row = one(client, "Invoices", made)

    assert (row["Contact"]["Name"], row["UpdatedDateUTC"]) == ("Acme Ltd", clock)


# Banks and journals


def test_spent_and_received_money(books, client, acme):
    spent = one(client, "BankTransactions", books.spend(acme, ("Rent", 1, "800", "429")))
    received = one(
        client, "BankTransactions", books.receive(acme, ("Interest", 1, "1.5", "260", "NONE"), account="091")
    )

    assert (spent["Type"], spent["BankAccount"]["Code"], str(spent["Total"])) == ("SPEND", "090", "920.00")
    assert (received["Type"], received["BankAccount"]["Code"], str(received["Total"])) == ("RECEIVE", "091", "1.50")
    books.delete(spent["BankTransactionID"])
    assert one(client, "BankTransactions", spent["BankTransactionID"])["Status"] == "DELETED"


def test_transfers_are_two_bank_transactions_and_deleted_ones_are_hidden(books, client):
    made = books.transfer("50")
    (row,) = client.read("BankTransfers")["BankTransfers"]
    sides = {side["Type"]: side["BankTransactionID"] for side in client.rows("BankTransactions")}

    assert sides == {
        "SPEND-TRANSFER": row["FromBankTransactionID"],
        "RECEIVE-TRANSFER": row["ToBankTransactionID"],
    }
    books.delete(made)
    assert client.read("BankTransfers")["BankTransfers"] == []
    (row,) = client.read("BankTransfers", includeDeleted="true")["BankTransfers"]
    assert row["Status"] == "DELETED"
    assert {side["Status"] for side in client.rows("BankTransactions")} == {"DELETED"}


def test_overpayments_come_with_a_bank_transaction(books, client, acme):
    made = books.overpay(acme, "20")
    (row,) = client.rows("BankTransactions")

    assert (row["Type"], row["OverpaymentID"]) == ("RECEIVE-OVERPAYMENT", made)


def test_journals_balance_or_are_none(books, client):
    made = books.post_journal("thirds", ("0.1", "720"), ("0.2", "400"), ("-0.3", "180"))
    books.void(made)

    assert one(client, "ManualJournals", made)["Status"] == "VOIDED"
    with pytest.raises(ValueError, match="differ"):
        books.post_journal("odd", ("0.1", "720"), ("-0.2", "180"))


def test_report_tells_what_one_contact_owes(books, client, acme):
    made = books.create_invoice(acme, LINE, due="2026-10-31", date="2026-10-01")
    books.pay(made, "725")
    (report,) = client.read("Reports/AgedReceivablesByContact", contactId=acme)["Reports"]
    header, invoices, closing = report["Rows"]

    assert [cell["Value"] for cell in header["Cells"]][4:] == ["Total", "Paid", "Credited", "Due"]
    row, total = invoices["Rows"]
    assert [cell["Value"] for cell in row["Cells"]][3:] == ["2 days overdue", "1725.00", "725.00", "0.00", "1000.00"]
    assert row["Cells"][0]["Attributes"] == [{"Value": made, "Id": "invoiceID"}]
    assert (total["RowType"], closing["Rows"][0]["Cells"][7]["Value"]) == ("SummaryRow", "1000.00")
    assert client.get("Reports/AgedReceivablesByContact").status_code == 400
