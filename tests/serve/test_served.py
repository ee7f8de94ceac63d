"""What one served connector remembers between requests."""

from __future__ import annotations

import weakref
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aragora_sync.core.errors import CredentialError
from aragora_sync.serve.served import Served

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def test_trouble_with_secrets_keeps_nothing_of_the_requests_that_met_it() -> None:
    def refuse() -> Any:
        raise CredentialError("the vault is sealed.")

    served = Served("t", "bell", "bell", refuse)

    def request() -> weakref.ref[Any]:
        body: Any = type("Body", (), {})()
        with suppress(CredentialError):
            served.secrets(NOW)
        return weakref.ref(body)

    bodies = [request() for _ in range(5)]

    assert [body() is None for body in bodies[:-1]] == [True] * 4
