"""Every place of the chain, their order, and the wall between tenants."""

from __future__ import annotations

from pathlib import Path

import pytest

from aragora_sync.auth.scope import checked_key
from aragora_sync.core.errors import ConfigError, CredentialError

from .conftest import DictProvider, ToyConnector

CONNECTOR = "ARAGORA_WORKSPACE_1__TOY__TOY_TOKEN"
TENANT = "ARAGORA_WORKSPACE_1__TOY_TOKEN"
SHARED = "ARAGORA_TOY_TOKEN"
PROVIDER = f"provider {DictProvider.__module__}:DictProvider"


@pytest.fixture
def everywhere(write, backend, tmp_path):
    """All places, in the order of the chain: origin -> (how to build it in)."""
    names = [CONNECTOR, TENANT, SHARED]
    for name in names:
        write(f"systemd/{name}", f"systemd {name}")
        write(f"{name}.txt", f"file {name}")
    users = ["workspace-1/toy/TOY_TOKEN", "workspace-1/TOY_TOKEN"]
    backend.kept = {("aragora-sync", user): f"keyring {user}" for user in users}
    provider = DictProvider(**{key: f"provider {key}" for key in [*users, "TOY_TOKEN"]})
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "systemd")}
    for name in names:
        environ |= {name: f"variable {name}", f"{name}_FILE": str(tmp_path / f"{name}.txt")}
    return provider, {"TOY_TOKEN": "own"}, environ


def test_places_answer_in_the_order_of_the_chain(everywhere, credentials, backend):
    provider, own, environ = everywhere
    origins = []
    while origin := (toy := credentials(environ, provider=provider, own=own)).origin("TOY_TOKEN"):
        origins.append((origin, toy.require("TOY_TOKEN")))
        remove(origin, provider, own, environ, backend)

    assert origins == [
        (f"{PROVIDER}: workspace-1/toy/TOY_TOKEN", "provider workspace-1/toy/TOY_TOKEN"),
        (f"{PROVIDER}: workspace-1/TOY_TOKEN", "provider workspace-1/TOY_TOKEN"),
        (f"{PROVIDER}: TOY_TOKEN", "provider TOY_TOKEN"),
        ("credentials: of the connector", "own"),
        (CONNECTOR, f"variable {CONNECTOR}"),
        (f"{CONNECTOR}_FILE", f"file {CONNECTOR}"),
        (TENANT, f"variable {TENANT}"),
        (f"{TENANT}_FILE", f"file {TENANT}"),
        (SHARED, f"variable {SHARED}"),
        (f"{SHARED}_FILE", f"file {SHARED}"),
        (f"$CREDENTIALS_DIRECTORY/{CONNECTOR}", f"systemd {CONNECTOR}"),
        (f"$CREDENTIALS_DIRECTORY/{TENANT}", f"systemd {TENANT}"),
        (f"$CREDENTIALS_DIRECTORY/{SHARED}", f"systemd {SHARED}"),
        ("keyring: workspace-1/toy/TOY_TOKEN", "keyring workspace-1/toy/TOY_TOKEN"),
        ("keyring: workspace-1/TOY_TOKEN", "keyring workspace-1/TOY_TOKEN"),
    ]


def remove(origin, provider, own, environ, backend):
    name = origin.rpartition(": ")[2]
    if origin.startswith("provider"):
        del provider.kept[name]
    elif origin.startswith("credentials:"):
        own.clear()
    elif origin.startswith("$CREDENTIALS_DIRECTORY/"):
        Path(environ["CREDENTIALS_DIRECTORY"], origin.partition("/")[2]).unlink()
    elif origin.startswith("keyring"):
        del backend.kept["aragora-sync", name]
    else:
        del environ[origin]


