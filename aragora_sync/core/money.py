"""What all that adds up money shares."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

NOTHING = Decimal("0.00")
CENT = Decimal("0.01")


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Of none it is zero, which says that there are none; what is not known must not come here."""
    return sum(amounts, NOTHING)
