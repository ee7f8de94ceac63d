"""Gusto's official description judges what `gusto` asks and what the fake answers.

It describes version 2025-06-15, the last one that was published as a file; what newer versions changed is named here.
"""

from __future__ import annotations

from collections import Counter

import pytest

from aragora_sync.connectors.gusto import api

from ..specs import description
from .gusto_desk import opened_desk, plain_pay
from .gusto_world import Editor

pytestmark = pytest.mark.contract

# A part of the complaint, and why it is none.
NEWER = {
    "header X-Gusto-API-Version": "the description names its own version alone",
    "valid under each of": "its two forms of a token do not exclude each other",
    "is not of type 'number'": "since 2026-06-15 amounts are text",
}


@pytest.fixture
def lived(tmp_path):
    """Everything was read for the first time, unchanged, edited, deleted, and anew."""
    import random

    with opened_desk(tmp_path) as desk:
        desk.options["history_from"] = "2024-01-01"
        desk.fake.answers = []
        editor = Editor(desk, random.Random(1))
        desk.hire(110)
        desk.pay(-10, [plain_pay(each) for each in desk.books.employees])
        for _ in range(4):
            desk.sync()
            for _ in range(12):
                editor.act()
        draft = desk.pay(30, processed=False)
        desk.sync()
        desk.books.drop(draft)
        desk.fake.tick(7200)
        desk.reconcile()
        list(desk.connector().check())
        yield desk


def test_every_request_and_answer_is_described(lived):
    judge = description("gusto/gusto.openapi.yaml")
    exchanges = lived.fake.answers
    found = Counter(problem for exchange in exchanges for problem in judge.problems(*exchange))
    wrong = [problem for problem in found if not any(known in problem for known in NEWER)]

    assert len(exchanges) > 50
    assert {asked.path.split("/")[-1] for asked, _ in exchanges} >= {"employees", "payrolls", "token", "token_info"}
    assert wrong == []


def test_the_version_that_is_asked_for_is_the_one_that_the_connector_was_written_for():
    assert api.VERSION == "2026-06-15"
