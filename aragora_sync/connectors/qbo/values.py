"""Money, dates and times as the API writes them. Money is exact from the JSON text on; dates have no zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ...core.changes import JSON

CENT = Decimal("0.01")
UNTOLD = frozenset({"MetaData", "SyncToken", "domain", "sparse", "status"})  # told otherwise, or of no use to a reader


def amount(value: Any) -> Decimal:
    """A number of the API, or text of a report, where nothing is zero."""
    return Decimal(value) if value not in (None, "") else Decimal(0)


def optional_amount(value: Any) -> Decimal | None:
    """The same, where nothing stays nothing."""
    return None if value in (None, "") else Decimal(value)


def money_text(value: Decimal) -> str:
    """With two decimals at least, and never fewer than there are."""
    exponent = value.as_tuple().exponent
    plain = value.quantize(CENT) if isinstance(exponent, int) and exponent > -2 else value  # noqa: PLR2004 - cents
    return f"{plain:f}"


def in_home_currency(value: Decimal, rate: Any) -> Decimal:
    """By the rate of the transaction: home units for one foreign unit."""
    return (value * Decimal(rate)).quantize(CENT, ROUND_HALF_UP)


def day(value: Any) -> date | None:
    """A date without a zone, which stays one."""
    return date.fromisoformat(value[:10]) if value else None


def moment(text: str) -> datetime:
    """A time with its offset, in UTC; more digits than microseconds are dropped."""
    told = datetime.fromisoformat(text)
    return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)


def moment_text(value: datetime) -> str:
    """As queries and cursors have it, by the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def changed_at(raw: Mapping[str, Any]) -> datetime:
    """When somebody last changed this."""
    return moment(raw["MetaData"]["LastUpdatedTime"])


def version_of(raw: Mapping[str, Any]) -> str:
    """Tells without a look inside that nothing was changed. The balance of an account moves without a stamp."""
    balance = f"={raw['CurrentBalance']}" if "CurrentBalance" in raw else ""
    return f"{raw.get('SyncToken', '')}@{changed_at(raw).isoformat()}{balance}"


def fields(raw: Mapping[str, Any]) -> dict[str, JSON]:
    """All fields by their own names; every number as decimal text, because a float is none of these amounts."""
    return {name: _plain(value) for name, value in raw.items() if name not in UNTOLD and value is not None}


def _plain(value: Any) -> JSON:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    plain: JSON = value
    return plain


def reference(raw: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Id and name that a reference holds; empty where there is none."""
    told = raw.get(name) or {}
    return str(told.get("value") or ""), str(told.get("name") or "")
