"""`aragora-sync report finance`"""

from __future__ import annotations

import json
import re
from datetime import date
from importlib.metadata import EntryPoint

import pytest
import time_machine

from aragora_sync import connectors
from aragora_sync.audit import audit_path

from ..clock import FakeClock
from ..documents import README
from ..report.ledger import Ledger, gusto_payroll, plaid_account, qbo_account, qbo_invoice
from .conftest import Cli, Home
from .toy import ToyConnector

INVOICES = (qbo_invoice("1", "362.07", "2026-02-20"), qbo_invoice("2", "100.00", customer="Umbrella"))
ACCOUNT = plaid_account("A1-0000", "1203.42", available="1103.42")


@pytest.fixture
def accounting(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A tenant with books and a bank that are configured; toys stand for the connectors."""
    place = f"{ToyConnector.__module__}:ToyConnector"
    toys = {kind: EntryPoint(kind, place, connectors.ENTRY_POINTS) for kind in ("qbo", "plaid")}
    monkeypatch.setattr(connectors, "_installed", lambda: toys)
    monkeypatch.setattr(connectors, "_OURS", {})
    ids = {"qbo": "qbo-1", "plaid": "plaid"}
    home.tenants["workspace-1"] = [{"type": kind, "id": ids[kind], "world": f"{kind}.json"} for kind in toys]
    home.write()
    return home


def sync(home: Home, *, banks: bool = True) -> None:
    """What runs of the connectors would have left."""
    ledger = Ledger(home.stores, FakeClock())
    ledger.keep("qbo-1", *INVOICES, qbo_account("35", "Bank", "1300.00"))
    ledger.keep("gusto", gusto_payroll("p1", "2026-02-27"))
    if banks:
        ledger.keep("plaid", ACCOUNT)
    ledger.close()


def report(cli: Cli, home: Home, *more: str):  # type: ignore[no-untyped-def]
    return cli("report", "finance", "--store", str(home.stores), "--as-of", "2026-03-01", *more)


def test_table_for_people(home: Home, cli: Cli) -> None:
    sync(home)

    ended = report(cli, home)

    assert ended.exit_code == 0
    assert (
        ended.out
        == """\
acme on 2026-03-01

Receivables, USD  current    1-30  31-60  61-90   91+   total
Acme                 0.00  362.07   0.00   0.00  0.00  362.07
Umbrella           100.00    0.00   0.00   0.00  0.00  100.00
total              100.00  362.07   0.00   0.00  0.00  462.07
overdue: 78.4 % of what is invoiced

Bank accounts, USD        current  available
First Bank Checking 0000  1203.42    1103.42
cash: 1103.42
cash is as much as payroll takes in 1.0 weeks

Cash in the books, USD  current
Account 35              1300.00
total                   1300.00
more than at the bank by: 196.58

Payroll of 2026, USD             amount
gross pay                      12000.00
taxes of the company            2640.55
benefits, paid by the company    600.00
reimbursements                   150.00
cost in all                    15390.55
taken from the bank            14290.55
payrolls: 1, employees: 0

warning: gusto is not configured any more; its figures stay as they were.
warning: plaid is not configured any more; its figures stay as they were.
warning: qbo-1 is not configured any more; its figures stay as they were.
"""
    )


def test_configured_connectors_are_known_by_their_type(accounting: Home, cli: Cli) -> None:
    ledger = Ledger(accounting.stores, tenant="workspace-1")
    ledger.keep("github-1")
    ledger.close()

    assert cli("report", "finance", "--json").document["warnings"] == [
        "receivables are not known: qbo or xero was not read yet.",
        "bank balances are not known: plaid was not read yet.",
        "no gusto connector: costs of payroll are not known.",
        "qbo-1 was not read yet: aragora-sync run qbo-1",
        "plaid was not read yet: aragora-sync run plaid",
    ]


def test_readme_shows_what_is_printed(accounting: Home, cli: Cli) -> None:
    ledger = Ledger(accounting.stores, FakeClock(), tenant="workspace-1")
    ledger.keep("qbo-1", *INVOICES)
    ledger.keep("plaid", ACCOUNT)
    ledger.close()
    (told,) = re.findall(r"^\$ (aragora-sync report .*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    command, _, printed = told.partition("\n")

    assert cli(*command.split()[1:]).out == printed


def test_document_for_programs_is_sorted(home: Home, cli: Cli) -> None:
    sync(home)

    ended = report(cli, home, "--json")

    assert ended.exit_code == 0
    assert ended.out == json.dumps(ended.document, sort_keys=True, indent=2) + "\n"
    assert ended.document["ar_aging"]["by_currency"]["USD"]["total"] == "462.07"
    assert report(cli, home, "--json").out == ended.out


def test_every_connector_whose_figures_are_read_is_in_the_audit_trail(home: Home, cli: Cli) -> None:
    sync(home, banks=False)
    report(cli, home)
    report(cli, home, "--json")
    trail = [json.loads(line) for line in audit_path("acme").read_text().splitlines()]

    expected = [(name, "read", "report finance, as of 2026-03-01") for name in ("gusto", "qbo-1")]
    assert [(line["connector"], line["action"], line["what"]) for line in trail] == expected * 2
    assert "362.07" not in audit_path("acme").read_text()
    assert cli("audit", "verify").exit_code == 0


def test_figures_that_the_trail_cannot_witness_are_not_shown(home: Home, cli: Cli) -> None:
    sync(home)
    audit_path("acme").mkdir(parents=True)

    ended = report(cli, home)
    assert (ended.exit_code, ended.out) == (1, "")
    assert "cannot write the audit trail" in ended.err


def test_missing_source_is_null_and_a_warning_in_the_table(home: Home, cli: Cli) -> None:
    sync(home, banks=False)

    assert report(cli, home, "--json").document["bank_balances"] is None
    ended = report(cli, home)
    assert ended.exit_code == 0
    assert "warning: no plaid connector: bank balances are not known." in ended.out.splitlines()
    assert "Bank accounts" not in ended.out


def test_nothing_known_is_a_failure(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    cli("run")

    ended = cli("report", "finance")

    assert ended.exit_code == 1
    assert [line.partition(":")[0] for line in ended.out.splitlines()[2:]] == ["warning"] * 3


def test_tenant_that_never_synced_is_told_what_to_do(home: Home, cli: Cli) -> None:
    home.toy("blocks")

    ended = cli("report", "finance")

    assert ended.exit_code == 1
    assert "tenant acme has no store yet" in ended.err
    assert "  try: aragora-sync run" in ended.err


def test_unknown_tenant(home: Home, cli: Cli) -> None:
    sync(home)

    ended = report(cli, home, "--tenant", "acne")

    assert (ended.exit_code, ended.out) == (2, "")
    assert "did you mean 'acme'?" in ended.err


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday"])
def test_day_that_is_none(home: Home, cli: Cli, day: str) -> None:
    sync(home)

    ended = cli("report", "finance", "--store", str(home.stores), "--as-of", day)

    assert ended.exit_code == 2
    assert day in ended.err


def test_by_default_it_is_of_the_day_where_this_machine_stands(home: Home, cli: Cli) -> None:
    sync(home)

    with time_machine.travel(date(2026, 3, 5)):
        ended = cli("report", "finance", "--store", str(home.stores), "--json")

    assert ended.document["as_of"] == "2026-03-05"
    assert "qbo-1: its figures are 4 days older than 2026-03-05." in ended.document["warnings"]


def test_names_of_customers_cannot_move_the_cursor(home: Home, cli: Cli) -> None:
    ledger = Ledger(home.stores)
    ledger.keep("qbo-1", qbo_invoice("1", "5.00", customer="Ac\x1b[2Jme"))
    ledger.close()

    assert "\x1b" not in report(cli, home).out
