"""Vault that is sealed, gone, slow, untrusted, or no Vault at all; and secrets that nobody may see."""

from __future__ import annotations

import socket
import sys
import traceback
from pathlib import Path

import certifi
import pytest

from aragora_sync.auth.vault import VaultCredentialProvider
from aragora_sync.core.errors import AragoraSyncError, ConfigError, CredentialError, TransientError

from ..servers.bao import READ, running_bao
from ..servers.binaries import free_port
from ..servers.strange import running_stranger


def failure(provider, key="TOY_TOKEN"):
    with pytest.raises(AragoraSyncError) as caught:
        provider.get_credential(key)
    return caught.value


class TestTrouble:
    def test_sealed_is_a_matter_of_time(self, bao_of_its_own, vault):
        provider = vault(vault_addr=bao_of_its_own.address)
        provider.get_credential("TOY_TOKEN")
        bao_of_its_own.seal()
        error = failure(provider)

        assert type(error) is TransientError
        assert error.message == f"Vault at {bao_of_its_own.address.removeprefix('http://')} is sealed."
        assert error.hint == "vault operator unseal, then: aragora-sync check"

    @pytest.mark.integration
    @pytest.mark.parametrize("way", [{"vault_token": "x"}, {"role_id": "x", "secret_id": "y"}])
    def test_sealed_from_the_start_is_one_too(self, bao_of_its_own, vault, way):
        bao_of_its_own.seal()

        assert failure(vault(vault_addr=bao_of_its_own.address, **way)).message.endswith(" is sealed.")

    def test_unreachable_is_a_matter_of_time(self, vault):
        error = failure(vault(vault_addr=f"http://127.0.0.1:{free_port()}"))

        assert type(error) is TransientError
        assert error.message.endswith(" cannot be reached: Connection refused.")
        assert error.hint == "aragora-sync check, which tells when it answers again"

    @pytest.mark.integration
    def test_stopped_between_two_questions_is_one_too(self, bao_of_its_own, vault):
        provider = vault(vault_addr=bao_of_its_own.address)
        provider.get_credential("TOY_TOKEN")
        bao_of_its_own.process.terminate()
        bao_of_its_own.process.wait(10)

        assert type(failure(provider)) is TransientError

    def test_without_an_answer_is_given_up(self, vault):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            error = failure(vault(vault_addr=f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2))

        assert type(error) is TransientError
        assert error.message.endswith(" cannot be reached: it does not answer in time.")

    @pytest.mark.parametrize("status", [200, 404])
    def test_of_something_else_is_said(self, vault, status):
        with running_stranger(status, "<h1>Welcome</h1>") as address:
            error = failure(vault(vault_addr=address))

        assert type(error) is ConfigError
        assert error.message == f"what answers as Vault at {address.removeprefix('http://')} is no Vault."
        assert error.hint == "check the option 'vault_addr' or VAULT_ADDR"

    @pytest.mark.parametrize("status", [429, 472, 500, 502, 503])
    def test_of_the_server_is_a_matter_of_time(self, vault, status):
        with running_stranger(status, '{"errors": ["local node not active"]}', "application/json") as address:
            error = failure(vault(vault_addr=address))

        assert type(error) is TransientError
        assert "local node not active" in error.message

    def test_of_a_missing_package_says_how_to_install_it(self, vault, monkeypatch):
        monkeypatch.setitem(sys.modules, "hvac", None)
        error = failure(vault())

        assert type(error) is ConfigError
        assert error.message == "credentials provider vault needs the package hvac, which is not installed."
        assert error.hint == "pip install 'aragora-sync[vault]'"

    @pytest.mark.integration
    def test_with_the_certificate_is_one_for_a_person(self, vault, tmp_path, monkeypatch):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())  # what is configured goes before it
        with running_bao("-dev-tls", f"-dev-tls-cert-dir={tmp_path}") as bao:
            error = failure(vault(vault_addr=bao.address))
            missing = failure(vault(vault_addr=bao.address, ca_file=tmp_path / "none.pem"))
            trusted = [
                vault(vault_addr=bao.address, ca_file=authority(tmp_path)),
                vault(vault_addr=bao.address, environ={"VAULT_CACERT": str(authority(tmp_path))}),
            ]

            assert [provider.get_credential("TOY_TOKEN") for provider in trusted] == [None, None]
        assert type(error) is CredentialError
        assert "shows a certificate that is not trusted: " in error.message
        assert error.hint == "name the certificates that it descends from with the option 'ca_file' or VAULT_CACERT"
        assert type(missing) is ConfigError
        assert missing.hint == "check the option 'ca_file'"


class TestOptions:
    def test_say_everything_that_is_wrong(self):
        with pytest.raises(ConfigError) as caught:
            VaultCredentialProvider("http://vault.example", timeout=60, mnt="x", environ={})

        assert caught.value.problems == [
            "option 'timeout' must be at most 30",
            "unknown option 'mnt'; did you mean 'mount'?",
        ]

    @pytest.mark.parametrize(
        "address",
        [
            "vault.example",
            "ftp://vault.example",
            "https://",
            "https://user:hush@vault.example",
            "https://v:port",
            "http://vault.example",
        ],
    )
    def test_want_an_address_that_nobody_overhears(self, address):
        with pytest.raises(ConfigError) as caught:
            VaultCredentialProvider(address, environ={})

        assert "hush" not in caught.value.message

    def test_allow_plain_http_when_told(self):
        assert VaultCredentialProvider("http://vault.example", allow_http=True, environ={})

    def test_take_the_address_of_the_environment(self, bao):
        provider = VaultCredentialProvider(environ={"VAULT_ADDR": bao.address, "VAULT_TOKEN": bao.root})

        assert provider.get_credential("NEVER_WRITTEN") is None


def test_secrets_are_found_nowhere(bao, vault, key, caplog):
    """Not in logs at DEBUG, in errors with all their causes, nor in what objects show of themselves."""
    caplog.set_level(0)
    bao.put(key, "pl4nted-value")
    role_id, secret_id = bao.app_role(key.partition("/")[0], bao.policy("reads", READ))
    token, written = "pl4nted-token", "pl4nted-written"  # a traceback shows lines of this file, too
    secrets = ["pl4nted-value", token, secret_id, written]
    provider = vault(role_id=role_id, secret_id=secret_id)
    refused = vault(vault_token=token)
    provider.get_credential(key)
    secrets.append(provider._session._login.token)
    errors = [failure(refused), failure(vault(role_id=role_id, secret_id=token))]
    errors.append(failure(vault(vault_token=f"{token}\nbroken")))
    with pytest.raises(CredentialError) as caught:
        provider.set_credential(key, written)
    shown = [caplog.text, *(repr(each) for each in (provider, provider._session, provider._session._login, refused))]
    shown += [told(error) for error in [*errors, caught.value]]

    assert f"/v1/secret/data/aragora/{key}" in caplog.text
    assert [secret for secret in secrets if secret in "".join(shown)] == []


def told(error):
    """An error as a traceback shows it, with what led to it."""
    return "".join(traceback.format_exception(error)) + getattr(error, "hint", "")


def authority(folder: Path) -> Path:
    return next(path for path in folder.iterdir() if "ca" in path.name and "key" not in path.name)
