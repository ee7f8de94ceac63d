"""Custom providers: how they are loaded, asked, awaited, and how they fail."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest

from aragora_sync.auth.providers import OURS, answered, load_provider, our_provider
from aragora_sync.core.errors import ConfigError, CredentialError, TransientError

from .conftest import DictProvider

HERE = __name__


class AsyncProvider:
    """In the form of the guide; its client, like aiohttp's, works on one event loop only."""

    def __init__(self, address: str, vault_token: str = "") -> None:
        self.address = address
        self.kept: dict[str, str] = {}
        self.loops: set[int] = set()

    async def get_credential(self, key: str) -> str | None:
        self.loops.add(id(asyncio.get_running_loop()))
        await asyncio.sleep(0)
        return self.kept.get(key)

    async def set_credential(self, key: str, value: str) -> None:
        await asyncio.sleep(0)
        self.kept[key] = value


class Forgetful(DictProvider):
    def set_credential(self, key: str, value: str) -> None:
        """As in the guide's example: pass."""


class Failing(DictProvider):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def get_credential(self, key: str) -> str | None:
        raise self.error


class Lonely:
    """Has none of the methods."""


class Picky:
    def __init__(self, secret_key: str) -> None:
        raise RuntimeError(f"bad key {secret_key}")


class TestAsync:
    def test_is_awaited_from_synchronous_code(self, credentials):
        toy = credentials(provider=AsyncProvider("a"))
        toy.set("TOY_TOKEN", "new")

        assert toy.get("TOY_TOKEN") == "new"

    def test_is_awaited_while_the_caller_runs_an_event_loop(self, credentials):
        toy = credentials(own=AsyncProvider("a"))

        async def program():
            toy.set("TOY_TOKEN", "new")
            return toy.get("TOY_TOKEN")

        assert asyncio.run(program()) == "new"

    def test_is_awaited_from_threads_on_one_loop(self, credentials):
        provider = AsyncProvider("a")
        provider.kept["TOY_TOKEN"] = "t"
        toys = [credentials(own=provider) for _ in range(20)]
        with ThreadPoolExecutor(8) as pool:
            values = list(pool.map(lambda toy: toy.get("TOY_TOKEN"), toys))

        assert values == ["t"] * 20
        assert len(provider.loops) == 1

    def test_that_never_answers_is_given_up(self):
        async def never() -> str:
            await asyncio.Event().wait()
            return "never"

        with pytest.raises(TimeoutError, match=r"no answer within 0\.01 s"):
            answered(never(), limit_seconds=0.01)

    def test_raises_in_the_caller(self):
        async def failing() -> str:
            raise TimeoutError("of its own")

        with pytest.raises(TimeoutError, match="of its own"):
            answered(failing())


class TestFailing:
    def failure(self, credentials, error):
        with pytest.raises(Exception) as caught:
            credentials(own=Failing(error)).get("TOY_TOKEN")
        return caught.value

    def test_to_connect_is_a_matter_of_time(self, credentials):
        error = self.failure(credentials, ConnectionRefusedError(111, "Connection refused"))

        assert type(error) is TransientError
        assert error.message == (
            f"provider {HERE}:Failing failed for TOY_TOKEN: ConnectionRefusedError: [Errno 111] Connection refused."
        )

    def test_otherwise_needs_a_person(self, credentials):
        error = self.failure(credentials, KeyError("data"))

        assert type(error) is CredentialError
        assert error.message == f"provider {HERE}:Failing failed for TOY_TOKEN: KeyError: 'data'."
        assert error.hint == "check its options and its access"

    def test_with_an_error_of_ours_keeps_it(self, credentials):
        ours = CredentialError("the vault is sealed.", hint="vault operator unseal")

        assert self.failure(credentials, ours) is ours

    def test_by_a_value_that_is_no_text_is_said(self, credentials):
        provider = DictProvider()
        provider.kept["TOY_TOKEN"] = {"value": "hush-hush"}
        with pytest.raises(CredentialError) as caught:
            credentials(own=provider).get("TOY_TOKEN")

        assert caught.value.message == (
            f"provider {DictProvider.__module__}:DictProvider gave dict for TOY_TOKEN instead of text."
        )

    def test_by_forgetting_is_noticed(self, credentials):
        with pytest.raises(CredentialError) as caught:
            credentials(own=Forgetful()).set("TOY_TOKEN", "new")

        assert caught.value.message == f"provider {HERE}:Forgetful did not keep TOY_TOKEN."


