"""The financial document of what `gusto` and `plaid` really store, against figures that were reckoned by hand."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aragora_sync.cli.app import main
from aragora_sync.core.clock import utc_now
from aragora_sync.report.answers import combine
from aragora_sync.report.finance import financial_context
from aragora_sync.report.sources import Source

from ..connectors import gusto_desk, plaid_desk
from ..connectors.gusto_desk import GustoDesk, plain_pay
from ..connectors.gusto_world import Editor
from ..connectors.plaid_desk import PlaidDesk
from ..fakes.gusto_books import Pay, Payroll
from .test_payroll_agrees import without_items

D = Decimal
SOURCES = (Source("gusto", "gusto"), Source("plaid", "plaid"))


class Tenant:
    """Somebody with a company at Gusto and two banks by Plaid, whose connectors fill one store."""

    def __init__(self, company: GustoDesk, banks: PlaidDesk) -> None:
        self.company, self.banks = company, banks
        banks.folder = company.folder

    def sync(self) -> None:
        """Both, on the day that it is at Gusto."""
        for desk in (self.company, self.banks):
            desk.hours = (self.company.fake.now - utc_now()).total_seconds() / 3600
            assert desk.sync().success

    def document(self) -> dict[str, Any]:
        with self.company.store() as store:
            return financial_context(store, "default", SOURCES, self.company.today)

    def payroll(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document()["payroll"]["by_currency"]["USD"]
        return found


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with plaid_desk.opened_desk(tmp_path) as banks, gusto_desk.opened_desk(tmp_path / "home") as company:
        yield Tenant(company, banks)


def pay_people(company: GustoDesk) -> dict[str, Payroll]:
    """The payroll of the worked example, one with tips, one that was taken back, and three that do not count yet, or no
    more.
    """
    ann, bo, cy = (company.books.hire(name) for name in ("Ann", "Bo", "Cy"))
    company.books.change(ann, department="Engineering")
    company.books.change(bo, department="Sales")
    worked = [
        Pay(
            ann.uuid,
            wages=D("7000.00"),
            employee_taxes={"Federal Income Tax": D("1487.60"), "Social Security": D("434.00")},
            employer_taxes={"Social Security": D("434.00")},
            deductions={"Medical": (D("300.00"), D("400.00"))},
            reimbursements=D("150.00"),
        ),
        Pay(
            bo.uuid,
            wages=D("5000.00"),
            employee_taxes={"Federal Income Tax": D("866.00")},
            employer_taxes={"State Unemployment": D("2206.55")},
            deductions={"401(k)": (D("200.00"), D("200.00"))},
            child_support=D("200.00"),
        ),
        Pay(cy.uuid, wages=D("9999.00"), excluded=True),
    ]
    tips = Pay(
        cy.uuid,
        wages=D("1000.00"),
        cash_tips=D("100.00"),
        paycheck_tips=D("50.00"),
        employee_taxes={"Federal Income Tax": D("115.00")},
        employer_taxes={"Social Security": D("88.00")},
        by_check=True,
    )
    taken_back = company.pay(-31, [plain_pay(bo.uuid)])
    return {
        "worked": company.pay(-17, worked),
        "tips": company.pay(-61, [tips]),
        "last year": company.pay(-307, [plain_pay(ann.uuid)]),
        "taken back": taken_back,
        "taker back": company.books.reverse(taken_back),
        "later": company.pay(4, [plain_pay(ann.uuid)]),
        "draft": company.pay(11, [plain_pay(ann.uuid)], processed=False),
    }


def fill_banks(banks: PlaidDesk) -> None:
    """Dollars in two accounts, one of which tells less; a card, a loan; and euros."""
    checking = next(iter(banks.item.accounts.values()))
    checking.current, checking.available = D("25110.35"), D("25000.10")
    banks.bank.open_account(banks.item, "Savings", subtype="savings", current=D("20.00"), available=None)
    banks.bank.open_account(banks.item, "Silent", current=None, available=None)
    banks.bank.open_account(
        banks.item, "Card", type="credit", subtype="credit card", current=D("300.40"), limit=D("5000"), available=None
    )
    other = banks.link(institution_id="ins_2", institution_name="Second Bank")
    next(iter(other.accounts.values())).currency = "EUR"
    banks.bank.open_account(other, "Loan", type="loan", subtype="student", current=D("1000.10"), available=None)
    banks.bank.spend(banks.item)


def test_payroll_of_the_year_is_what_was_reckoned_by_hand(tenant: Tenant) -> None:
    made = pay_people(tenant.company)
    tenant.sync()
    summary = tenant.payroll()

    told = {name: value for name, value in summary.items() if isinstance(value, str | int)}
    assert told == {
        "as_of": "2026-11-02",
        "year": 2026,
        "currency": "USD",
        "payroll_count": 4,
        "employee_count": 3,
        "gross_pay": "13150.00",
        "employer_taxes": "2728.55",
        "employee_taxes": "2902.60",
        "company_benefits": "600.00",
        "employee_benefit_deductions": "500.00",
        "other_deductions": "200.00",
        "reimbursements": "150.00",
        "net_pay": "9447.40",
        "total_employer_cost": "16528.55",
        "company_debit": "14493.55",
    }
    counted = sorted(f"payrolls/{made[name].uuid}" for name in ("worked", "tips", "taken back", "taker back"))
    assert summary["items"] == {"gusto": counted}


def test_parts_of_payroll_are_what_was_reckoned_by_hand(tenant: Tenant) -> None:
    pay_people(tenant.company)
    tenant.sync()
    summary = tenant.payroll()

    months = [tuple(row[name] for name in ("month", "gross", "cost", "debit")) for row in summary["by_month"]]
    assert months == [
        (9, "1150.00", "1138.00", "203.00"),
        (10, "15000.00", "18696.56", "17421.00"),
        (11, "-3000.00", "-3306.01", "-3130.45"),
    ]
    names = ("department", "employee_count", "gross", "cost")
    assert [tuple(row[name] for name in names) for row in summary["by_department"]] == [
        ("(none)", 1, "1150.00", "1138.00"),
        ("Engineering", 1, "7000.00", "7984.00"),
        ("Sales", 1, "5000.00", "7406.55"),
    ]
    assert summary["usual_week"]["debit"] == "1114.89"
    planned = summary["next_unprocessed"]
    assert (planned["check_date"], planned["deadline"]) == ("2026-11-13", "2026-11-09T23:00:00Z")
    assert planned["estimate"] == "5874.67"  # of 14290.55, 3130.45 and 203.00


def test_banks_are_what_was_reckoned_by_hand(tenant: Tenant) -> None:
    pay_people(tenant.company)
    fill_banks(tenant.banks)
    tenant.sync()
    document = tenant.document()

    names = ("cash", "credit_owed", "loan_owed", "investments", "other")
    sums = document["bank_balances"]["by_currency"]
    assert {name: sums["USD"][name] for name in names} == {
        "cash": "25020.10",
        "credit_owed": "300.40",
        "loan_owed": "1000.10",
        "investments": "0.00",
        "other": "0.00",
    }
    assert (sums["EUR"]["cash"], document["base_currency"]) == ("100.00", None)
    roles = {one["name"]: (one["role"], one["current"], one["limit"]) for one in document["bank_balances"]["accounts"]}
    assert roles["Card"] == ("liability", "300.40", "5000.00")
    assert roles["Silent"] == ("asset", None, None)
    assert document["derived"]["runway_weeks"]["USD"]["value"] == "22.4"
    assert document["derived"]["next_payroll_cash_need"]["USD"]["value"] == "5874.67"
    assert document["warnings"] == [
        "no qbo or xero connector: receivables are not known.",
        "plaid: the bank does not tell the balance of Silent 0005.",
        "there are several currencies, EUR, USD; nothing is converted.",
    ]


def test_what_changes_at_the_sources_changes_in_the_document(tenant: Tenant) -> None:
    made = pay_people(tenant.company)
    fill_banks(tenant.banks)
    tenant.sync()
    before = tenant.document()
    tenant.sync()
    assert tenant.document()["digest"] == before["digest"]

    tenant.company.books.reverse(made["worked"])
    card = next(one for one in tenant.banks.item.accounts.values() if one.type == "credit")
    tenant.banks.bank.close_account(tenant.banks.item, card)
    tenant.sync()
    after = tenant.document()

    assert after["payroll"]["by_currency"]["USD"]["total_employer_cost"] == "1138.00"
    assert after["bank_balances"]["by_currency"]["USD"]["credit_owed"] == "0.00"


def test_command_tells_the_same(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pay_people(tenant.company)
    fill_banks(tenant.banks)
    tenant.sync()
    folder = tenant.company.folder
    connectors = [{"type": "gusto", "id": "gusto"}, {"type": "plaid", "id": "plaid", "environment": "sandbox"}]
    (folder / "connectors.yaml").write_text(json.dumps({"connectors": connectors}))
    monkeypatch.chdir(folder)
    asked = ("report", "finance", "--store", str(folder / "store"), "--as-of", f"{tenant.company.today}")
    capfd.readouterr()

    assert main([*asked, "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == tenant.document()
    assert main(asked) == 0
    shown = capfd.readouterr().out.splitlines()
    assert "cash: 25020.10, owed on cards: 300.40, owed on loans: 1000.10" in shown
    assert "cost in all                    16528.55" in shown


@pytest.mark.parametrize("seed", range(3))
def test_sums_of_any_year_are_those_of_the_company(tenant: Tenant, seed: int) -> None:
    editor = Editor(tenant.company, random.Random(seed))
    for _ in range(2):
        for _ in range(15):
            editor.act()
        tenant.sync()
    tenant.company.reconcile()
    today, summary = tenant.company.today, tenant.payroll()
    paid = [
        one.totals()
        for one in tenant.company.books.payrolls.values()
        if one.processed and one.calculated
        if one.check_date.year == today.year and one.check_date <= today
    ]

    assert summary["payroll_count"] == len(paid) > 0
    for told, at_gusto in (("gross_pay", "gross_pay"), ("net_pay", "net_pay"), ("company_debit", "company_debit")):
        assert D(summary[told]) == sum((D(one[at_gusto]) for one in paid), D())


def test_programs_get_the_same_figures(tenant: Tenant) -> None:
    made = pay_people(tenant.company)
    tenant.company.books.drop(made["later"])  # a year counts it, the document of a day before it does not
    fill_banks(tenant.banks)
    tenant.sync()
    kept, gusto = tenant.document(), tenant.company.connector()
    summary = gusto.get_payroll_summary(2026)
    gusto.close()
    with tenant.banks.program() as plaid:
        accounts = plaid.get_accounts()
    told = combine("default", tenant.company.today, bank_balances=accounts, payroll_costs=summary)

    assert told["bank_balances"]["by_currency"] == kept["bank_balances"]["by_currency"]
    assert told["derived"] == kept["derived"]
    of_both = summary.document().keys() - {"source_time"}
    payrolls = (each["payroll"]["by_currency"]["USD"] for each in (told, kept))
    of_told, of_kept = ({name: without_items(one[name]) for name in of_both} for one in payrolls)
    assert of_told == of_kept
