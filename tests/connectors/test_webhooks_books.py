"""What the webhooks of QuickBooks, Xero and Gusto say changed."""

from __future__ import annotations

import pytest

from aragora_sync.connectors.xero import XeroConnector
from aragora_sync.core.hints import Hint
from aragora_sync.serve.served import Served

from ..fakes.qbo_webhooks import notify
from ..fakes.xero import FakeXero
from ..fakes.xero_webhooks import SIGNING_KEY
from ..serve import desk
from ..serve.desk import serving
from .posting import AT, SECRET, refusal, request
from .test_webhooks import post_of

EVENTS = [("Invoice", "1234", "updated"), ("Customer", "4", "merged"), ("Invoice", "1235", "deleted")]
READ = (Hint("Invoice", ("Invoice/1234", "Invoice/1235")), Hint("Customer", ("Customer/4",)))


def qbo(body: bytes, headers: dict[str, str], **options: object) -> tuple[Hint, ...]:
    asked = request(body, headers, {"QBO_WEBHOOK_TOKEN": SECRET})
    return post_of("qbo", **options).connector.receive(asked).hints


@pytest.mark.parametrize("old", [False, True])
def test_quickbooks_names_entities(old):
    body, headers = notify("310687", EVENTS, AT, SECRET, old=old)

    assert qbo(body, headers, realm_id="310687") == qbo(body, headers) == READ


def test_another_company_or_another_entity_starts_nothing():
    body, headers = notify("310687", EVENTS, AT, SECRET)

    assert qbo(body, headers, realm_id="1") == ()
    assert qbo(body, headers, entities=["Bill"]) == ()
    assert qbo(*notify("310687", [("Budget", "1", "created")], AT, SECRET)) == ()


@pytest.mark.parametrize("realm", ["310687", "1"])
def test_the_company_of_the_login_counts(realm, monkeypatch):
    connector = post_of("qbo").connector
    monkeypatch.setattr(type(connector), "told", lambda self, name: realm)
    body, headers = notify("310687", EVENTS, AT, SECRET)

    assert bool(connector.receive(request(body, headers, {"QBO_WEBHOOK_TOKEN": SECRET})).hints) == (realm == "310687")


# Xero


def xero(events: list[tuple[str, str]], first: int = 1, tenant: str = "t1") -> dict[str, object]:
    told = [
        {"resourceId": each, "tenantId": tenant, "eventCategory": category, "eventType": "UPDATE"}
        for category, each in events
    ]
    return {"events": told, "firstEventSequence": first, "lastEventSequence": first + len(told) - 1, "entropy": "X"}


def test_xero_names_records():
    told = xero([("INVOICE", "i1"), ("CONTACT", "c1"), ("CREDITNOTE", "n1"), ("INVOICE", "i2"), ("PREPAYMENT", "p1")])

    assert post_of("xero").hints(told) == (
        Hint("t1/invoices", ("invoices/i1", "invoices/i2")),
        Hint("t1/contacts", ("contacts/c1",)),
        Hint("t1/credit_notes", ("credit_notes/n1",)),
    )


def test_another_organisation_or_another_kind_of_record_starts_nothing():
    told = xero([("INVOICE", "i1")])

    assert post_of("xero", xero_tenant_id="t2").hints(told) == ()
    assert post_of("xero", record_types=["contacts"]).hints(told) == ()


def test_a_gap_in_the_sequence_is_looked_for_by_a_run_also_after_a_restart(tmp_path):
    post = post_of("xero")

    def queued(first: int, kind: str = "INVOICE", count: int = 1) -> bool:
        """Whether a run is to look, after these events came to a process of their own."""
        asked = post.request(xero([(kind, f"i{first}")] * count, first=first))
        credentials = {"credentials": {"XERO_WEBHOOK_KEY": SECRET}}
        served = Served("t1", "xero", "xero", lambda: XeroConnector(tenant_id="t1", **credentials))
        with serving(tmp_path / "queue.db", served, settle=3600.0) as service:
            assert desk.post(service, "/webhooks/t1/xero", asked.body, asked.headers)[0] == 200
            batch = service._queue.take("t1", "xero")
            service._queue.done(batch)
        return Hint() in batch.hints

    assert [queued(first) for first in (5, 6, 5, 9, 10)] == [False, False, False, True, False]
    assert not queued(11, "SUBSCRIPTION", count=3)  # nothing of ours, and counted all the same
    assert not queued(14)
    assert queued(16, "SUBSCRIPTION")  # what is missing may be ours
    assert not queued(1, count=2)  # the webhook was made anew
    assert queued(4)


@pytest.mark.parametrize("wrong", [None, "5", -1, 2**70, 1.5, [5]])
def test_numbers_that_nobody_foresaw_are_left_alone(wrong):
    told = {**xero([("INVOICE", "i1")]), "firstEventSequence": wrong, "lastEventSequence": wrong}

    assert post_of("xero")(told).numbers is None
    assert post_of("xero").hints(told) == (Hint("t1/invoices", ("invoices/i1",)),)


def test_the_intent_to_receive_of_xero_is_answered_as_xero_tries_it():
    fake = FakeXero()
    connector = post_of("xero").connector
    answers = [
        (each.well_signed, refusal(connector, request(each.body, each.headers, {"XERO_WEBHOOK_KEY": SIGNING_KEY})))
        for each in fake.webhooks.intent()
    ]

    assert set(answers) == {(True, 0), (False, 401)}


def test_the_answer_to_xero_has_no_body():
    assert post_of("xero")(xero([("INVOICE", "i1")])).body == b""


# Gusto


def gusto(about: str, company: str = "c1", **more: object) -> dict[str, object]:
    told = {"uuid": "e1", "event_type": "x", "resource_type": "Company", "resource_uuid": company}
    return {**told, "entity_type": about, "entity_uuid": "u1", "timestamp": int(AT.timestamp()), **more}


def test_gusto_names_employees_and_payrolls():
    post = post_of("gusto")

    assert post.hints(gusto("Employee")) == (Hint("c1/employees", ("employees/u1",)),)
    assert post.hints(gusto("Payroll")) == (Hint("c1/payrolls", ("payrolls/u1",)),)
    assert post.hints(gusto("Company")) == post_of("gusto", company_id="c2").hints(gusto("Payroll")) == ()
    assert post(gusto("Payroll")).once == "e1"


def test_gusto_must_say_when():
    post = post_of("gusto")

    assert refusal(post.connector, post.request(gusto("Payroll", timestamp=None))) == 401
    assert refusal(post.connector, post.request(gusto("Payroll", timestamp=1e300))) == 401
