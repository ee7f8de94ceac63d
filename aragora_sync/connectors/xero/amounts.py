"""Money and other numbers as Xero tells them: exact, from the text of the JSON to the text in the store."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from ...core.changes import JSON
from .moments import day_of, from_xero_date, is_xero_date, moment_text

Amount: TypeAlias = "Decimal | int | str | float"

COUNTS = frozenset({"Day"})  # numbers that are no amounts
OF_ANSWERS = frozenset(  # what belongs to an answer, not to the record in it
    {"HasErrors", "HasValidationErrors", "StatusAttributeString", "ValidationErrors", "Warnings"}
)
NOTHING = Decimal(0)


def amount_of(value: Amount | None) -> Decimal:
    """Exact. A float is what its shortest text says: 0.1 is one tenth. Nothing is 0."""
    if value is None:
        return NOTHING
    return value if isinstance(value, Decimal) else Decimal(str(value))


def optional_amount(value: Amount | None) -> Decimal | None:
    return None if value is None else amount_of(value)


def text_of(amount: Decimal) -> str:
    """Its digits as they were told, never with an exponent."""
    return format(amount, "f")


def plain(raw: Any, name: str = "") -> JSON:
    """A record as metadata: the fields by their own names, amounts and times as text. Days stay days."""
    if isinstance(raw, Mapping):
        return {key: plain(value, key) for key, value in raw.items() if not _is_double(key, raw)}
    if isinstance(raw, list):
        return [plain(each, name) for each in raw]
    if isinstance(raw, bool) or raw is None:
        return raw
    if isinstance(raw, int | Decimal):
        return int(raw) if name in COUNTS else text_of(Decimal(raw))
    if is_xero_date(raw):
        return moment_text(from_xero_date(raw)) if name.endswith("UTC") else day_of(raw).isoformat()
    return str(raw)


def _is_double(key: str, raw: Mapping[str, Any]) -> bool:
    """Whether it says again what another field says, or nothing about the record."""
    return key in OF_ANSWERS or (key.endswith("String") and key.removesuffix("String") in raw)
