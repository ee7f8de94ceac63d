"""What is recorded of `plaid`."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

from aragora_sync.connectors.plaid import PlaidConnector

from ..cassettes import record
from ..connectors.plaid_desk import KEYS, opened_desk


def tape() -> None:
    """Two accounts, and transactions on several pages; then one is posted, one edited, one removed, one new."""
    with tempfile.TemporaryDirectory() as folder, opened_desk(Path(folder)) as desk:
        bank, item = desk.bank, desk.item
        card = bank.open_account(item, "Credit Card", type="credit", subtype="credit card", limit=Decimal("2000"))
        pending = bank.spend(item, "4.50", "COFFEE 12", pending=True)
        wrong, gone = bank.spend(item, "89.40", "SPARKFUN"), bank.spend(item, "500", "UNITED AIRLINES", account=card)
        bank.spend(item, "-4.22", "INTRST PYMNT")
        desk.fake.page_size = 3

        def edit() -> None:
            bank.post(item, pending)
            bank.edit(item, wrong, amount=Decimal("98.40"))
            bank.remove(item, gone)
            bank.spend(item, "12.34", "UBER 072515 SF")

        def make() -> PlaidConnector:
            tokens = {**KEYS, "PLAID_ACCESS_TOKEN": item.access_token}
            return PlaidConnector(**options, base_url=here, credentials=tokens, parallel=1, max_retries=0)

        (Path.home() / ".aragora" / "tokens" / "plaid_default.json").unlink()
        here, options = desk.fake.url, {"environment": "sandbox"}
        told = {**options, "base_url": "https://sandbox.plaid.com"}
        record("plaid", "fake", told, [*KEYS, "PLAID_ACCESS_TOKEN"], make, edit, here)