class TestTenants:
    def test_do_not_see_each_others_variables(self, credentials):
        environ = {TENANT: "one", CONNECTOR: "two", f"{TENANT}_FILE": "/one"}

        assert credentials(environ, tenant="workspace-2").get("TOY_TOKEN") is None

    def test_do_not_see_each_others_files_of_systemd(self, credentials, write):
        folder = write(f"systemd/{TENANT}", "one").parent

        assert credentials({"CREDENTIALS_DIRECTORY": str(folder)}, tenant="workspace-2").get("TOY_TOKEN") is None

    def test_do_not_see_each_others_keyring_entries(self, credentials):
        credentials().set("TOY_TOKEN", "one")

        assert credentials(tenant="workspace-2").get("TOY_TOKEN") is None

    def test_do_not_see_each_others_secrets_in_the_provider(self, credentials):
        provider = DictProvider()
        credentials(provider=provider).set("TOY_TOKEN", "one")

        assert credentials(provider=provider, tenant="workspace-2").get("TOY_TOKEN") is None

    def test_share_the_credentials_of_the_deployment(self, credentials):
        assert credentials({SHARED: "all"}, tenant="workspace-2").get("TOY_TOKEN") == "all"

    def test_that_share_nothing_never_see_them(self, credentials, write):
        path = write(f"systemd/{SHARED}", "all")
        environ = {SHARED: "all", f"{SHARED}_FILE": str(path), "CREDENTIALS_DIRECTORY": str(path.parent)}
        provider = DictProvider(TOY_TOKEN="all")

        assert credentials(environ, provider=provider, shared=False).get("TOY_TOKEN") is None


class TestNames:
    def test_dashes_and_dots_become_underscores(self, credentials):
        environ = {"ARAGORA_ACME_CO_2__TOY_TOKEN": "acme"}

        assert credentials(environ, tenant="Acme.co-2").get("toy-token") == "acme"

    @pytest.mark.parametrize("name", ["../x", "OTHER__TOY_TOKEN", "", "_X", "A/B", "A B", "X_"])
    def test_that_could_lead_elsewhere_are_refused(self, name):
        with pytest.raises(ValueError, match="is no name of a credential"):
            checked_key(name)


class TestEmptyValues:
    def test_count_as_unset(self, credentials):
        environ = {CONNECTOR: "", f"{CONNECTOR}_FILE": "", TENANT: "one"}
        own = {"TOY_TOKEN": "", "TOY_USER": None}

        assert credentials(environ, own=own, provider=DictProvider(TOY_TOKEN="")).get("TOY_TOKEN") == "one"

    def test_in_the_keyring_count_as_unset(self, credentials, backend):
        backend.kept["aragora-sync", "workspace-1/toy/TOY_TOKEN"] = ""

        assert credentials().get("TOY_TOKEN") is None


class TestOwnMapping:
    def test_tells_every_problem_and_no_value(self, credentials):
        own = {"TOY_TOKN": "hush-hush", "TOY_USER": 4711, "PASSWORD": "hush-hush"}
        with pytest.raises(ConfigError) as caught:
            credentials(own=own)

        assert caught.value.problems == [
            "connector toy of tenant workspace-1: credentials: unknown name 'TOY_TOKN'; did you mean 'TOY_TOKEN'?",
            "connector toy of tenant workspace-1: credentials: TOY_USER must be text; put it in quotes",
            "connector toy of tenant workspace-1: credentials: unknown name 'PASSWORD'; known are TOY_TOKEN, TOY_USER",
        ]

    def test_must_be_a_mapping_or_a_provider(self, credentials):
        with pytest.raises(ConfigError) as caught:
            credentials(own="hush-hush")

        assert caught.value.message == (
            "connector toy of tenant workspace-1: credentials must be a mapping from name to value, or a provider"
        )


