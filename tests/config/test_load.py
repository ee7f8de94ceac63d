"""What a configuration that is well means."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aragora_sync.config import find_config, load_config, state_folder, store_folder
from aragora_sync.core.errors import ConfigError

if TYPE_CHECKING:
    from aragora_sync.config import Config, ConnectorConfig

    from .conftest import Load, Refused

NOTION = "connectors:\n- type: notion\n  workspace: acme\n"
THOUSANDS = 5000
THREE_SECONDS = 3
EMPTY = "connectors:\n- {type: filesystem, root: docs}\n"


def only(config: Config) -> ConnectorConfig:
    ((connector,),) = [tenant.connectors for tenant in config.tenants]
    return connector


def test_tenants_keep_their_order_and_their_connectors(load: Load) -> None:
    config = load(
        "tenants:\n"
        "- id: workspace-1\n  connectors:\n  - {type: notion, workspace: a}\n  - {type: notion, workspace: b}\n"
        "- id: workspace-2\n  shared_credentials: false\n  connectors:\n  - {type: filesystem, root: docs}\n"
    )

    assert [(one.id, one.shared_credentials, len(one.connectors)) for one in config.tenants] == [
        ("workspace-1", True, 2),
        ("workspace-2", False, 1),
    ]


def test_connectors_without_tenants_are_of_the_tenant_default(load: Load) -> None:
    assert [tenant.id for tenant in load(NOTION).tenants] == ["default"]


def test_options_that_are_not_given_have_their_defaults(load: Load) -> None:
    connector = only(load(NOTION))

    assert (connector.options["days_back"], connector.options["batch_size"], connector.enabled) == (90, 1000, True)


def test_connector_knows_where_it_stands(load: Load) -> None:
    assert only(load(NOTION)).place == (2, 3)


def test_other_name_of_a_type_means_the_same(load: Load) -> None:
    assert only(load("connectors: [{type: postgres, host: db}]")).type == "postgresql"


def test_id_is_made_of_type_and_identity(load: Load) -> None:
    assert only(load(NOTION)).id == "notion-acme"


def test_schedule_keeps_what_was_given(load: Load) -> None:
    connector = only(load(NOTION + "  schedule: {interval_hours: 1, start_time: 08:00, timezone: America/New_York}\n"))

    assert connector.schedule == {"interval_hours": 1, "start_time": "08:00", "timezone": "America/New_York"}


def test_provider_of_credentials_is_read_with_its_options(load: Load) -> None:
    config = load(
        "credentials: {provider: 'mine.vault:Provider', options: {url: 'https://${HOST}'}}\n" + NOTION, HOST="v"
    )

    assert config.credentials
    assert (config.credentials.provider, config.credentials.options) == ("mine.vault:Provider", {"url": "https://v"})


def test_provider_of_ours_is_read_with_paths_that_start_at_the_file(load: Load) -> None:
    config = load(
        "credentials: {provider: '${P}', options: {vault_addr: 'https://v', token_file: sink}}\n" + NOTION, P="vault"
    )

    assert config.credentials
    assert config.credentials.provider == "vault"
    assert config.credentials.options["token_file"] == Path.cwd() / "sink"
    assert config.credentials.options["mount"] == "secret"


def test_credentials_of_the_connector_win_over_those_of_its_tenant(load: Load) -> None:
    config = load(
        "tenants:\n- credentials: {POSTGRES_USER: ada, POSTGRES_PASSWORD: tenant}\n"
        "  connectors: [{type: postgresql, host: db, credentials: {POSTGRES_PASSWORD: own}}]\n"
    )

    assert only(config).credentials == {"POSTGRES_USER": "ada", "POSTGRES_PASSWORD": "own"}


def test_connector_gets_only_those_credentials_of_its_tenant_that_it_asks_for(load: Load) -> None:
    config = load(
        "tenants:\n- credentials: {POSTGRES_USER: ada, NOTION_TOKEN: n}\n"
        "  connectors: [{type: postgresql, host: db}, {type: notion, workspace: a}]\n"
    )

    assert [dict(one.credentials) for one in config.tenants[0].connectors] == [
        {"POSTGRES_USER": "ada"},
        {"NOTION_TOKEN": "n"},
    ]


def test_option_may_come_from_its_variable(load: Load) -> None:
    assert only(load("connectors: [{type: postgresql}]", ARAGORA_POSTGRES_HOST="db")).options["host"] == "db"


def test_problem_with_such_a_variable_names_it(refused: Refused) -> None:
    assert refused("connectors: [{type: postgresql, host: db}]", ARAGORA_POSTGRES_PORT="many") == [
        "1:14: connectors[0] (postgresql): option 'port': expected a whole number "
        "(in the variable ARAGORA_POSTGRES_PORT)"
    ]


def test_keys_of_ones_own_are_a_place_for_anchors(load: Load) -> None:
    connector = only(load("x-slow: &slow {timeout: 300, parallel: 1}\n" + NOTION + "  <<: *slow\n  parallel: 2\n"))

    assert (connector.options["timeout"], connector.options["parallel"]) == (300, 2)


def test_first_of_several_merged_mappings_wins(load: Load) -> None:
    text = "x-a: &a {parallel: 1}\nx-b: &b {parallel: 2, timeout: 9}\n" + NOTION + "  <<: [*a, *b]\n"

    assert [only(load(text)).options[name] for name in ("parallel", "timeout")] == [1, 9]


def test_mistake_in_a_merged_mapping_is_shown_where_it_is_written(refused: Refused) -> None:
    assert refused("x-slow: &slow {tmeout: 300}\n" + NOTION + "  <<: *slow\n") == [
        "1:16: connectors[0] (notion): unknown option 'tmeout'; did you mean 'timeout'?"
    ]


def test_mistake_behind_an_alias_is_shown_where_it_is_used(refused: Refused) -> None:
    assert refused("x-many: &many lots\n" + NOTION + "  days_back: *many\n") == [
        "5:14: connectors[0] (notion): option 'days_back': expected a whole number"
    ]


def test_byte_order_mark_at_the_start_is_welcome(load: Load) -> None:
    assert only(load("\ufeff" + NOTION)).place == (2, 3)


def test_thousands_of_connectors_load_quickly(load: Load) -> None:
    entry = "- {{type: notion, id: n{0}, workspace: w{0}, databases: [d1, d2], schedule: {{interval_hours: 1}}}}\n"
    begun = time.process_time()

    config = load("connectors:\n" + "".join(entry.format(number) for number in range(THOUSANDS)))

    assert len(config.tenants[0].connectors) == THOUSANDS
    assert time.process_time() - begun < THREE_SECONDS


# Variables


@pytest.mark.parametrize(
    ("written", "environ", "meant"),
    [
        ("${A}", {"A": "x"}, "x"),
        ("a-${A}-${B}", {"A": "x", "B": "y"}, "a-x-y"),
        ("${A:-z}", {}, "z"),
        ("${A:-z}", {"A": ""}, "z"),
        ("${A:-z}", {"A": "x"}, "x"),
        ("a${A:-}", {}, "a"),
        ("a${A}", {"A": ""}, "a"),
        ("$${A}", {"A": "x"}, "${A}"),
        ("$A $$ {A}", {"A": "x"}, "$A $$ {A}"),
        ("${A}", {"A": "${B}", "B": "x"}, "${B}"),
        ("${A}", {"A": "yes: [no, *x"}, "yes: [no, *x"),
        ("${A}", {"A": "007"}, "007"),
    ],
)
def test_variables_are_filled_in_once(written: str, environ: dict[str, str], meant: str, load: Load) -> None:
    text = f"connectors: [{{id: a, type: notion, workspace: '{written}'}}]"

    assert only(load(text, **environ)).options["workspace"] == meant


def test_variable_may_be_a_number(load: Load) -> None:
    assert repr(only(load(NOTION + "  days_back: ${DAYS}\n", DAYS="7")).options["days_back"]) == "7"


def test_keys_hold_no_variables(load: Load) -> None:
    assert only(load(NOTION + "  columns: {'${A}': [x]}\n", A="b")).options["columns"] == {"${A}": ["x"]}


# Disabled connectors


def test_disabled_connector_may_lack_options_and_variables(load: Load) -> None:
    connector = only(load("connectors:\n- {type: notion, enabled: false, databases: ['${UNSET}']}\n"))

    assert (connector.id, connector.enabled) == ("notion", False)


def test_disabled_connector_says_what_it_lacks_when_it_is_built(load: Load) -> None:
    config = load("connectors:\n- type: notion\n  enabled: false\n  content: ${A}\n")

    with pytest.raises(ConfigError) as caught:
        only(config).build(config.tenants[0])

    assert caught.value.problems == [
        "connectors.yaml:2:3: connectors[0] (notion): option 'workspace' is required",
        "connectors.yaml:4:12: connectors[0] (notion): the variable A is not set; set it, or write ${A:-default}",
    ]


def test_two_disabled_connectors_without_identity_do_not_clash(load: Load) -> None:
    config = load("connectors:\n- {type: notion, enabled: false}\n- {type: notion, enabled: false}\n")

    assert [one.id for one in config.tenants[0].connectors] == ["notion", "notion"]


# Building


def test_built_connector_has_its_options_and_its_names(load: Load) -> None:
    config = load("tenants:\n- id: Acme\n  connectors: [{type: notion, workspace: acme, databases: [d1]}]\n")
    connector: Any = only(config).build(config.tenants[0])

    assert (connector.tenant_id, connector.connector_id, connector.databases) == ("Acme", "notion-acme", ["d1"])


def test_building_takes_store_state_and_credentials_from_the_caller(load: Load) -> None:
    config = load(NOTION)
    built: Any = only(config).build(
        config.tenants[0], store="s", state_dir=Path("t"), credentials={"NOTION_TOKEN": "x"}
    )

    assert (built.store, built.state_dir, built.credentials) == ("s", Path("t"), {"NOTION_TOKEN": "x"})


# Paths


@pytest.mark.parametrize(
    ("written", "meant"),
    [("docs", "{here}/docs"), (".", "{here}"), ("../x", "{here}/../x"), ("/srv", "/srv"), ("~/d", "/home/ada/d")],
)
def test_paths_are_relative_to_the_file(written: str, meant: str, load: Load, tmp_path: Path) -> None:
    connector = only(load(f"connectors: [{{type: filesystem, root: {written}}}]"))

    assert connector.options["root"] == Path(meant.format(here=tmp_path))


def test_file_elsewhere_keeps_its_paths_beside_it(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "c.yaml").write_text("store: {path: s}\nstate_dir: t\n" + EMPTY, encoding="utf-8")
    config = load_config("etc/c.yaml", environ={})

    assert (config.path, config.store.path, config.state_dir) == ("etc/c.yaml", tmp_path / "etc/s", tmp_path / "etc/t")


def test_flag_then_variable_then_file_then_home_decide_on_the_store(load: Load) -> None:
    home = {"HOME": "/home/ada"}
    said, silent = load("store: {path: /file}\n" + EMPTY), load(EMPTY)

    assert [
        store_folder("/flag", said, {**home, "ARAGORA_STORE": "/variable"}),
        store_folder(None, said, {**home, "ARAGORA_STORE": "~/variable"}),
        store_folder(None, said, home),
        store_folder(None, silent, home),
        store_folder(None, None, home),
    ] == [
        Path("/flag"),
        Path("/home/ada/variable"),
        Path("/file"),
        Path("/home/ada/.aragora/knowledge"),
        Path("/home/ada/.aragora/knowledge"),
    ]


def test_flag_then_connector_then_variable_then_file_then_home_decide_on_the_state(load: Load) -> None:
    home = {"HOME": "/home/ada"}
    variable = {**home, "ARAGORA_STATE_DIR": "/variable"}
    said = load("state_dir: /file\nconnectors: [{type: filesystem, root: docs, state_dir: /connector}]\n")
    silent = load(EMPTY)

    assert [
        state_folder("/flag", only(said), said, variable),
        state_folder(None, only(said), said, variable),
        state_folder(None, only(silent), said, variable),
        state_folder(None, only(silent), said, home),
        state_folder(None, None, None, home),
    ] == [
        Path("/flag"),
        Path("/connector"),
        Path("/variable"),
        Path("/file"),
        Path("/home/ada/.aragora/sync_state"),
    ]


# Which file


def test_flag_then_variable_then_here_then_home_decide_on_the_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".aragora").mkdir(parents=True)
    (home / ".aragora" / "connectors.yaml").touch()
    environ = {"HOME": str(home)}
    at_home = find_config(None, environ)
    Path("connectors.yaml").touch()

    assert at_home == str(home / ".aragora" / "connectors.yaml")
    assert find_config(None, environ) == "connectors.yaml"
    assert find_config(None, {**environ, "ARAGORA_CONFIG": "b.yaml"}) == "b.yaml"
    assert find_config("a.yaml", {**environ, "ARAGORA_CONFIG": "b.yaml"}) == "a.yaml"


def test_no_file_at_all_names_every_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_config(None, {"HOME": str(tmp_path / "home")})

    assert caught.value.message == (
        "there is no configuration: --config is not given, ARAGORA_CONFIG is not set, and neither ./connectors.yaml "
        "nor ~/.aragora/connectors.yaml exists."
    )
    assert caught.value.hint == "aragora-sync init"
