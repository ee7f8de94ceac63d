"""What is recorded of `gusto`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aragora_sync.connectors.gusto import GustoConnector

from ..cassettes import record
from ..connectors.gusto_desk import opened_desk


def tape() -> None:
    """Two employees and payrolls of every kind; then somebody new, a draft that is processed, one that is deleted."""
    with tempfile.TemporaryDirectory() as folder, opened_desk(Path(folder)) as desk:
        ann, ben = desk.hire(2)
        for each in (ann, ben):
            desk.books.change(each, email="somebody@example.com")  # no other address is recorded
        desk.pay(-10)
        desk.pay(-40, off_cycle="Bonus")
        draft, gone = desk.pay(10, processed=False), desk.pay(24, processed=False)

        def edit() -> None:
            desk.books.change(ann, title="Chief")
            desk.books.change(desk.books.hire("Eve", "Fox"), email="somebody@example.com")
            desk.books.process(draft)
            desk.books.drop(gone)

        def make() -> GustoConnector:
            own = {"GUSTO_ACCESS_TOKEN": desk.grant.access}
            return GustoConnector(**options, base_url=here, credentials=own, parallel=1, max_retries=0)

        desk.connector().tokens.forget()
        here, options = desk.fake.url, {"history_from": "2026-01-01"}
        told = {**options, "base_url": "https://api.gusto-demo.com"}
        record("gusto", "fake", told, ["GUSTO_ACCESS_TOKEN"], make, edit, here)
