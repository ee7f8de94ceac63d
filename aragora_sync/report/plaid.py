"""What `plaid` stores of bank accounts: the names of its items and fields."""

from __future__ import annotations

from collections.abc import Iterable

from .balances import linked_twice, worth
from .figures import Balance
from .reading import Found, Stored, currency, optional_amount

NEEDED = {"accounts": "bank balances"}  # the last parts of names of streams, of which each bank has its own
WANTED: dict[str, str] = {}
KINDS = frozenset({"account"})
REALTIME = "realtime"


def read(stored: Stored) -> Found:
    """An account as the bank told it last."""
    fields = stored.fields
    told = fields["balances"]
    return Found(
        balances=[
            Balance(
                stored.origin,
                account_id=str(fields["account_id"]),
                name=str(fields.get("name") or stored.title),
                type=str(fields["type"]),
                currency=currency(fields.get("currency")),
                current=optional_amount(told.get("current")),
                available=optional_amount(told.get("available")),
                limit=optional_amount(told.get("limit")),
                item_id=str(fields.get("item_id") or ""),
                institution=str(fields.get("institution_name") or fields.get("institution_id") or ""),
                mask=str(fields.get("mask") or ""),
                subtype=str(fields.get("subtype") or ""),
                is_realtime=fields.get("freshness") == REALTIME,
            )
        ]
    )


def settle(connector: str, found: Found, _items: Iterable[Stored]) -> None:
    """What the sums leave out, or may hold twice."""
    for one in found.balances:
        if worth(one) is None:
            found.warnings.append(
                f"{connector}: the bank does not tell the balance of {one.name} {one.mask}".rstrip() + "."
            )
    for first, second in linked_twice(found.balances):
        found.warnings.append(
            f"{connector}: {second.name} {second.mask} of {second.institution} looks like {first.account_id} linked "
            "a second time; both are counted."
        )
