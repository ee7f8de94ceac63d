"""Money as Gusto tells it: exact from the text of the JSON on, in whole cents of US dollars."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ...core.changes import JSON
from ...core.errors import SourceError
from ...core.money import CENT, NOTHING

CURRENCY = "USD"


def amount_of(raw: Any) -> Decimal:
    """Exact, with two digits after the point; what is not told is nothing. Old versions of the API told numbers."""
    if raw is None:
        return NOTHING
    told = _exact(raw)
    try:
        amount = told.quantize(CENT)
    except InvalidOperation as error:
        raise SourceError(f"Gusto told {raw!r} where an amount was expected.") from error
    if amount != told:
        raise SourceError(f"Gusto told an amount that is no whole number of cents: {raw}.")
    return amount


def optional_rate(raw: Any) -> Decimal | None:
    """Exact, with as many digits as it has: a rate an hour need not be of whole cents."""
    return None if raw in (None, "") else _exact(raw)


def _exact(raw: Any) -> Decimal:
    try:
        return Decimal(str(raw))
    except InvalidOperation as error:
        raise SourceError(f"Gusto told {raw!r} where an amount was expected.") from error


def plain(raw: Any) -> JSON:
    """As metadata: the fields by their own names, amounts as text."""
    if isinstance(raw, Mapping):
        return {name: plain(value) for name, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [plain(each) for each in raw]
    if raw is None or isinstance(raw, bool | str):
        return raw
    return str(amount_of(raw))
