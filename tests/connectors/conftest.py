"""Fixtures of the connectors' tests."""

from __future__ import annotations

import time

import pytest

from .shelf import Shelf

LONG_AGO = time.time_ns() + 10**13  # a clock so far ahead that no file counts as fresh


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def settled(monkeypatch):
    """Files that were written just now count as written long ago."""
    monkeypatch.setattr("aragora_sync.connectors.filesystem.time.time_ns", lambda: LONG_AGO)
