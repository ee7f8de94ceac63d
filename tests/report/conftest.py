"""A tenant's store for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path)
    yield ledger
    ledger.close()
