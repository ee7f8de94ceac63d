"""`xero` at xero-local of localstack-xero: login, organisation, sync, edits and a new invoice.

That server has contacts, invoices, payments and credit notes of one organisation. It lacks the rest: it takes every
token, code and client, knows neither accounts, bank transactions nor manual journals, ignores `If-Modified-Since`,
`where` and `order`, works out no totals, and has no place to revoke. So it proves addresses, headers, envelopes and
what is written; the fake proves increments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aragora_sync.audit import audit_path
from aragora_sync.auth.login import Login
from aragora_sync.connectors.xero import XeroConnector, XeroLineItem
from aragora_sync.engine.result import Status, SyncResult

from ..net.clock import patient
from ..servers.xero_local import XeroLocal, xero_local, xero_local_process  # noqa: F401 - fixtures
from .service_desk import ServiceDesk, changes
from .test_xero_login import Person

pytestmark = [pytest.mark.contract, pytest.mark.timeout(600)]  # the first one installs it

KINDS = ["contacts", "invoices", "credit_notes", "payments"]


class LocalDesk(ServiceDesk):
    """Books at that server; somebody has logged in."""

    make = XeroConnector

    def __init__(self, folder: Path, server: XeroLocal) -> None:
        super().__init__(folder)
        self.server = server
        self.log_in()

    def usual(self) -> dict[str, Any]:
        url = self.server.url
        places = {"base_url": url, "auth_url": f"{url}/identity/connect/authorize", "token_url": f"{url}/connect/token"}
        return {**places, "record_types": KINDS, "token_file": True, "credentials": {"XERO_CLIENT_ID": "my-app"}}

    def log_in(self) -> None:
        made = self.connector()
        self.kept = made.tokens.begin(made.log_in(Login(Person(), made.open_http, paste=True)))
        made.close()

    def sync(self, kind: Any = None) -> SyncResult:
        self.fake = NoFake()
        return super().sync(kind)

    def find(self, kind: str, record_id: str) -> Any:
        return self.entries()[f"{kind}/{record_id}"]


class NoFake:
    """Requests to a server of another process are not seen."""

    asked: list[Any] = []


@pytest.fixture
def desk(xero_local: XeroLocal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalDesk]:  # noqa: F811
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with patient():
        yield LocalDesk(tmp_path, xero_local)


def test_login_finds_the_one_organisation(desk):
    tenant = desk.server.state()["tenant"]

    assert desk.kept.told == {"tenant_name": "Test Organisation", "tenant_id": tenant["tenantId"]}


def test_what_was_made_and_edited_there_is_read(desk):
    acme = desk.server.put("Contacts", Name="Acme", EmailAddress="ap@acme.example")
    invoice = desk.server.put(
        "Invoices",
        Contact={"ContactID": acme["ContactID"]},
        Date="2026-11-02",
        DueDate="2026-12-02",
        LineItems=[{"Description": "Consulting", "Quantity": 2, "UnitAmount": 10.25, "LineAmount": 20.5}],
    )
    first = desk.sync()
    assert first.status is Status.OK, first.errors
    assert changes(first) == (2, 0, 0)
    assert "Consulting" in desk.find("invoices", invoice["InvoiceID"]).content
    assert changes(desk.sync()) == (0, 0, 0)

    desk.server.put(f"Contacts/{acme['ContactID']}", Name="Acme & Sons")
    second = desk.sync()
    assert second.status is Status.OK and second.counts.updated >= 1
    assert "Acme & Sons" in desk.find("contacts", acme["ContactID"]).title


def test_payments_and_credit_notes_are_read(desk):
    acme = desk.server.put("Contacts", Name="Acme")["ContactID"]
    lines = [{"Description": "Consulting", "LineAmount": 100}]
    invoice = desk.server.put("Invoices", Contact={"ContactID": acme}, Date="2026-11-02", LineItems=lines)
    payment = desk.server.put(
        "Payments", Invoice={"InvoiceID": invoice["InvoiceID"]}, Account={"Code": "090"}, Date="2026-11-03", Amount=40
    )
    note = desk.server.put("CreditNotes", Contact={"ContactID": acme}, Date="2026-11-04", Total=5)
    result = desk.sync()

    assert result.status is Status.OK, result.errors
    assert {f"payments/{payment['PaymentID']}", f"credit_notes/{note['CreditNoteID']}"} <= desk.entries().keys()


def test_more_than_a_page_is_read(desk):
    for number in range(103):
        desk.server.put("Contacts", Name=f"Contact {number}")

    assert changes(desk.sync()) == (103, 0, 0)


def test_invoice_of_a_program_is_made_there_and_read_by_the_next_run(desk):
    acme = desk.server.put("Contacts", Name="Acme")["ContactID"]
    desk.sync()
    made = desk.connector()
    invoice = made.create_invoice(
        acme,
        [XeroLineItem(description="Consulting", quantity=Decimal(2), unit_amount=Decimal("10.25"), account_code="200")],
        date=date(2026, 11, 2),
        invoice_number="INV-7",
        idempotency_key="once",
    )
    made.close()
    (there,) = desk.server.state()["invoices"]

    assert there["InvoiceID"] == invoice.invoice_id and there["InvoiceNumber"] == "INV-7"
    assert (there["LineItems"][0]["Quantity"], there["LineItems"][0]["UnitAmount"]) == (2, 10.25)
    assert changes(desk.sync())[0] == 1
    assert "INV-7" in desk.find("invoices", invoice.invoice_id).title


def test_access_is_renewed_there(desk):
    made = desk.connector()
    fresh = made.access.renewed()
    made.close()

    assert fresh.refresh not in ("", desk.kept.refresh)
    assert desk.connector().tokens.current() == fresh
    assert desk.sync().status is Status.OK


def test_every_access_leaves_a_line(desk):
    desk.sync()
    lines = [json.loads(line)["what"] for line in audit_path("default").read_text().splitlines()]

    assert {f"GET /api.xro/2.0/{name}" for name in ("Contacts", "Invoices", "CreditNotes", "Payments")} <= set(lines)
