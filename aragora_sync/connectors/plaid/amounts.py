"""Money as Plaid tells it: exact, from the text of the JSON to the text in the store."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ...core.changes import JSON

EMPTY: tuple[Any, ...] = (None, "", [], {})


def amount_of(told: Any) -> Decimal:
    """Exact: a number of the JSON, with a point or without."""
    return told if isinstance(told, Decimal) else Decimal(str(told))


def optional_amount(told: Any) -> Decimal | None:
    """None where the bank does not tell it, which is not zero."""
    return None if told is None else amount_of(told)


def text_of(amount: Decimal) -> str:
    """Its digits as they were told, never with an exponent."""
    return format(amount, "f")


def currency_of(raw: Mapping[str, Any]) -> str:
    """The code of ISO 4217, or the one that stands where there is none, as for BTC."""
    return raw.get("iso_currency_code") or raw.get("unofficial_currency_code") or ""


def plain(raw: Any) -> JSON:
    """A record as metadata: what is empty is left out, numbers with a point are text."""
    if isinstance(raw, Mapping):
        told = {str(name): plain(value) for name, value in raw.items()}
        return {name: value for name, value in told.items() if value not in EMPTY}
    if isinstance(raw, list):
        return [plain(each) for each in raw]
    if isinstance(raw, Decimal):
        return text_of(raw)
    return raw if raw is None or isinstance(raw, bool | int) else str(raw)
