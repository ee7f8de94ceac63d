"""The two streams of a bank: its transactions, a feed of changes, and its accounts, a short list."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed
from ...core.errors import CursorExpired
from ...core.source import KnownItems
from .api import BankApi, Raw, Update
from .items import account_item, transaction_item

logger = logging.getLogger(__name__)

KNOWN_SIZE = 1000
BROKEN = (KeyError, ValueError, TypeError, AttributeError, ArithmeticError)  # a record that is not as it should be


def read_transactions(bank: BankApi, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
    """All of an update, which counts only as a whole; then its last cursor. Nothing while Plaid has none yet."""
    update = bank.update(_position(cursor))
    if update is None:
        logger.warning("Plaid still gathers the transactions of %s; the next run reads them", bank.bank.name)
        return
    for transaction_id, raw in update.changes.items():
        if raw is not None:
            yield _transaction(transaction_id, raw, bank)
    for transaction_id in _gone(update, known):
        yield Deleted(transaction_id)
    told: dict[str, Any] = {"next_cursor": update.cursor, "historical_complete": update.historical_complete}
    yield Checkpoint(told, complete=True)


def read_accounts(bank: BankApi, *, realtime: bool) -> Iterator[Change]:
    """All accounts. A closed one is no longer listed."""
    freshness, accounts = bank.balances(realtime=realtime)
    for raw in accounts:
        account_id = raw["account_id"]
        try:
            change: Change = account_item(raw, bank.bank, freshness)
        except BROKEN as error:
            change = Failed(account_id, _unreadable(error))
        yield change
    yield Checkpoint(None, complete=True)


def _position(cursor: Cursor) -> str:
    if cursor is None:
        return ""
    if isinstance(cursor, dict) and isinstance(cursor.get("next_cursor"), str):
        return str(cursor["next_cursor"])
    raise CursorExpired("the cursor is of another version of this program.")


def _transaction(transaction_id: str, raw: Raw, bank: BankApi) -> Change:
    try:
        return transaction_item(raw, bank.bank)
    except BROKEN as error:
        return Failed(transaction_id, _unreadable(error))


def _unreadable(error: Exception) -> str:
    return f"Plaid told it in a form that cannot be read: {type(error).__name__}: {error}"


def _gone(update: Update, known: KnownItems) -> Iterator[str]:
    """What is stored of that which went. What came and went between two runs was never here."""
    gone = [transaction_id for transaction_id, raw in update.changes.items() if raw is None]
    for first in range(0, len(gone), KNOWN_SIZE):
        page: Sequence[str] = gone[first : first + KNOWN_SIZE]
        there = known.get(page)
        yield from (transaction_id for transaction_id in page if transaction_id in there)
