"""`aragora-sync audit`"""

from __future__ import annotations

import json
from pathlib import Path

from aragora_sync.audit import Audit, audit_path

from .conftest import Cli, Home


def trail(lines: int) -> Path:
    for number in range(lines):
        Audit(audit_path("acme"), "xero").add("read", f"GET /Invoices {number}")
    return audit_path("acme")


def test_whole_trails_are_well(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    trail(3)
    ended = cli("audit", "verify")

    assert (ended.exit_code, ended.out) == (0, "acme  ok  3 lines\n")


def test_changed_line_is_named(home: Home, cli: Cli) -> None:
    path = trail(3)
    path.write_text(path.read_text().replace("Invoices 1", "Invoices 7"))
    ended = cli("audit", "verify", "--json")

    assert ended.exit_code == 1
    (told,) = json.loads(ended.out)
    assert (told["tenant"], told["broken_at"], told["reason"]) == ("acme", 2, "it was changed")


def test_tenant_without_a_trail_is_well_and_an_unknown_one_is_not(home: Home, cli: Cli) -> None:
    home.toy("blocks")

    assert cli("audit", "verify", "--tenant", "acme").out == "acme  ok  0 lines\n"
    assert cli("audit", "verify", "--tenant", "acne").exit_code == 2
