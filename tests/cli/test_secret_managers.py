"""The whole way: a configuration that names a secret manager, a real OpenBao or moto, what `check` and `run` say."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ..servers.bao import READ, Bao
from ..servers.binaries import free_port
from ..servers.moto import Moto
from .conftest import Cli, Ended, Home

SECRET = "pl4nted-s3cret/with+signs"
PATH = "acme/blocks/TOY_TOKEN"

Configure = Callable[..., None]


@pytest.fixture
def configure(home: Home, bao: Bao, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """A toy whose token lies in the server, and a file that says so."""
    bao.put(PATH, SECRET)
    monkeypatch.delenv("VAULT_TOKEN", raising=False)

    def configure(boxes: dict[str, Any] | None = None, **options: Any) -> None:
        home.top["credentials"] = {"provider": "vault", "options": {"vault_addr": bao.address, **options}}
        home.toy("blocks", boxes or {"box": {"needs_token": True}}, parallel=1)

    return configure


def both(cli: Cli) -> tuple[Ended, Ended]:
    return cli("check", "-q"), cli("run")


def test_check_tells_where_a_credential_of_vault_comes_from(configure: Configure, bao: Bao, cli: Cli) -> None:
    configure(vault_token=bao.root)

    ended = cli("check")

    assert ended.exit_code == 0
    assert f"ARAGORA_TOY_TOKEN: provider vault: {PATH}" in ended.out
    assert "  ok  box: " in ended.out


def test_run_uses_a_credential_of_vault(configure: Configure, bao: Bao, cli: Cli, monkeypatch: Any) -> None:
    role_id, secret_id = bao.app_role("cli", bao.policy("reads", READ))
    monkeypatch.setenv("MY_SECRET_ID", secret_id)
    configure(role_id=role_id, secret_id="${MY_SECRET_ID}")

    ended = cli("run", "-v")

    assert "the box refused ***." in ended.out  # it was the right one
    for hidden in (SECRET, secret_id):
        assert hidden not in ended.out + ended.err


@pytest.mark.integration
def test_many_connectors_log_in_once(configure: Configure, home: Home, bao: Bao, cli: Cli) -> None:
    role_id, secret_id = bao.app_role("many", bao.policy("reads", READ))
    configure(role_id=role_id, secret_id=secret_id)
    for number in range(5):
        home.toy(f"more-{number}", {"box": {"needs_token": True}})
    before = bao.tokens()

    cli("run")

    assert bao.tokens() == before + 1


def test_wrong_token_needs_a_login(configure: Configure, cli: Cli) -> None:
    configure(vault_token="pl4nted-wrong")

    for ended in both(cli):
        assert ended.exit_code == 4
        assert "refused the token of option 'vault_token': it is wrong, has expired or was revoked" in ended.out
        assert "try: vault login, and put the new token there" in ended.out
        assert "pl4nted" not in ended.out + ended.err


def test_lack_of_a_policy_names_the_lines_that_give_it(configure: Configure, bao: Bao, cli: Cli) -> None:
    configure(vault_token=bao.token("default"))

    for ended in both(cli):
        assert ended.exit_code == 4
        assert f"does not let us read secret/data/aragora/{PATH}." in ended.out
        assert 'try: add to its policy: path "secret/data/aragora/acme/*" { capabilities = ["read"] }' in ended.out


def test_sealed_is_a_matter_of_time(configure: Configure, bao_of_its_own: Bao, cli: Cli) -> None:
    configure(vault_addr=bao_of_its_own.address, vault_token=bao_of_its_own.root)
    bao_of_its_own.seal()

    for ended in both(cli):
        assert ended.exit_code == 75
        assert " is sealed." in ended.out
        assert "try: vault operator unseal, then: aragora-sync check" in ended.out


def test_unreachable_is_a_matter_of_time(configure: Configure, cli: Cli) -> None:
    configure(vault_addr=f"http://127.0.0.1:{free_port()}", vault_token="x")

    for ended in both(cli):
        assert ended.exit_code == 75
        assert " cannot be reached: Connection refused." in ended.out
        assert "try: aragora-sync check, which tells when it answers again" in ended.out


def test_missing_package_says_how_to_install_it(configure: Configure, cli: Cli, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)
    configure(vault_token="x")

    check, run = both(cli)

    assert (check.exit_code, run.exit_code) == (2, 2)
    for ended in (check, run):
        assert "credentials provider vault needs the package hvac, which is not installed." in ended.out
        assert "try: pip install 'aragora-sync[vault]'" in ended.out


def test_mistake_in_the_options_has_its_place(configure: Configure, cli: Cli) -> None:
    configure(vault_tokn="pl4nted-wrong")

    ended = cli("check")

    assert ended.exit_code == 2
    assert ": credentials (vault): unknown option 'vault_tokn'; did you mean 'vault_token'?" in ended.err
    assert "connectors.yaml:6:" in ended.err
    assert "pl4nted" not in ended.out + ended.err


def test_nothing_shows_a_secret_at_debug(
    configure: Configure, bao: Bao, cli: Cli, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    configure(
        {"box": {"needs_token": True}, "bug": {"bug": f"stumbled over {SECRET}", "items": {}}}, vault_token=bao.root
    )
    shown = ""

    for arguments in (["run", "-v"], ["run", "--json"], ["check", "-v"], ["status", "-v", "--history", "5"]):
        ended = cli(*arguments)
        shown += ended.out + ended.err

    assert "stumbled over ***" in shown
    assert [each for each in (SECRET, bao.root) if each in shown] == []


def test_run_uses_a_credential_of_aws(home: Home, cli: Cli, moto: Moto) -> None:
    secret = json.dumps({"TOY_TOKEN": SECRET})
    moto.client("secretsmanager").create_secret(Name="aragora/acme/blocks", SecretString=secret)
    home.top["credentials"] = {"provider": "aws-secrets-manager", "options": {"endpoint_url": moto.address}}
    home.toy("blocks", {"box": {"needs_token": True}})

    check, run = cli("check", "-v"), cli("run", "-v")

    assert f"provider aws-secrets-manager: {PATH}" in check.out
    assert "the box refused ***." in run.out
    assert SECRET not in check.out + check.err + run.out + run.err


@pytest.mark.integration
def test_lack_of_rights_at_aws_names_them(home: Home, cli: Cli, moto: Moto, monkeypatch: Any) -> None:
    iam = moto.client("iam")
    iam.create_user(UserName="sync")
    key = iam.create_access_key(UserName="sync")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    home.top["credentials"] = {"provider": "aws-secrets-manager", "options": {"endpoint_url": moto.address}}
    home.toy("blocks", {"box": {"needs_token": True}})

    with moto.checking_rights():
        check, run = both(cli)

    for ended in (check, run):
        assert ended.exit_code == 4
        assert f"AWS denies GetSecretValue of aragora/{PATH}." in ended.out
        assert (
            'try: allow "Action": "secretsmanager:GetSecretValue" on "Resource": "arn:aws:secretsmanager:' in ended.out
        )
