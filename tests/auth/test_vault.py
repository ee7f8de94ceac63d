"""Vault, against a real OpenBao: what is read, what is written, and whose value is never lost."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

import pytest

from aragora_sync.auth.vault import VaultCredentialProvider
from aragora_sync.core.errors import ConfigError, CredentialError

from ..servers.bao import READ, WRITE


class TestReading:
    def test_of_what_is_not_there_is_none(self, vault, key):
        assert vault().get_credential(key) is None

    def test_gives_the_field_value_of_the_path_that_the_key_is(self, bao, vault, key):
        bao.put(key, "hush-1", note="of the toy box")

        assert vault().get_credential(key) == "hush-1"

    def test_sees_a_rotated_secret_at_once(self, bao, vault, key):
        provider = vault()
        bao.put(key, "hush-1")
        provider.get_credential(key)
        bao.put(key, "hush-2")

        assert provider.get_credential(key) == "hush-2"

    @pytest.mark.parametrize("how", ["deleted", "destroyed", "forgotten"])
    def test_of_a_version_that_is_gone_is_none(self, bao, vault, key, how):
        provider = vault()
        bao.put(key, "hush-1")
        gone(bao, key, how)

        assert provider.get_credential(key) is None

    def test_of_an_older_version_never_happens(self, bao, vault, key):
        bao.put(key, "old")
        bao.put(key, "new")
        gone(bao, key, "deleted", 2)

        assert vault().get_credential(key) is None

    @pytest.mark.parametrize(
        ("value", "kind"),
        [(5, "a number"), (True, "true or false"), (None, "null"), ({"a": "b"}, "a mapping"), (["a"], "a list")],
    )
    def test_wants_text(self, bao, vault, key, value, kind):
        bao.put(key, value)
        error = failure(vault(), key)

        assert error.message == f"field 'value' of secret/data/aragora/{key} is {kind} instead of text."
        assert error.hint == f"write it as text: vault kv patch -mount=secret aragora/{key} value=-"

    def test_names_the_field_that_is_missing(self, bao, vault, key):
        bao.call("POST", f"secret/data/aragora/{key}", {"data": {"token": "hush-1"}})
        error = failure(vault(), key)

        assert error.message == f"secret/data/aragora/{key} has no field 'value'."

    def test_takes_another_mount_prefix_and_field(self, bao, vault):
        bao.enable("kv", at="mounts", name="team/kv", options={"version": "2"})
        bao.call("POST", "team/kv/data/sync/all/TOY_TOKEN", {"data": {"token": "hush-1"}})
        provider = vault(mount="/team/kv/", prefix="sync/all/", field="token")

        assert provider.get_credential("TOY_TOKEN") == "hush-1"

    def test_does_without_a_prefix(self, bao, vault):
        bao.call("POST", "secret/data/alone/TOY_TOKEN", {"data": {"value": "hush-1"}})

        assert vault(prefix="").get_credential("alone/TOY_TOKEN") == "hush-1"

    def test_of_a_namespace_sees_that_one_alone(self, bao, vault, key):
        with contextlib.suppress(HTTPError):
            bao.call("POST", "sys/namespaces/crew", {})
        bao.enable("kv", at="mounts", name="secret", namespace="crew", options={"version": "2"})
        bao.put(key, "of the crew", namespace="crew")

        assert vault().get_credential(key) is None
        assert vault(namespace="crew").get_credential(key) == "of the crew"
        assert vault(environ={"VAULT_NAMESPACE": "crew"}).get_credential(key) == "of the crew"

    @pytest.mark.parametrize("options", [{"mount": "nowhere"}, {"namespace": "nobody"}])
    def test_from_a_place_that_is_not_there_is_said(self, vault, key, options):
        error = failure(vault(**options), key)

        assert type(error) is ConfigError
        assert "does not know the place: " in error.message
        assert error.hint == "check the options 'mount' and 'namespace'"

    def test_from_an_engine_of_version_1_is_said(self, bao, vault, key):
        bao.enable("kv", at="mounts", name="old-kv", options={"version": "1"})
        error = failure(vault(mount="old-kv"), key)

        assert error.message.endswith("has mounted at 'old-kv' is no KV engine of version 2.")
        assert error.hint == "name another with the option 'mount', or: vault kv enable-versioning old-kv"

    @pytest.mark.parametrize("wrong", ["../x", "a//b", "/a", "a/", ".", "a/../b", "a b", "a?b", "a%2e", ""])
    def test_never_leaves_the_prefix(self, vault, wrong):
        with pytest.raises(ValueError, match="is no name of a credential"):
            vault().get_credential(wrong)


class TestRights:
    def test_to_read_suffice_for_reading(self, bao, vault, key):
        bao.put(key, "hush-1")
        reader = vault(vault_token=bao.token(bao.policy("reads", READ)))

        assert reader.get_credential(key) == "hush-1"
        assert reader.get_credential("NEVER_WRITTEN") is None

    def test_to_write_suffice_for_writing(self, bao, vault, key):
        writer = vault(vault_token=bao.token(bao.policy("writes", WRITE)))
        writer.set_credential(key, "hush-1")
        writer.set_credential(key, "hush-2")

        assert writer.get_credential(key) == "hush-2"

    def test_that_lack_are_named_as_the_policy_to_add(self, bao, vault, key):
        error = failure(vault(vault_token=bao.token("default")), key)
        tenant = key.partition("/")[0]

        assert type(error) is CredentialError
        assert error.message.endswith(f"does not let us read secret/data/aragora/{key}.")
        assert error.hint == f'add to its policy: path "secret/data/aragora/{tenant}/*" {{ capabilities = ["read"] }}'

    def test_that_are_advised_are_enough(self, bao, vault, key):
        bao.put(key, "hush-1")
        advice = failure(vault(vault_token=bao.token("default")), key).hint.partition(": ")[2]
        allowed = bao.token(bao.policy("advised", advice))

        assert vault(vault_token=allowed).get_credential(key) == "hush-1"

    def test_to_write_that_lack_are_named(self, bao, vault, key):
        reader = vault(vault_token=bao.token(bao.policy("reads", READ)))
        with pytest.raises(CredentialError, match="does not let us write") as caught:
            reader.set_credential(key, "hush-1")

        assert '{ capabilities = ["create", "update"] }' in caught.value.hint

    def test_for_a_key_of_all_tenants_may_be_done_without(self, bao, vault):
        error = failure(vault(vault_token=bao.token("default")), "TOY_TOKEN")

        assert error.hint == (
            'add to its policy: path "secret/data/aragora/TOY_TOKEN" { capabilities = ["read"] }; '
            "or say shared_credentials: false of the tenant, and it is not asked for"
        )


class TestWriting:
    @pytest.mark.parametrize("before", ["nothing", "a value", "deleted", "destroyed", "forgotten"])
    def test_is_read_by_the_next_question(self, bao, vault, key, before):
        if before != "nothing":
            bao.put(key, "hush-1")
        if before not in ("nothing", "a value"):
            gone(bao, key, before)
        provider = vault()
        provider.set_credential(key, "hush-2")

        assert provider.get_credential(key) == vault().get_credential(key) == "hush-2"

    def test_leaves_other_fields(self, bao, vault, key):
        bao.put(key, "hush-1", note="of the toy box")
        vault().set_credential(key, "hush-2")

        assert bao.fields(key) == {"value": "hush-2", "note": "of the toy box"}

    def test_satisfies_an_engine_that_requires_check_and_set(self, bao, vault, key):
        bao.call("POST", f"secret/metadata/aragora/{key}", {"cas_required": True})
        vault().set_credential(key, "hush-1")

        assert bao.fields(key) == {"value": "hush-1"}

    @pytest.mark.parametrize("before", ["nothing", "a value"])
    def test_never_takes_the_place_of_anothers_newer_value(self, bao, vault, key, before):
        if before == "a value":
            bao.put(key, "hush-1")
        provider = vault()
        provider.get_credential(key)
        version = bao.put(key, "theirs")
        with pytest.raises(CredentialError) as caught:
            provider.set_credential(key, "ours")

        assert caught.value.message.startswith(
            f"secret/data/aragora/{key} was written by somebody else meanwhile (version {version}, 20"
        )
        assert caught.value.message.endswith("); theirs was kept, ours was not written.")
        assert bao.fields(key) == {"value": "theirs"}

    def test_takes_it_when_told_again(self, bao, vault, key):
        provider = vault()
        provider.get_credential(key)
        bao.put(key, "theirs")
        with pytest.raises(CredentialError):
            provider.set_credential(key, "ours")
        provider.set_credential(key, "ours")

        assert bao.fields(key) == {"value": "ours"}

    def test_between_the_reading_and_the_writing_is_noticed(self, bao, vault, key, monkeypatch):
        provider = vault()
        bao.put(key, "hush-1")
        write = provider._write
        monkeypatch.setattr(provider, "_write", lambda *given: (bao.put(key, "theirs"), write(*given))[1])
        with pytest.raises(CredentialError, match="theirs was kept"):
            provider.set_credential(key, "ours")

        assert bao.fields(key) == {"value": "theirs"}

    def test_of_the_same_value_by_another_is_well(self, bao, vault, key):
        provider = vault()
        provider.get_credential(key)
        bao.put(key, "the-value-as-before")
        provider.set_credential(key, "the-value-as-before")

        assert bao.fields(key) == {"value": "the-value-as-before"}

    def test_after_another_took_the_value_away_is_well(self, bao, vault, key):
        provider = vault()
        bao.put(key, "hush-1")
        provider.get_credential(key)
        gone(bao, key, "forgotten")
        provider.set_credential(key, "hush-2")

        assert bao.fields(key) == {"value": "hush-2"}

    @pytest.mark.integration
    def test_of_many_at_once_loses_nothing(self, bao, vault, key):
        """Each reads, renews and writes, like a process of its own: no two may follow the same value."""

        def renew(number: int) -> tuple[int, int] | None:
            process = vault()
            seen = int(process.get_credential(key) or 0)
            with contextlib.suppress(CredentialError):
                process.set_credential(key, str(100 + number))
                return seen, 100 + number
            return None

        bao.call("POST", f"secret/metadata/aragora/{key}", {"max_versions": 100})
        with ThreadPoolExecutor(8) as pool:
            written = [one for one in pool.map(renew, range(16)) if one]
        line = dict(written)

        assert written
        assert len(line) == len(written), "two followed the same value"
        last = 0
        for _ in written:
            last = line[last]
        assert bao.fields(key) == {"value": str(last)}


def test_chain_reads_and_writes(bao, vault, credentials):
    bao.put("workspace-1/TOY_USER", "ada")
    toy = credentials(provider=vault())
    toy.set("TOY_TOKEN", "hush-1")

    assert (toy.get("TOY_TOKEN"), toy.get("TOY_USER")) == ("hush-1", "ada")
    assert bao.fields("workspace-1/toy/TOY_TOKEN") == {"value": "hush-1"}
    assert toy.origin("TOY_USER") == ("provider vault: workspace-1/TOY_USER")


def test_constructor_of_the_guide(bao):
    bao.put("GITHUB_TOKEN", "hush-1")
    provider = VaultCredentialProvider(vault_addr=bao.address, vault_token=bao.root)

    assert provider.get_credential("GITHUB_TOKEN") == "hush-1"
    assert repr(provider) == "<VaultCredentialProvider>"


def gone(bao, key, how, version=1):
    if how == "deleted":
        bao.call("DELETE", f"secret/data/aragora/{key}")
    elif how == "destroyed":
        bao.call("POST", f"secret/destroy/aragora/{key}", {"versions": [version]})
    else:
        bao.call("DELETE", f"secret/metadata/aragora/{key}")


def failure(provider, key):
    with pytest.raises((ConfigError, CredentialError)) as caught:
        provider.get_credential(key)
    return caught.value
