"""What `gusto` answers to programs and what the document says of its items are the same figures, for any payrolls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.connectors.gusto import PayrollRun, summarize
from aragora_sync.connectors.gusto.items import employee_item, payroll_item
from aragora_sync.core.changes import Item
from aragora_sync.report import gusto
from aragora_sync.report.figures import Origin
from aragora_sync.report.payroll import summarize as section_of
from aragora_sync.report.reading import Found, Stored

YEAR = 2026
LAST_DAY = date(YEAR, 12, 31)
PEOPLE = ("e1", "e2", "e3")
UUIDS = ("p0", "p1", "p2", "p3", "p4")
TOTALS = (
    *("company_debit", "reimbursements", "net_pay", "gross_pay", "employee_cash_tips", "employer_taxes"),
    *("employee_taxes", "benefits", "employee_benefits_deductions", "other_deductions"),
)
amounts = st.integers(-(10**9), 10**9).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
lines = st.fixed_dictionaries(
    {
        "employee_uuid": st.sampled_from(PEOPLE),
        "excluded": st.booleans(),
        "gross_pay": amounts,
        "net_pay": amounts,
        "fixed_compensations": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["Cash Tips", "Bonus"]), "amount": amounts}), max_size=2
        ),
        "taxes": st.lists(
            st.fixed_dictionaries({"name": st.just("Tax"), "employer": st.booleans(), "amount": amounts}), max_size=2
        ),
        "benefits": st.lists(
            st.fixed_dictionaries({"employee_deduction": amounts, "company_contribution": amounts}), max_size=1
        ),
        "reimbursements": st.lists(st.fixed_dictionaries({"amount": amounts}), max_size=1),
    }
)
details = st.fixed_dictionaries(
    {
        "check_date": st.dates(date(YEAR - 1, 9, 1), date(YEAR + 1, 3, 1)).map(date.isoformat),
        "processed": st.booleans(),
        "off_cycle": st.booleans(),
        "external": st.booleans(),
        "totals": st.none() | st.fixed_dictionaries(dict.fromkeys(TOTALS, amounts)),
        "reversal_payroll_uuids": st.lists(st.sampled_from([*UUIDS, "elsewhere"]), max_size=2, unique=True),
        "payroll_deadline": st.just(f"{YEAR}-12-29T23:00:00Z"),
        "employee_compensations": st.lists(lines, max_size=3),
    }
)
employees = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(["Sales", "Kitchen", None]))


def stored(item: Item) -> Stored:
    return Stored(Origin("gusto", item.id), item.kind, item.title, item.metadata)


def of_the_report(items: list[Item], as_of: date) -> dict[str, Any]:
    found, those = Found(), [stored(each) for each in items]
    for one in those:
        found.add(gusto.read(one))
    gusto.settle("gusto", found, those)
    return section_of(found.payrolls, as_of)["USD"]


def without_items(value: Any) -> Any:
    """The summary of a program does not name items."""
    if isinstance(value, Mapping):
        return {name: without_items(each) for name, each in value.items() if name != "items"}
    return [without_items(each) for each in value] if isinstance(value, list) else value


@given(st.lists(details, min_size=1, max_size=len(UUIDS)), employees)
def test_summary_of_a_year_is_the_section_of_its_last_day(
    told: list[dict[str, Any]], departments: dict[str, str | None]
) -> None:
    raws = [{"payroll_uuid": uuid, **raw} for uuid, raw in zip(UUIDS, told, strict=False)]
    people = [{"uuid": uuid, "first_name": uuid, "department": name} for uuid, name in departments.items()]
    runs = [PayrollRun.read(raw) for raw in raws]
    at = datetime.combine(LAST_DAY, time(), UTC)
    summary = summarize(YEAR, runs, {uuid: name or "" for uuid, name in departments.items()}, at).document()
    section = of_the_report([payroll_item(raw, "v") for raw in raws] + [employee_item(raw) for raw in people], LAST_DAY)

    assert summary.pop("source_time") == at.isoformat()
    assert section.pop("as_of") == LAST_DAY.isoformat()
    assert summary == without_items(section)
