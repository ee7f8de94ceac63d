"""A store for a dry run: reads through to the real one, keeps what a run would write in memory, stores nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
