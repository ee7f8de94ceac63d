"""What was once recorded is still read the same way."""

from __future__ import annotations

import pytest

from .cassettes import FOLDER, replay

RECORDED = sorted(FOLDER.glob("*/*.json"))


@pytest.mark.parametrize("description", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_recorded_runs_give_what_they_gave(description):
    for name, now, then in replay(description):
        assert now == then, name


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_each_cassette_says_where_it_comes_from(path):
    source = "live service" if path.name.startswith("live") else "fake of the suite"

    assert source in path.read_text().splitlines()[0]
