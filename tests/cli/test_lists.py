"""`init`, `connectors`, `schema`: what helps to write a configuration."""

from __future__ import annotations

import importlib.metadata

import pytest
import yaml

from aragora_sync import connectors

from .conftest import Cli, Home


def test_init_writes_a_file_that_is_valid(home: Home, cli: Cli) -> None:
    ended = cli("init")

    assert ended.out == "connectors.yaml is written; look into it, then: aragora-sync check\n"
    assert cli("status").exit_code == 0


def test_init_never_touches_a_file_that_exists(home: Home, cli: Cli) -> None:
    home.config.write_text("mine")

    ended = cli("init")

    assert ended.exit_code == 2
    assert ended.err.startswith("error: connectors.yaml exists already.\n  try: ")
    assert home.config.read_text() == "mine"


def test_init_elsewhere(home: Home, cli: Cli) -> None:
    assert cli("init", "--config", "mine.yaml", "--json").document == {"path": "mine.yaml"}
    assert cli("init", "--config", "no/such/folder.yaml").exit_code == 2


def test_types_are_listed_with_their_titles(cli: Cli) -> None:
    assert "toy         A toy box" in cli("connectors").out.splitlines()
    assert {"type": "toy", "title": "A toy box"} in cli("connectors", "--json").document["types"]


def test_package_that_is_broken_hides_no_other(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = importlib.metadata.EntryPoint("broken", "no.such:Thing", connectors.ENTRY_POINTS)
    monkeypatch.setattr(connectors, "_installed", lambda: {"broken": broken})

    out = cli("connectors").out

    assert "filesystem  Files of a folder" in out
    assert "connector type 'broken' of the package no.such:Thing cannot be loaded" in out


def test_options_of_a_type_with_all_that_is_declared(cli: Cli) -> None:
    out = cli("connectors", "toy").out

    assert "toy: A toy box\n" in out
    assert "  world\n      The file that holds the toys. Required. Example: toys.json.\n" in out
    assert "Colour of the toys. Default: red. One of red, blue. Else read from ARAGORA_TOY_COLOUR." in out
    assert "  ARAGORA_TOY_TOKEN\n      the key of the toy box" in out


def test_manifest_is_what_a_vendor_takes_to_make_an_app(cli: Cli) -> None:
    out = cli("connectors", "slack", "--manifest").out
    scopes = yaml.safe_load(out)["oauth_config"]["scopes"]["bot"]

    assert {"channels:history", "channels:read", "users:read"} < set(scopes)
    assert cli("connectors", "slack", "--manifest", "--json").document == {"type": "slack", "manifest": out}


def test_triggers_are_those_that_the_configured_connector_listens_to(home: Home, cli: Cli) -> None:
    out = cli("connectors", "postgresql", "--trigger", "documents", "--trigger", "it's").out

    assert "ARRAY['documents', 'it''s']" in out
    assert 'on the channel "aragora_sync"' in out
    entry = {"type": "postgres", "id": "a", "database": "d", "schema": "app", "notify_channel": "changes"}
    home.tenants["acme"] = [{**entry, "primary_key_column": ["x", "y"]}]
    home.write()
    shown = cli("connectors", "postgres", "--trigger", "documents", "--json").document["triggers"]
    assert "'app'" in shown
    assert "columns := ARRAY['x', 'y']::text[];" in shown
    assert "'changes'" in shown
    home.tenants["acme"] += [{**entry, "id": "b", "notify_channel": "others"}]
    home.write()
    unclear = cli("connectors", "postgresql", "--trigger", "documents")
    assert unclear.exit_code == 2
    assert "'postgresql' can mean a (tenant acme), b (tenant acme)" in unclear.err


@pytest.mark.parametrize(
    "asked", [["toy", "--manifest"], ["--manifest"], ["toy", "--trigger", "t"], ["--trigger", "t"]]
)
def test_manifest_of_what_has_none_is_a_mistake(cli: Cli, asked: list[str]) -> None:
    ended = cli("connectors", *asked)

    assert (ended.exit_code, ended.out) == (2, "")
    assert "try: aragora-sync connectors" in ended.err


def test_options_of_a_type_for_programs(cli: Cli) -> None:
    document = cli("connectors", "toy", "--json").document

    assert set(document) == {"type", "title", "options", "credentials"}
    own = [one["name"] for one in document["options"] if not one["common"]]
    assert own == ["world", "checks", "colour"]


def test_unknown_type_is_explained(cli: Cli) -> None:
    ended = cli("connectors", "tyo")

    assert ended.exit_code == 2
    assert ended.err.startswith("error: unknown connector type 'tyo'; did you mean 'toy'?")


def test_schema_knows_every_type(cli: Cli) -> None:
    document = cli("schema").document

    assert {"connector-filesystem", "connector-toy"} <= set(document["$defs"])
