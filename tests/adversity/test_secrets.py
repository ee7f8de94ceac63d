"""Secrets planted in every place of a credential are found in nothing that the program leaves behind."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from .desk import Desk, letters

SECRET = "pl4nted-s3cret/with+signs"
FORMS = [SECRET, b64encode(SECRET.encode()).decode(), "pl4nted-s3cret%2Fwith%2Bsigns", SECRET.encode().hex()]
COMMANDS = [
    ["run", "-v"],
    ["run", "--json", "--full"],
    ["status", "-v", "--history", "5"],
    ["check", "--json"],
    ["export"],
]


def planted(desk: Desk, place: str) -> tuple[dict[str, Any], dict[str, str], Path | None]:
    """Options of the connector and variables that hold the secret, and the file that does, if one does."""
    if place == "environment":
        return {}, {"ARAGORA_ACME__GATE_TOKEN": SECRET}, None
    if place == "file":
        path = desk.folder / "token"
        path.write_text(SECRET + "\n")
        return {}, {"ARAGORA_GATE_TOKEN_FILE": str(path)}, path
    if place == "systemd":
        path = desk.folder / "systemd" / "ARAGORA_GATE_TOKEN"
        path.parent.mkdir()
        path.write_text(SECRET)
        return {}, {"CREDENTIALS_DIRECTORY": str(path.parent)}, path
    return {"credentials": {"GATE_TOKEN": SECRET}}, {}, desk.config


@pytest.mark.parametrize("place", ["environment", "file", "systemd", "configuration"])
def test_secret_is_found_nowhere(desk: Desk, place: str) -> None:
    options, environment, holder = planted(desk, place)
    desk.gate(boxes={"box": {"items": letters(2), "needs_token": True}}, **options)
    world = desk.folder / "gate.json"
    shown = ""
    for arguments in COMMANDS:
        ended = desk.run(*arguments, environment=environment)
        shown += ended.out + ended.err

    assert "the gate refused ***." in shown
    left = {name: content for name, content in desk.files().items() if desk.folder / name not in (holder, world)}
    for form in FORMS:
        assert form not in shown
        assert [name for name, content in left.items() if form.encode() in content] == []
    assert json.loads((desk.states / "gate_acme.json").read_text())["errors"] == ["box: the gate refused ***."]


def test_secret_in_a_traceback_is_masked(desk: Desk) -> None:
    boxes = {"asks": {"items": {}, "needs_token": True}, "bug": {"items": {}, "bug": f"stumbled over {SECRET}"}}
    desk.gate(boxes=boxes, parallel=1)
    run = desk.run("run", environment={"ARAGORA_GATE_TOKEN": SECRET})

    assert "RuntimeError: stumbled over ***" in run.err
    assert SECRET not in run.out + run.err
    assert b"pl4nted" not in b"".join(content for name, content in desk.files().items() if name != "gate.json")


def test_credential_that_may_not_be_read_is_named_without_its_content(desk: Desk) -> None:
    path = desk.folder / "token"
    path.write_text(SECRET)
    path.chmod(0)
    desk.gate(boxes={"box": {"items": {}, "needs_token": True}})
    run = desk.run("run", environment={"ARAGORA_GATE_TOKEN_FILE": str(path)}, humble=True)

    assert run.exit_code in (2, 4)
    assert "ARAGORA_GATE_TOKEN_FILE" in run.out
    assert "  try: " in run.out
    assert "Traceback" not in run.err


def test_missing_credential_needs_a_login_and_names_every_place(desk: Desk) -> None:
    desk.gate(boxes={"box": {"items": {}, "needs_token": True}})
    run = desk.run("run")

    assert run.exit_code == 4
    assert "connector gate of tenant acme has no GATE_TOKEN (the key of the gate)." in run.out
    assert "try: export ARAGORA_ACME__GATE_TOKEN=…" in run.out
