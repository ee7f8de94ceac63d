"""A payroll becomes a journal entry that balances to the cent, or a refusal that names the difference."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.connectors.gusto import (
    GustoConnector,
    JournalEntry,
    NoJournal,
    PayrollRun,
    UnbalancedPayroll,
)
from aragora_sync.core.errors import ConfigError

WORKED = {  # the numbers of the vendor file, section 9b
    "company_debit": "14290.55",
    "net_pay_debit": "8512.40",
    "tax_debit": "5428.15",
    "reimbursement_debit": "150.00",
    "child_support_debit": "200.00",
    "reimbursements": "150.00",
    "net_pay": "8512.40",
    "gross_pay": "12000.00",
    "check_amount": "8662.40",
    "employer_taxes": "2640.55",
    "employee_taxes": "2787.60",
    "benefits": "600.00",
    "employee_benefits_deductions": "500.00",
    "other_deductions": "200.00",
}
LINE = {
    "employee_uuid": "e1",
    "gross_pay": "12000.00",
    "net_pay": "8512.40",
    "taxes": [
        {"name": "Federal", "employer": False, "amount": "2787.60"},
        {"name": "Social Security", "employer": True, "amount": "2640.55"},
    ],
    "benefits": [{"name": "Medical", "employee_deduction": "500.00", "company_contribution": "600.00"}],
    "deductions": [{"name": "Child Support", "amount": "200.00"}],
    "reimbursements": [{"amount": "150.00", "description": "Travel"}],
}
NO_MONEY = dict.fromkeys(WORKED, "0.00")


def payroll(totals: dict[str, Any] | None = None, *lines: dict[str, Any], **more: Any) -> PayrollRun:
    raw = {
        "payroll_uuid": "7b1d0df1-6403-4a06-8768-c1dd7d24d27a",
        "processed": True,
        "check_date": "2026-10-20",
        "pay_period": {"start_date": "2026-10-01", "end_date": "2026-10-14"},
        "payroll_status_meta": {"expected_debit_time": "2026-10-17T23:00:00Z"},
        "totals": {**WORKED, **(totals or {})},
        "employee_compensations": list(lines) or [LINE],
    }
    return PayrollRun.read({**raw, **more})


def line(**more: Any) -> dict[str, Any]:
    return {**LINE, **more}


@pytest.fixture
def gusto() -> GustoConnector:
    return GustoConnector()


def sides(entry: JournalEntry) -> dict[str, tuple[str, str]]:
    return {each.account_role: (str(each.debit), str(each.credit)) for each in entry.lines}


def test_worked_example_of_the_vendor_file(gusto):
    entry = gusto.generate_journal_entry(payroll())

    assert sides(entry) == {
        "wages_expense": ("12000.00", "0.00"),
        "employer_tax_expense": ("2640.55", "0.00"),
        "benefits_expense": ("600.00", "0.00"),
        "reimbursements_expense": ("150.00", "0.00"),
        "net_pay_payable": ("0.00", "8512.40"),
        "reimbursements_payable": ("0.00", "150.00"),
        "payroll_tax_payable": ("0.00", "5428.15"),
        "benefits_payable": ("0.00", "1100.00"),
        "garnishments_payable": ("0.00", "200.00"),
    }
    assert str(entry.total_debit) == str(entry.total_credit) == "15390.55"
    assert (entry.journal_id, entry.currency, str(entry.date)) == ("GUSTO-7b1d0df1", "USD", "2026-10-20")


def test_settlement_of_the_worked_example(gusto):
    entry = gusto.generate_settlement_entry(payroll())

    assert sides(entry) == {
        "net_pay_payable": ("8512.40", "0.00"),
        "payroll_tax_payable": ("5428.15", "0.00"),
        "reimbursements_payable": ("150.00", "0.00"),
        "garnishments_payable": ("200.00", "0.00"),
        "cash": ("0.00", "14290.55"),
    }
    assert str(entry.date) == "2026-10-17"


def test_settlement_whose_parts_are_not_the_whole_is_refused(gusto):
    with pytest.raises(UnbalancedPayroll, match=r"by 0\.01"):
        gusto.generate_settlement_entry(payroll({"company_debit": "14290.56"}))


def test_taxes_of_the_company_as_a_whole_are_owed_too(gusto):
    taxes = [{"name": "Business tax", "employer": True, "amount": "12.34"}]
    totals = {"employer_taxes": "2652.89"}
    entry = gusto.generate_journal_entry(payroll(totals, company_taxes=taxes))

    assert sides(entry)["employer_tax_expense"] == ("2652.89", "0.00")
    assert sides(entry)["payroll_tax_payable"] == ("0.00", "5440.49")
    with pytest.raises(UnbalancedPayroll, match=r"by -12\.34"):
        gusto.generate_journal_entry(payroll(totals))


def test_cash_tips_are_no_expense(gusto):
    tips = [{"name": "Cash Tips", "amount": "100.00"}]
    entry = gusto.generate_journal_entry(
        payroll(
            {"gross_pay": "12100.00", "employee_cash_tips": "100.00"},
            line(gross_pay="12100.00", fixed_compensations=tips),
        )
    )

    assert sides(entry)["wages_expense"] == ("12000.00", "0.00")


def test_owners_draw_inside_of_gross_is_taken_out_of_the_wages(gusto):
    entry = gusto.generate_journal_entry(payroll({"owners_draw": "2000.00"}))

    assert sides(entry)["wages_expense"] == ("10000.00", "0.00")
    assert sides(entry)["owners_draw"] == ("2000.00", "0.00")


def test_owners_draw_beside_gross_is_a_line_of_its_own(gusto):
    entry = gusto.generate_journal_entry(
        payroll({"owners_draw": "2000.00", "net_pay": "10512.40"}, line(net_pay="10512.40"))
    )

    assert sides(entry)["wages_expense"] == ("12000.00", "0.00")
    assert sides(entry)["owners_draw"] == ("2000.00", "0.00")
    assert entry.total_debit == entry.total_credit == Decimal("17390.55")


def test_custom_withholdings_are_owed_to_somebody(gusto):
    withheld = [{"name": "Loan", "amount": "12.40"}]
    entry = gusto.generate_journal_entry(
        payroll({"net_pay": "8500.00"}, line(net_pay="8500.00", custom_withholdings=withheld))
    )

    assert sides(entry)["other_withholdings_payable"] == ("0.00", "12.40")


def test_custom_withholdings_among_other_deductions_are_not_owed_twice(gusto):
    entry = gusto.generate_journal_entry(payroll(None, line(custom_withholdings=[{"name": "Loan", "amount": "5.00"}])))

    assert "other_withholdings_payable" not in sides(entry)


@pytest.mark.parametrize("name", ["gross_pay", "net_pay", "employee_taxes", "employer_taxes", "benefits"])
def test_totals_that_disagree_are_refused_with_the_difference(gusto, name):
    wrong = str(Decimal(WORKED[name]) + Decimal("0.01"))

    with pytest.raises(
        UnbalancedPayroll, match=f"{name} of the employees is {WORKED[name]}, of the payroll {wrong}"
    ) as caught:
        gusto.generate_journal_entry(payroll({name: wrong}))
    assert caught.value.difference == Decimal("-0.01")
    assert caught.value.payroll_uuid.startswith("7b1d")
    assert caught.value.components[name] == Decimal(WORKED[name])


def test_what_does_not_add_up_is_never_plugged(gusto):
    with pytest.raises(UnbalancedPayroll) as caught:
        gusto.generate_journal_entry(payroll({"net_pay": "8512.41"}, line(net_pay="8512.41")))
    assert caught.value.difference == Decimal("0.01")
    assert "nothing was written" in caught.value.hint


def test_correction_below_nothing_changes_sides(gusto):
    totals = {**NO_MONEY, "gross_pay": "-100.00", "net_pay": "-80.00", "employee_taxes": "-20.00"}
    taxes = [{"name": "Federal", "employer": False, "amount": "-20.00"}]
    raw = {"employee_uuid": "e1", "gross_pay": "-100.00", "net_pay": "-80.00", "taxes": taxes}
    entry = gusto.generate_journal_entry(payroll(totals, raw))

    assert sides(entry) == {
        "wages_expense": ("0.00", "100.00"),
        "net_pay_payable": ("80.00", "0.00"),
        "payroll_tax_payable": ("20.00", "0.00"),
    }


def test_reversal_has_a_reference_of_its_own(gusto):
    entry = gusto.generate_journal_entry(payroll(off_cycle=True, off_cycle_reason="Reversal"))

    assert entry.journal_id == "GUSTO-7b1d0df1-R"


def test_entry_that_is_taken_back_mirrors_it(gusto):
    entry = gusto.generate_journal_entry(payroll())
    back = entry.reversed()

    assert back.journal_id == "GUSTO-7b1d0df1-R"
    assert [(each.debit, each.credit) for each in back.lines] == [(each.credit, each.debit) for each in entry.lines]
    assert back.lines != entry.lines


def test_wages_are_split_by_department(gusto):
    half = {"gross_pay": "6000.00", "net_pay": "4256.20"}
    taxes = [
        {"name": "Federal", "employer": False, "amount": "1393.80"},
        {"name": "Social Security", "employer": True, "amount": "1320.27"},
    ]
    benefits = [{"name": "Medical", "employee_deduction": "250.00", "company_contribution": "300.00"}]
    more = {
        "taxes": taxes,
        "benefits": benefits,
        "deductions": [{"amount": "100.00"}],
        "reimbursements": [{"amount": "75.00"}],
    }
    lines = [line(**half, **more, employee_uuid=one) for one in ("e1", "e2")]
    made = payroll({"employer_taxes": "2640.54"}, *lines)
    entry = gusto.generate_journal_entry(made, {"e1": "Sales"})
    wages = [(each.department, str(each.debit)) for each in entry.lines if each.account_role == "wages_expense"]

    assert wages == [("", "6000.00"), ("Sales", "6000.00")]
    assert entry.total_debit == entry.total_credit


def test_accounts_are_those_of_the_user():
    gusto = GustoConnector(
        account_map={"wages_expense": "6000", "net_pay_payable": "2100"}, journal_date="pay_period_end"
    )
    entry = gusto.generate_journal_entry(payroll())
    accounts = {each.account_role: each.account for each in entry.lines}

    assert (accounts["wages_expense"], accounts["net_pay_payable"]) == ("6000", "2100")
    assert accounts["benefits_payable"] == "Employee Benefits Payable"
    assert str(entry.date) == "2026-10-14"


def test_role_that_does_not_exist_is_told():
    with pytest.raises(ConfigError, match=r"no role 'wages' in entries; known are wages_expense, "):
        GustoConnector(account_map={"wages": "6000"})


def test_external_payrolls_are_posted_where_that_is_wanted():
    with pytest.raises(NoJournal, match="is external") as caught:
        GustoConnector().generate_journal_entry(payroll(external=True))
    assert "journal_external" in caught.value.hint
    assert GustoConnector(journal_external=True).generate_journal_entry(payroll(external=True)).lines


def test_payroll_of_a_list_alone_says_what_is_missing(gusto):
    with pytest.raises(NoJournal, match="without its employees"):
        gusto.generate_journal_entry(dataclasses.replace(payroll(), employees=None))


def test_amount_that_is_no_whole_cent_is_refused():
    with pytest.raises(Exception, match=r"no whole number of cents: 8512\.405"):
        payroll({"net_pay": "8512.405"})


@given(seed=st.integers(0, 10**12), people=st.integers(1, 12))
def test_every_payroll_balances(seed, people):
    """Whatever was paid to whom: earnings, tips, draws, taxes, benefits, garnishments, in corrections below nothing."""
    chance = random.Random(seed)
    made = generated(chance, people)
    entry = GustoConnector().generate_journal_entry(made, {f"e{number}": f"D{number % 3}" for number in range(people)})

    assert entry.total_debit == entry.total_credit
    assert all(min(each.debit, each.credit) == 0 < max(each.debit, each.credit) for each in entry.lines)
    assert all(
        amount == amount.quantize(Decimal("0.01")) for each in entry.lines for amount in (each.debit, each.credit)
    )


@given(seed=st.integers(0, 10**12), cents=st.integers(-500, 500).filter(bool))
def test_no_payroll_that_is_off_by_cents_is_posted(seed, cents):
    made = generated(random.Random(seed), 3)
    assert made.totals is not None
    name = random.Random(seed).choice(["gross_pay", "net_pay", "employer_taxes", "other_deductions", "reimbursements"])
    moved = dataclasses.replace(made.totals, **{name: getattr(made.totals, name) + Decimal(cents) / 100})

    with pytest.raises(UnbalancedPayroll) as caught:
        GustoConnector().generate_journal_entry(dataclasses.replace(made, totals=moved))
    assert caught.value.difference == -Decimal(cents) / 100


def generated(chance: random.Random, people: int) -> PayrollRun:
    """By the identities that Gusto gives: gross, net and check amount follow from the parts."""
    sums = dict.fromkeys([*WORKED, "employee_cash_tips", "owners_draw"], Decimal(0))
    lines = []
    sign = chance.choice([1, 1, 1, -1])
    for number in range(people):
        names = ("wages", "tips", "draw", "tax", "employer", "mine", "theirs", "other", "back")
        part = {name: sign * chance.choice([0, 1]) * Decimal(chance.randrange(10**7)) / 100 for name in names}
        gross = part["wages"] + part["tips"] + part["draw"]
        net = gross - part["tips"] - part["tax"] - part["mine"] - part["other"]
        found = {
            "gross_pay": gross,
            "net_pay": net,
            "employee_taxes": part["tax"],
            "employer_taxes": part["employer"],
            "employee_benefits_deductions": part["mine"],
            "benefits": part["theirs"],
            "other_deductions": part["other"],
            "reimbursements": part["back"],
            "employee_cash_tips": part["tips"],
            "owners_draw": part["draw"],
        }
        sums = {name: amount + found.get(name, 0) for name, amount in sums.items()}
        lines.append(_line(number, gross, net, part))
    return payroll({name: f"{amount:.2f}" for name, amount in sums.items()}, *lines)


def _line(number: int, gross: Decimal, net: Decimal, part: dict[str, Decimal]) -> dict[str, Any]:
    return {
        "employee_uuid": f"e{number}",
        "gross_pay": f"{gross:.2f}",
        "net_pay": f"{net:.2f}",
        "fixed_compensations": [{"name": "Cash Tips", "amount": f"{part['tips']:.2f}"}],
        "taxes": [
            {"name": "Federal", "employer": False, "amount": f"{part['tax']:.2f}"},
            {"name": "Social Security", "employer": True, "amount": f"{part['employer']:.2f}"},
        ],
        "benefits": [{"employee_deduction": f"{part['mine']:.2f}", "company_contribution": f"{part['theirs']:.2f}"}],
        "deductions": [{"name": "Garnishment", "amount": f"{part['other']:.2f}"}],
        "reimbursements": [{"amount": f"{part['back']:.2f}"}],
    }
