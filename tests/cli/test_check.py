"""`check`: what is well, where credentials come from, what to do."""

from __future__ import annotations

import re

import pytest

from aragora_sync.store.sqlite import store_path

from .conftest import Cli, Home


def test_all_is_well(home: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARAGORA_ACME__TOY_TOKEN", "open-sesame")
    home.toy("blocks")

    ended = cli("check")

    assert ended.exit_code == 0
    assert ended.out.splitlines()[0] == "connectors.yaml  ok  1 connector to check"
    assert re.search(r"ok  ARAGORA_TOY_TOKEN: .*ARAGORA_ACME__TOY_TOKEN\n", ended.out)
    assert f"ok  box: {home.folder}/blocks.json was opened" in ended.out
    assert not (home.folder / ".aragora").exists()


def test_missing_credential_is_a_matter_of_login(home: Home, cli: Cli) -> None:
    home.toy("blocks")

    ended = cli("check")

    assert ended.exit_code == 4
    assert "ok  ARAGORA_TOY_TOKEN: not set" in ended.out
    assert "failed  source: connector blocks of tenant acme has no TOY_TOKEN (the key of the toy box)." in ended.out
    assert "    try: export ARAGORA_ACME__TOY_TOKEN=…" in ended.out


def test_document_has_the_documented_keys(home: Home, cli: Cli) -> None:
    home.toy("blocks", credentials={"TOY_TOKEN": "open-sesame"})

    document = cli("check", "--json").document

    (connector,) = document["connectors"]
    assert set(connector) == {"tenant", "connector", "type", "ok", "checks"}
    assert set(connector["checks"][0]) == {"name", "ok", "message", "hint"}
    assert connector["ok"] is True
    assert {
        "name": "ARAGORA_TOY_TOKEN",
        "ok": True,
        "message": "credentials: of the connector",
        "hint": "",
    } in connector["checks"]


def test_what_fails_does_not_hide_the_rest(home: Home, cli: Cli) -> None:
    home.toy("blocks", credentials={"TOY_TOKEN": "open-sesame"})
    cli("run")
    (home.states / "blocks_acme.json").write_text("garbage")
    store_path(home.stores, "acme").write_bytes(b"not a database" * 100)
    (home.folder / "blocks.json").unlink()

    ended = cli("check", "-q")

    assert ended.exit_code == 1
    assert [line.split(":")[0] for line in ended.out.splitlines() if "failed" in line] == [
        "  failed  state file",
        "  failed  store",
        "  failed  box",
    ]


def test_wrong_configuration_ends_with_two(home: Home, cli: Cli) -> None:
    home.toy("blocks", colour="green")

    assert cli("check").exit_code == 2


def test_a_hook_whose_program_is_missing_is_found_before_the_night(home: Home, cli: Cli) -> None:
    page = home.folder / "page-me"
    page.write_text("#!/bin/sh\n")
    page.chmod(0o755)
    home.top["hooks"] = {"on_failure": ["/usr/local/bin/no-such-pager", "--urgent"], "on_success": [str(page)]}
    home.toy("blocks", credentials={"TOY_TOKEN": "open-sesame"})

    ended = cli("check")

    assert ended.exit_code == 2
    assert "  failed  on_failure: there is no program /usr/local/bin/no-such-pager that could be started." in ended.out
    assert f"  ok  on_success: {page} can be started" in ended.out
    assert [hook["ok"] for hook in cli("check", "--json").document["hooks"]] == [False, True]


def test_provider_that_cannot_be_loaded(home: Home, cli: Cli) -> None:
    home.top["credentials"] = {"provider": "no.such.module:Vault"}
    home.toy("blocks")

    ended = cli("check")

    assert ended.exit_code == 2
    assert "failed  credentials: credentials provider 'no.such.module:Vault'" in ended.out


def test_a_bug_in_the_check_of_one_connector_is_its_line_alone(
    home: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARAGORA_TOY_TOKEN", "0pen-sesame")
    home.toy("blocks", checks="badly")
    home.toy("marbles")

    ended = cli("check")

    assert ended.exit_code == 1
    assert "failed  source: unexpected RuntimeError; this is a bug, and the lines on stderr show where." in ended.out
    assert f"ok  box: {home.folder}/marbles.json was opened" in ended.out
    assert "RuntimeError: *** does not open the box" in ended.err
