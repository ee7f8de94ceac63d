"""Planted secrets are found in nothing that comes out."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cli, Home

SECRET = "pl4nted-s3cret/with+signs"
LEAKY = {"box": {"needs_token": True}, "bug": {"bug": f"stumbled over {SECRET}", "items": {"a": "x"}}}
COMMANDS = [
    ["run", "-v"],
    ["run", "--json"],
    ["run", "--dry-run"],
    ["status", "-v", "--history", "5"],
    ["status", "--json", "--history", "5"],
    ["check", "-v"],
    ["check", "--json"],
    ["export"],
]


@pytest.mark.parametrize("place", ["environment", "file", "configuration", "variable"])
def test_nothing_shows_a_secret(
    home: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    options: dict[str, Any] = {}
    if place == "environment":
        monkeypatch.setenv("ARAGORA_TOY_TOKEN", SECRET)
    elif place == "file":
        (tmp_path / "token").write_text(SECRET + "\n")
        monkeypatch.setenv("ARAGORA_TOY_TOKEN_FILE", str(tmp_path / "token"))
    elif place == "configuration":
        options["credentials"] = {"TOY_TOKEN": SECRET}
    else:
        monkeypatch.setenv("MY_TOKEN", SECRET)
        options["credentials"] = {"TOY_TOKEN": "${MY_TOKEN}"}
    home.toy("blocks", LEAKY, parallel=1, **options)

    shown = ""
    for arguments in COMMANDS:
        ended = cli(*arguments)
        shown += ended.out + ended.err

    assert "the box refused ***." in shown
    assert SECRET not in shown
    assert b64encode(SECRET.encode()).decode() not in shown


def test_keys_of_documents_stay_whole_when_a_secret_has_their_name(
    home: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARAGORA_TOY_TOKEN", "connector")
    home.toy("blocks", {"box": {"needs_token": True}})

    line = cli("run", "--json").lines[0]

    assert line["connector"] == "blocks"
    assert line["errors"][0]["message"] == "the box refused ***."
