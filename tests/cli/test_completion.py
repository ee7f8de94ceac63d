"""What the shell offers after TAB."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Cli, Home

Offered = Callable[[str], list[str]]


@pytest.fixture
def offered(home: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Offered:
    home.toy("blocks")
    home.toy("bricks", tenant="umbrella")

    def complete(line: str) -> list[str]:
        monkeypatch.setenv("_ARAGORA_SYNC_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        ended = cli()
        monkeypatch.delenv("_ARAGORA_SYNC_COMPLETE")
        assert ended.exit_code == 0
        return ended.out.split()

    return complete


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("aragora-sync s", ["schedule", "status", "search", "schema"]),
        ("aragora-sync run b", ["blocks", "bricks"]),
        ("aragora-sync run t", ["toy"]),
        ("aragora-sync run --tenant ", ["acme", "umbrella"]),
        ("aragora-sync run --tenant umbrella b", ["bricks"]),
        ("aragora-sync reset b", ["blocks", "bricks"]),
        ("aragora-sync schedule b", ["blocks", "bricks"]),
        ("aragora-sync schedule p", ["print"]),
        ("aragora-sync schedule next b", ["blocks", "bricks"]),
        ("aragora-sync connectors f", ["filesystem"]),
        ("aragora-sync search --connector bl", ["blocks"]),
        ("aragora-sync run --dry", ["--dry-run"]),
    ],
)
def test_offers(offered: Offered, line: str, offers: list[str]) -> None:
    assert offered(line) == offers


def test_broken_configuration_offers_nothing(offered: Offered, home: Home) -> None:
    home.config.write_text("tenants: [")

    assert offered("aragora-sync run b") == []


def test_script_for_the_shell_is_shown(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")

    ended = cli("--show-completion", "bash")

    assert ended.exit_code == 0
    assert "_ARAGORA_SYNC_COMPLETE" in ended.out
