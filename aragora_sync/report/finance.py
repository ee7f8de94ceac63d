"""Receivables, bank balances and payroll of a tenant in one dated document, from what was synced already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

from ..core.money import total
from ..store.base import Store
from .aging import age, is_later
from .balances import bank_balances, book_cash, cash
from .figures import EXACT, Section, money, sorted_keys
from .payroll import summarize
from .reading import Found
from .sources import Read, Source, read_source

SCHEMA = "aragora.financial_context/1"
SECTIONS = {  # what each is made of
    "ar_aging": ("qbo", "xero"),
    "bank_balances": ("plaid",),
    "book_cash": ("qbo",),
    "payroll": ("gusto",),
}
CALLED = {"ar_aging": "receivables", "bank_balances": "bank balances", "payroll": "costs of payroll"}
TENTH = Decimal("0.1")
OF_THE_READING = frozenset(
    {"digest", "fetched_at", "source_time", "sources", "warnings"}
)  # what may change while no figure does


def financial_context(store: Store, tenant: str, sources: Iterable[Source], as_of: date) -> Section:
    """The document of a day. Nothing is asked of any source; what is not known is null, and told as a warning."""
    return document(tenant, as_of, [read_source(store, source, as_of) for source in sources])


def document(tenant: str, as_of: date, reads: Sequence[Read], payroll: Section | None = None) -> Section:
    """Of whatever was read. The same figures give the same text, and the same `digest` whenever they were fetched.

    `payroll`: summaries by currency that somebody else made.
    """
    with localcontext(EXACT):
        return _document(tenant, as_of, reads, payroll)


def _document(tenant: str, as_of: date, reads: Sequence[Read], payroll: Section | None) -> Section:
    found = Found()
    for read in reads:
        found.add(read.found)
    ready = {
        name: [read for read in reads if read.is_there and read.source.type in of] for name, of in SECTIONS.items()
    }
    bodies = {
        "ar_aging": {"by_currency": age(found.receivables, as_of)},
        "bank_balances": bank_balances(found.balances),
        "book_cash": {"by_currency": book_cash(found.books, found.balances)},
        "payroll": {"by_currency": summarize(found.payrolls, as_of) if payroll is None else payroll},
    }
    sections = {name: {**_sources(ready[name]), **body} if ready[name] else None for name, body in bodies.items()}
    sections["book_cash"] = sections["book_cash"] if found.books else None
    currencies = sorted({each for body in bodies.values() for each in body["by_currency"]})
    told: Section = {
        "schema": SCHEMA,
        "tenant": tenant,
        "as_of": as_of.isoformat(),
        "base_currency": currencies[0] if len(currencies) == 1 else None,
        **sections,
        "derived": derived(found, sections),
        "warnings": [*_missing(reads, sections), *found.warnings, *_left_out(found, currencies, as_of)],
    }
    return dict(sorted_keys({**told, "digest": digest(told)}))


def digest(document: Section) -> str:
    """Of the figures and their items; moves only when one of them does."""
    text = json.dumps(_figures(document), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def derived(found: Found, sections: Section) -> Section:
    """What follows from several figures; each names those that it comes from."""
    return {
        "ar_overdue_pct": _overdue(sections["ar_aging"]),
        "runway_weeks": _runway(found, sections["payroll"]),
        "next_payroll_cash_need": _next_need(sections["payroll"]),
    }


def _overdue(aging: Section | None) -> Section:
    """Of what is invoiced and not paid, how much is overdue, in percent."""
    percents: Section = {}
    for currency, report in (aging or {"by_currency": {}})["by_currency"].items():
        invoiced = Decimal(report["invoiced"])
        if invoiced:
            place = f"ar_aging.by_currency.{currency}"
            percents[currency] = {
                "value": _tenths(100 * Decimal(report["overdue"]) / invoiced),
                "of": [f"{place}.overdue", f"{place}.invoiced"],
            }
    return percents


def _runway(found: Found, payroll: Section | None) -> Section:
    """For how many weeks of payroll, as the last 13 weeks had it, the cash would do."""
    weeks: Section = {}
    for currency, summary in (payroll or {"by_currency": {}})["by_currency"].items():
        there, week = cash(found.balances, currency), summary["usual_week"]
        if there is not None and week and (debit := Decimal(week["debit"])):
            weeks[currency] = {
                "value": _tenths(there / debit),
                "of": [
                    f"bank_balances.by_currency.{currency}.cash",
                    f"payroll.by_currency.{currency}.usual_week.debit",
                ],
            }
    return weeks


def _next_need(payroll: Section | None) -> Section:
    """What the next payroll will take from the bank, by the mean of the last ones."""
    planned = {
        currency: summary["next_unprocessed"]
        for currency, summary in (payroll or {"by_currency": {}})["by_currency"].items()
        if summary["next_unprocessed"]
    }
    return {
        currency: {
            "value": each["estimate"],
            "of": [f"payroll.by_currency.{currency}.next_unprocessed.estimate"],
        }
        for currency, each in planned.items()
    }


def _sources(reads: Sequence[Read]) -> Section:
    """Which connectors a section is of; it is as old as the oldest of them."""
    times = [read.fetched_at for read in reads if read.fetched_at is not None]
    return {
        "source": "+".join(sorted({read.source.type for read in reads})),
        "fetched_at": _iso(min(times)) if times else None,
        "sources": [
            {"connector": read.source.connector, "type": read.source.type, "fetched_at": _iso(read.fetched_at)}
            for read in sorted(reads, key=lambda read: read.source.connector)
        ],
    }


def _missing(reads: Sequence[Read], sections: Section) -> list[str]:
    """What is not known at all, and which connector would tell it."""
    there = {read.source.type for read in reads}
    return [
        f"no {' or '.join(SECTIONS[name])} connector: {called} are not known."
        if not there.intersection(SECTIONS[name])
        else f"{called} are not known: {' or '.join(SECTIONS[name])} was not read yet."
        for name, called in CALLED.items()
        if sections[name] is None
    ]


def _left_out(found: Found, currencies: Sequence[str], as_of: date) -> list[str]:
    later = [one for one in found.receivables if one.open and is_later(one, as_of)]
    told = []
    for currency in sorted({one.currency for one in later}):
        amount = money(total(one.open for one in later if one.currency == currency))
        told.append(f"receivables dated after {as_of} are left out: {amount} {currency}.")
    if len(currencies) > 1:
        told.append(f"there are several currencies, {', '.join(currencies)}; nothing is converted.")
    return told


def _figures(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _figures(each) for key, each in value.items() if key not in OF_THE_READING}
    return [_figures(each) for each in value] if isinstance(value, list) else value


def _tenths(value: Decimal) -> str:
    return f"{value.quantize(TENTH, ROUND_HALF_EVEN):f}"


def _iso(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"
