"""The real program on a company, killed at random moments: afterwards a reconcile makes both equal.

Each run begins with an access token that has ended, so that kills also hit its renewal.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aragora_sync.auth.tokens import Tokens
from aragora_sync.connectors.gusto import GustoConnector
from aragora_sync.core.clock import utc_now

from ..connectors.gusto_desk import OWN, GustoDesk
from ..connectors.gusto_world import Editor, stored_state
from ..fakes.gusto import FakeGusto
from ..fakes.web import running
from ..net.clock import PatientClock
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

EMPLOYEES, PAYROLLS, EDITS = 220, 60, 25
SPAN = {"earliest": 0.5, "latest": 1.8}  # seconds


class Stored(NamedTuple):
    kind: str
    metadata: str


class CompanyDesk(KillDesk):
    """A company that is edited in every way of which its lists tell."""

    reports_deletes = False

    def __init__(self, folder: Path, seed: int, fake: FakeGusto) -> None:
        super().__init__(folder, seed)
        self.fake = fake
        fake.now = utc_now()
        fake.begin_anew()
        self.editor = Editor(GustoDesk(folder, fake, PatientClock(fake)), self.random)
        for _ in range(EMPLOYEES):
            self.editor.hire()
        for number in range(PAYROLLS):
            self.editor.pay(-10 * number)
        grant = fake.consent()
        made = GustoConnector(connector_id="killed", **self.connector_options())
        made.tokens.begin(Tokens(grant.access, grant.refresh, grant.ends_at, "", {"company_id": fake.books.uuid}))
        made.close()

    def connector_options(self) -> dict[str, Any]:
        where = {"base_url": self.fake.url, "history_from": "2024-06-01"}
        return {**where, "credentials": OWN, "token_file": True, "retry_delay": 0}

    def connector(self) -> dict[str, Any]:
        return {"type": "gusto", **self.connector_options()}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        for grant in self.fake.grants:
            grant.ends_at = self.fake.now
        return super().start(*arguments)

    def edit(self) -> None:
        self.editor.number += 1000
        edited = self.editor
        acts = [edited.hire, edited.change, edited.leave, edited.remove, edited.pay]
        acts += [edited.process, edited.cancel, edited.correct, edited.drop]
        for _ in range(EDITS):
            self.random.choice(acts)()

    def source(self) -> dict[str, str]:
        return self.editor.expected()

    def stored(self) -> dict[str, str]:
        with contextlib.closing(self.open_store()) as db:
            rows = db.execute("SELECT id, kind, metadata FROM items").fetchall()
        assert len(rows) == len({row[0] for row in rows})
        return {item_id: stored_state(Stored(kind, metadata)) for item_id, kind, metadata in rows}


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGusto]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with running(FakeGusto()) as gusto:
        yield gusto
    assert gusto.refusals == 0, "a refresh token was used up"


@pytest.mark.parametrize("seed", range(FEW))
def test_killed_runs_lose_and_double_nothing(tmp_path, fake, seed):
    CompanyDesk(tmp_path, seed, fake).kill_and_compare(1, **SPAN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_nothing(tmp_path, fake, seed):
    CompanyDesk(tmp_path, seed, fake).kill_and_compare(share_of(soak_size(12, 200)), **SPAN)
