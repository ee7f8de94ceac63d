"""Stores that are open as long as somebody uses them: thousands of tenants, a handful of files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..store.sqlite import SqliteStore


@dataclass(slots=True)
class _Lent:
    store: SqliteStore
    users: int = 0


class StorePool:
    """Lends the store of a tenant to several threads; the last one makes what is new searchable, and closes it."""

    def __init__(self, open_store: Callable[[str], SqliteStore]) -> None:
        self._open = open_store
        self._lent: dict[str, _Lent] = {}
        self._changing = threading.Lock()

    @contextmanager
    def lease(self, tenant: str, should_stop: Callable[[], bool] = lambda: False) -> Iterator[SqliteStore]:
        """The store, open until the block ends."""
        with self._changing:
            if tenant not in self._lent:
                self._lent[tenant] = _Lent(self._open(tenant))
            lent = self._lent[tenant]
            lent.users += 1
        try:
            yield lent.store
            if lent.users == 1:
                lent.store.index(lambda: lent.users > 1 or should_stop())
        finally:
            with self._changing:
                lent.users -= 1
                if not lent.users:
                    del self._lent[tenant]
                    lent.store.close()