class TestMissing:
    def test_names_every_place_and_the_way_out(self, credentials):
        with pytest.raises(CredentialError) as caught:
            credentials(provider=DictProvider(), own={}).require("TOY_TOKEN")

        assert caught.value.message == (
            "connector toy of tenant workspace-1 has no TOY_TOKEN (the key of the toy box). "
            "Asked were, in this order:\n"
            f"  {PROVIDER}: workspace-1/toy/TOY_TOKEN, workspace-1/TOY_TOKEN, TOY_TOKEN\n"
            "  credentials: of the connector\n"
            "  ARAGORA_WORKSPACE_1__TOY__TOY_TOKEN, ARAGORA_WORKSPACE_1__TOY__TOY_TOKEN_FILE\n"
            "  ARAGORA_WORKSPACE_1__TOY_TOKEN, ARAGORA_WORKSPACE_1__TOY_TOKEN_FILE\n"
            "  ARAGORA_TOY_TOKEN, ARAGORA_TOY_TOKEN_FILE\n"
            "  $CREDENTIALS_DIRECTORY (not set): ARAGORA_WORKSPACE_1__TOY__TOY_TOKEN, ARAGORA_WORKSPACE_1__TOY_TOKEN, "
            "ARAGORA_TOY_TOKEN\n"
            "  keyring: service aragora-sync, user workspace-1/toy/TOY_TOKEN or workspace-1/TOY_TOKEN"
        )
        assert caught.value.hint == (
            "export ARAGORA_WORKSPACE_1__TOY_TOKEN=… ; "
            "for cron and systemd ARAGORA_WORKSPACE_1__TOY_TOKEN_FILE=/path/to/a/file"
        )

    def test_of_the_default_tenant_advises_the_short_name(self, credentials):
        with pytest.raises(CredentialError) as caught:
            credentials(tenant="default").require("TOY_TOKEN")

        assert caught.value.hint.startswith("export ARAGORA_TOY_TOKEN=… ;")

    def test_without_shared_ones_does_not_name_what_was_not_asked(self, credentials):
        with pytest.raises(CredentialError) as caught:
            credentials(tenant="default", shared=False).require("TOY_TOKEN")

        assert "ARAGORA_TOY_TOKEN" not in caught.value.message + caught.value.hint

    def test_one_is_none_for_who_can_do_without(self, credentials):
        assert credentials().get("TOY_TOKEN") is None
        assert credentials().origin("TOY_TOKEN") is None


class TestSet:
    def test_writes_into_the_provider_first(self, credentials, backend):
        provider = DictProvider()
        credentials({SHARED: "old"}, provider=provider).set("TOY_TOKEN", "new")

        assert provider.kept == {"workspace-1/toy/TOY_TOKEN": "new"}
        assert backend.kept == {}

    def test_writes_into_the_connectors_provider(self, credentials):
        provider = DictProvider()
        toy = credentials(own=provider)
        toy.set("TOY_TOKEN", "new")

        assert (provider.kept, toy.get("TOY_TOKEN")) == ({"TOY_TOKEN": "new"}, "new")

    def test_else_writes_into_the_keyring(self, credentials, backend):
        credentials().set("TOY_TOKEN", "new")

        assert backend.kept == {("aragora-sync", "workspace-1/toy/TOY_TOKEN"): "new"}

    def test_refuses_what_get_would_not_give_back(self, credentials, backend):
        with pytest.raises(CredentialError) as caught:
            credentials({TENANT: "old"}).set("TOY_TOKEN", "new")

        assert caught.value.message == (
            "a new TOY_TOKEN of connector toy of tenant workspace-1 would not be seen: "
            "ARAGORA_WORKSPACE_1__TOY_TOKEN comes before the keyring."
        )
        assert caught.value.hint == "remove ARAGORA_WORKSPACE_1__TOY_TOKEN, or write the new value there"
        assert backend.kept == {}


def test_a_changed_variable_is_seen_by_the_next_question(credentials):
    environ = {TENANT: "old"}
    toy = credentials(environ)
    toy.get("TOY_TOKEN")
    environ[TENANT] = "new"

    assert toy.get("TOY_TOKEN") == "new"


def test_the_toy_takes_credentials_as_an_option():
    assert ToyConnector(credentials={"TOY_TOKEN": "own"}).credentials == {"TOY_TOKEN": "own"}