class TestLoading:
    def problem(self, spec, options=None):
        with pytest.raises(ConfigError) as caught:
            load_provider(spec, options or {})
        return caught.value

    def test_makes_the_class_with_its_options(self):
        provider = load_provider(f"{HERE}:AsyncProvider", {"address": "https://vault"})

        assert provider.address == "https://vault"

    @pytest.mark.parametrize("spec", ["a.b:", ":C", "..x:C", "a b:C", "a:C.d"])
    def test_wants_module_and_class(self, spec):
        error = self.problem(spec)

        assert error.message == (
            f"credentials provider {spec!r} must be one of vault, aws-secrets-manager, "
            "or be written as package.module:Class"
        )
        assert error.hint == (
            'for example: credentials: {provider: vault}, or {provider: "mycompany.vault:VaultProvider"}'
        )

    @pytest.mark.parametrize(
        ("spec", "meant"), [("vualt", "vault"), ("Vault", "vault"), ("aws_secret_manager", "aws-secrets-manager")]
    )
    def test_suggests_the_name_that_was_meant(self, spec, meant):
        assert self.problem(spec).message.endswith(f"; did you mean {meant!r}?")

    @pytest.mark.parametrize("name", list(OURS))
    def test_makes_ours_by_name(self, name, monkeypatch):
        monkeypatch.setenv("VAULT_ADDR", "https://vault.example")

        assert isinstance(load_provider(name, {}), our_provider(name))

    def test_names_a_module_that_is_missing(self):
        error = self.problem("mycompany_vault:Vault")

        assert error.message == (
            "credentials provider 'mycompany_vault:Vault': the module 'mycompany_vault' cannot be imported: "
            "ModuleNotFoundError: No module named 'mycompany_vault'"
        )
        assert error.hint == "install its package beside aragora-sync, or add its folder to PYTHONPATH"

    def test_suggests_the_class_that_was_meant(self):
        error = self.problem(f"{HERE}:AsyncProvidr")

        assert error.message == (
            f"credentials provider '{HERE}:AsyncProvidr': the module '{HERE}' has no class 'AsyncProvidr'; "
            "did you mean 'AsyncProvider'?"
        )

    def test_has_nothing_to_suggest_in_an_empty_module(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "hollow", ModuleType("hollow"))
        error = self.problem("hollow:Vault")

        assert error.message == "credentials provider 'hollow:Vault': the module 'hollow' has no class 'Vault'"

    def test_wants_both_methods(self):
        error = self.problem(f"{HERE}:Lonely")

        assert error.message == (
            f"credentials provider '{HERE}:Lonely' must have the methods get_credential and set_credential"
        )

    def test_names_the_options_that_do_not_fit(self):
        error = self.problem(f"{HERE}:AsyncProvider", {"adress": "https://vault"})

        assert error.message.startswith(
            f"credentials provider '{HERE}:AsyncProvider' cannot be made with the options given (adress): "
            "TypeError: AsyncProvider.__init__() got an unexpected keyword argument 'adress'"
        )
        assert error.hint == "correct `options:` under `credentials:`"

    def test_masks_secret_options_in_what_the_class_says(self):
        error = self.problem(f"{HERE}:Picky", {"secret_key": "hush-hush-4711"})

        assert error.message.endswith("(secret_key): RuntimeError: bad key ***")
