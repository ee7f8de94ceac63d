"""Two programs that share a store, each with connectors of its own."""

from __future__ import annotations

from aragora_sync.cli.beside import Webhooks
from aragora_sync.cli.common import Asked
from aragora_sync.cli.foreground import Turns
from aragora_sync.cli.planned import Plan
from aragora_sync.core.hints import Hint

from .conftest import Home


def test_what_came_for_a_connector_of_another_program_waits_for_that_one(home: Home) -> None:
    home.toy("blocks")
    home.toy("marbles", tenant="umbrella")
    webhooks = Webhooks(Plan(Asked(tenant="acme")), "127.0.0.1:0", Turns())

    assert not webhooks._handle("umbrella", "marbles", (Hint(),))
    assert not webhooks._handle("acme", "gone", (Hint(),))
    webhooks.stop()
