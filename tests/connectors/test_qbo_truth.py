"""QuickBooks' official schemas judge what the fake tells `qbo`; what it asks for is what the vendor's file shows."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from ..qbo_schema import schema
from .qbo_desk import opened_desk
from .qbo_world import Editor

pytestmark = pytest.mark.contract

QUERY = re.compile(
    r"SELECT \* FROM \w+( WHERE (Active IN \(true,false\)|MetaData\.LastUpdatedTime >= '[\dT:-]+Z')"
    r"( AND MetaData\.LastUpdatedTime >= '[\dT:-]+Z')?)? ORDERBY MetaData\.LastUpdatedTime "
    r"STARTPOSITION \d+ MAXRESULTS 1000"
)


@pytest.fixture
def lived(tmp_path):
    """Every kind of thing was read for the first time, unchanged, edited, deleted, and anew."""
    import random

    with opened_desk(tmp_path) as desk:
        desk.fake.answers = []
        editor = Editor(desk.fake, random.Random(3))
        desk.sync()
        desk.sync()
        for _ in range(60):
            editor.edit()
        desk.sync()
        desk.later(days=31)
        desk.sync()
        desk.reconcile()
        list(desk.connector().check())
        yield desk


def told(desk):
    """What was answered by the API, without faults."""
    for asked, answer in desk.fake.answers:
        if asked.path.startswith("/v3/") and answer.status == 200:
            yield asked, json.loads(answer.content, parse_float=Decimal)


def test_everything_that_is_read_is_as_the_schemas_have_it(lived):
    judge, found, seen = schema(), [], 0
    for _, body in told(lived):
        parts = body.get("CDCResponse", [{"QueryResponse": [body.get("QueryResponse", {})]}])[0]["QueryResponse"]
        for part in parts:
            for kind, rows in part.items():
                for row in rows if isinstance(rows, list) else []:
                    seen += 1
                    found += [] if row.get("status") == "Deleted" else judge.thing(kind, row)

    assert seen > 50
    assert found == []


def test_everything_that_is_asked_for_is_as_the_vendor_shows_it(lived):
    asked = [each for each, _ in told(lived)]

    assert {each.query["minorversion"] for each in asked} == {"75"}
    assert all(each.headers["accept"] == "application/json" for each in asked)
    assert all(QUERY.fullmatch(each.query["query"]) for each in asked if each.path.endswith("/query"))
    assert all(re.fullmatch(r"[\dT:-]+Z", each.query["changedSince"]) for each in asked if each.path.endswith("/cdc"))
