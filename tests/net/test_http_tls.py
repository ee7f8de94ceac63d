"""Encryption: whom it trusts, and what it says where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aragora_sync.core.errors import SourceError, TransientError
from aragora_sync.net import http as net_http
from aragora_sync.net.http import Http
from aragora_sync.net.trouble import TRUST

from ..fakes.web import Answer, Asked, FakeService, running
from ..servers.certificates import make_certificates
from .clock import patient


class Hello(FakeService):
    def answer(self, asked: Asked) -> Answer:
        return Answer(body={"hello": "you"})


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch) -> Iterator[Path]:
    """A folder with those of a server, signed by an authority nobody knows."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    make_certificates(tmp_path, "localhost")
    net_http._trust.cache_clear()
    with patient():
        yield tmp_path
    net_http._trust.cache_clear()


def ask(address: str) -> object:
    http = Http(address, place="Hello")
    try:
        return http.get("/").body
    finally:
        http.close()


def test_an_authority_nobody_knows_is_not_trusted(certificates):
    with running(Hello(), certificates) as hello:
        with pytest.raises(SourceError, match=r"the certificate of 127\.0\.0\.1 is not trusted") as caught:
            ask(hello.url)
        assert hello.asked == []

    assert caught.value.hint == TRUST
    assert not isinstance(caught.value, TransientError)  # asking again changes nothing


def test_an_authority_that_is_named_is_trusted(certificates, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "authority.crt"))
    with running(Hello(), certificates) as hello:
        assert ask(hello.url) == {"hello": "you"}


def test_https_to_a_server_without_it(certificates):
    with running(Hello()) as hello, pytest.raises(SourceError, match="does not speak TLS"):
        ask(hello.url.replace("http", "https"))


def test_a_name_that_nobody_has(certificates, monkeypatch):
    import socket

    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(TransientError, match=r"there is no host api\.example\.invalid, or no network"):
        ask("https://api.example.invalid")
