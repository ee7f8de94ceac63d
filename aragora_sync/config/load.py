"""Reads a configuration file: everything that is wrong with it is said at once, each with its place."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

from ..auth.providers import OURS, our_provider, unknown_provider
from ..connectors import connector_class
from ..core.address import address_problem
from ..core.errors import ConfigError
from ..core.files import expand_home
from ..core.ids import tenant_id_problem
from ..core.options import options_of
from .check import Checker
from .connector import Around, read_connector, read_credentials, refuse_unasked
from .models import CHECK_HINT, Config, ConnectorConfig, ProviderConfig, StoreConfig, TenantConfig
from .names import Names
from .nodes import Node, parse
from .paths import INIT_HINT
from .sections import PROVIDER_CLASS, FileSection, HooksSection, ProviderSection, StoreSection, TenantSection
from .syntax import Mistake, place_in
from .variables import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MOST_BYTES = 20_000_000

_TENANT = "- {id: workspace-1, connectors: [{type: filesystem, root: docs}]}"
_CONNECTOR = "- {type: filesystem, root: docs}"


def load_config(path: str | Path, *, environ: Mapping[str, str]) -> Config:
    """The whole file, checked; or ConfigError with every problem, each as `file:line:column: …`.

    No problem ever contains a value, only names and what was expected. Keys at the top that begin with `x-` are the
    user's own: a place for anchors.
    """
    file = str(path)
    document = parse(read_text(file, environ))
    if document.mistakes:
        raise refusal(file, document.mistakes)
    if document.root is None:
        raise ConfigError(f"{file}: the file is empty; write at least one connector", hint=INIT_HINT)
    return _read_file(Checker(file, environ), document.root)


def read_text(file: str, environ: Mapping[str, str]) -> str:
    """The text of a file; ConfigError where it cannot be read or is not UTF-8."""
    try:
        with expand_home(file, environ).open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(f"{file}: there is no such file", hint=INIT_HINT) from error
    except IsADirectoryError as error:
        raise ConfigError(f"{file}: this is a folder; name the file in it") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        hint = "check its permissions, or name another file with --config"
        raise ConfigError(f"{file}: cannot be read: {why}", hint=hint) from error
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"{file}: larger than {MOST_BYTES:,} bytes; that is no configuration")
    return _decoded(file, raw)


def refusal(file: str, mistakes: Iterable[Mistake]) -> ConfigError:
    """All that is wrong, in the order of the file, nothing twice."""
    return ConfigError([mistake.shown(file) for mistake in sorted(set(mistakes))], hint=CHECK_HINT)


def _decoded(file: str, raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigError(f"{file}: this is UTF-16; save the file as UTF-8")
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode()
        mistake = Mistake(place_in(before, len(before)), "this is not UTF-8; save the file as UTF-8")
        raise refusal(file, [mistake]) from error


def _read_file(checker: Checker, root: Node) -> Config:
    own = [name for name in root.keys if name.startswith("x-")]
    entries = checker.mapping(root, "", {*options_of(FileSection), *own}, "a mapping with 'tenants' or 'connectors'")
    if entries is None:
        raise refusal(checker.file, checker.mistakes)
    state_dir = {name: entry for name, entry in entries.items() if name == "state_dir"}
    top = checker.options(FileSection, state_dir, root.place, "")
    nothing = Node(root.place, {})
    store = checker.section(StoreSection, entries.get("store", nothing), "store", "a mapping, like {path: knowledge}")
    provider = _provider(checker, entries.get("credentials"))
    hooks = _hooks(checker, entries.get("hooks", nothing))
    tenants = _tenants(checker, entries, root)
    if checker.mistakes:
        raise refusal(checker.file, checker.mistakes)
    return Config(checker.file, tuple(tenants), StoreConfig(**store), top["state_dir"], provider, hooks)


def _hooks(checker: Checker, node: Node) -> dict[str, Any]:
    """Commands and addresses by occasion."""
    before = len(checker.mistakes)
    values = checker.section(HooksSection, node, "hooks", "a mapping, like {on_failure: [/usr/local/bin/page-me]}")
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        if problem := _hook_problem(name, value):
            checker.note(node.at((name,)), "hooks", problem)
    return {} if len(checker.mistakes) > before else given


def _hook_problem(name: str, value: str | list[str]) -> str:
    if isinstance(value, list):
        return "" if value and value[0] else f"option {name!r}: the command is empty"
    if not value.startswith(("http://", "https://")):
        return f"option {name!r} must be an address like https://…, or a command as a list, like [program, argument]"
    return address_problem(name, value.partition("?")[0], "https://example.com/hook", allow_http=None)


def _provider(checker: Checker, node: Node | None) -> ProviderConfig | None:
    if node is None:
        return None
    expected = "a mapping, like {provider: vault, options: {}}"
    entries = checker.mapping(node, "credentials", options_of(ProviderSection), expected)
    if entries is None:
        return None
    named = entries["provider"].value if "provider" in entries else None
    if isinstance(named, str) and (name := expand(named, checker.environ).text) in OURS:
        return _our_provider(checker, name, entries.get("options", Node(node.place, {})))
    values = checker.options(ProviderSection, entries, node.place, "credentials")
    if not values:
        return None
    if not PROVIDER_CLASS.fullmatch(values["provider"]):
        checker.note(node.at(("provider",)), "credentials", f"option 'provider' {unknown_provider(values['provider'])}")
    return ProviderConfig(**values)


def _our_provider(checker: Checker, name: str, node: Node) -> ProviderConfig | None:
    """One whose options are declared, so that each is checked in its place."""
    cls, where = our_provider(name), f"credentials ({name})"
    before = len(checker.mistakes)
    values = checker.section(cls, node, where, "a mapping, like {name: value}")
    if len(checker.mistakes) > before:
        return None
    for problem in cls.problems(values, checker.environ):
        checker.note(node.at(problem.path), where, problem.message)
    return ProviderConfig(name, values)


def _tenants(checker: Checker, entries: Mapping[str, Node], root: Node) -> list[TenantConfig]:
    names = Names()
    if "tenants" not in entries:
        return _only_tenant(checker, entries.get("connectors"), root, names)
    if "connectors" in entries:
        checker.note(root.keys["connectors"], "", "'connectors' beside 'tenants': move them into one of the tenants")
    node = entries["tenants"]
    listed = checker.sequence(node, "tenants", f"a list of tenants, like '{_TENANT}'")
    if node.value == []:
        checker.note(node.place, "tenants", f"the list is empty; write at least one, like '{_TENANT}'")
    found = [_tenant(checker, one, f"tenants[{index}]", names) for index, one in enumerate(listed)]
    if found and not checker.mistakes and not any(tenant.connectors for tenant in found):
        checker.note(node.place, "tenants", f"no tenant has a connector; write one, like '{_CONNECTOR}'")
    return found


def _only_tenant(checker: Checker, node: Node | None, root: Node, names: Names) -> list[TenantConfig]:
    """The tenant of a file without tenants."""
    if node is None:
        advice = f"write 'connectors:' and below it '{_CONNECTOR}'"
        checker.note(root.place, "", f"there is neither 'tenants' nor 'connectors'; {advice}")
        return []
    tenant_id = options_of(TenantSection)["id"].default
    if node.value == []:
        checker.note(node.place, "connectors", f"the list is empty; write at least one, like '{_CONNECTOR}'")
    around = Around(tenant_id, {}, names)
    return [TenantConfig(tenant_id, _connectors(checker, node, "connectors", around)[0])]


def _tenant(checker: Checker, node: Node, where: str, names: Names) -> TenantConfig:
    expected = f"a tenant, like '{_TENANT}'"
    entries = checker.mapping(node, where, options_of(TenantSection), expected)
    if entries is None:
        return TenantConfig("", ())
    sharing = {name: entry for name, entry in entries.items() if name == "shared_credentials"}
    values = checker.options(TenantSection, sharing, node.place, where)
    around = _around(checker, entries, node, where, names)
    if "connectors" not in entries:
        checker.note(node.place, where, f"option 'connectors' is required; below it write '{_CONNECTOR}'")
    connectors, all_read = _connectors(checker, entries.get("connectors"), f"{where}.connectors", around)
    if all_read:
        keys = {key for connector in connectors for key in connector_class(connector.type).keys}
        refuse_unasked(checker, entries.get("credentials"), keys, where)
    return TenantConfig(around.tenant_id, connectors, values.get("shared_credentials", True), around.credentials)


def _around(checker: Checker, entries: Mapping[str, Node], node: Node, where: str, names: Names) -> Around:
    """Id and credentials of a tenant. One whose id cannot be had compares its connectors among themselves."""
    given = entries.get("id")
    place = given.place if given else node.place
    tenant_id = checker.text(given, where, "option 'id'") if given else options_of(TenantSection)["id"].default
    credentials = read_credentials(checker, entries.get("credentials"), where)
    if tenant_id is None:
        return Around("", credentials, Names())
    problem = tenant_id_problem(tenant_id) or names.add_tenant(tenant_id, place[0])
    if problem:
        checker.note(place, where, problem)
    return Around(tenant_id, credentials, Names() if problem else names)


def _connectors(
    checker: Checker, node: Node | None, where: str, around: Around
) -> tuple[tuple[ConnectorConfig, ...], bool]:
    """Those whose type is known, and whether that is all of them."""
    if node is None:
        return (), False
    listed = checker.sequence(node, where, f"a list of connectors, like '{_CONNECTOR}'")
    read = [read_connector(checker, one, f"{where}[{index}]", around) for index, one in enumerate(listed)]
    known = tuple(connector for connector in read if connector)
    return known, len(known) == len(read) > 0
