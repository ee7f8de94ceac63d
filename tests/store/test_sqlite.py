"""The SQLite store keeps the contract."""

from __future__ import annotations

from aragora_sync.store.sqlite import SqliteStore

from ..contract.properties import StoreProperties
from ..contract.store import StoreContract


def make(folder, clock):
    return SqliteStore(folder / "t.db", clock=clock)


class TestSqliteStore(StoreContract):
    def make(self, folder, clock):
        return make(folder, clock)


class TestSqliteStoreProperties(StoreProperties):
    def make(self, folder, clock):
        return make(folder, clock)
