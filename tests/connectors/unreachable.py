"""What every connector over HTTP says of a place that cannot be asked: imported by the tests of its troubles."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aragora_sync.engine.result import Status

from ..servers.strange import shaking_hands

__all__ = [
    "test_address_that_does_not_speak_tls",
    "test_certificate_that_is_not_trusted_is_told",
    "test_host_that_is_not_there",
    "test_port_where_nobody_listens",
]


def told_at(desk: Any, scheme: str, host: str = "") -> tuple[Status, str, str]:
    """What all streams say alike where the service is looked for there; what is stored is kept."""
    own, held = urlsplit(desk.connector().base_url), desk.items()
    desk.options["base_url"] = own._replace(scheme=scheme, netloc=host or own.netloc).geturl()
    result = desk.sync()
    assert desk.items() == held
    ((message, hint),) = {(error.message, error.hint) for error in result.stream_errors}
    return result.status, message, hint


def test_host_that_is_not_there(desk: Any) -> None:
    status, message, hint = told_at(desk, "https", "no.such.host.invalid")

    assert status is Status.TRY_LATER
    assert message == "there is no host no.such.host.invalid, or no network."
    assert "base_url" in hint


def test_port_where_nobody_listens(desk: Any) -> None:
    status, message, _ = told_at(desk, "http", "127.0.0.1:9")

    assert status is Status.TRY_LATER
    assert "could not be reached" in message


def test_certificate_that_is_not_trusted_is_told(desk: Any, tmp_path: Path) -> None:
    with shaking_hands(tmp_path) as port:
        status, message, hint = told_at(desk, "https", f"127.0.0.1:{port}")

    assert status is Status.FAILED
    assert message.startswith("the certificate of 127.0.0.1 is not trusted")
    assert "SSL_CERT_FILE" in hint


def test_address_that_does_not_speak_tls(desk: Any) -> None:
    status, message, _ = told_at(desk, "https")

    assert status is Status.FAILED
    assert "does not speak TLS" in message
