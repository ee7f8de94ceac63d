"""One entry of `connectors:`, checked against the declarations of its class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..auth.credentials import own_problems
from ..connectors import canonical_type, connector_class, connector_types
from ..core.errors import ConfigError
from ..core.ids import connector_id_problem, default_connector_id
from ..core.options import Option, options_of
from ..engine.schedule import SyncSchedule, problems_with
from .models import ConnectorConfig
from .sections import ConnectorSection
from .syntax import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..connector import Connector
    from .check import Checker
    from .names import Names
    from .nodes import Node

CREDENTIAL_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Around:
    """What an entry must know of its tenant."""

    tenant_id: str
    credentials: Mapping[str, str]
    names: Names


def yaml_options(cls: type[Connector]) -> dict[str, Option]:
    """The options of a class that an entry may give, beside those of `ConnectorSection`."""
    return {name: declared for name, declared in options_of(cls).items() if declared.in_yaml}


def read_connector(checker: Checker, node: Node, where: str, around: Around) -> ConnectorConfig | None:
    """The connector, or None where the entry does not tell of which type; what is wrong is noted.

    What a disabled one leaves out, and variables of it that are not set, are no mistakes until it is enabled.
    """
    if not isinstance(node.value, dict):
        checker.note(node.place, where, "expected a connector, like {type: filesystem, root: docs}")
        return None
    kind = _type(checker, node, node.value.get("type"), where)
    return _Entry(checker, node, kind, f"{where} ({kind})").read(around) if kind else None


def read_credentials(checker: Checker, node: Node | None, where: str) -> dict[str, str]:
    """Credentials by name; whether anyone asks for such names is seen by `refuse_unasked`."""
    if node is None:
        return {}
    where = f"{where}: credentials"
    if not isinstance(node.value, dict):
        checker.note(node.place, where, "expected a mapping, like {GITHUB_TOKEN: '${MY_TOKEN}'}")
        return {}
    for name, place in node.keys.items():
        if name.startswith("ARAGORA_"):
            checker.note(place, where, "a name is written without ARAGORA_, like GITHUB_TOKEN")
        elif not CREDENTIAL_NAME.fullmatch(name):
            checker.note(place, where, "a name must be in capitals, like GITHUB_TOKEN")
    named = {name: entry for name, entry in node.value.items() if CREDENTIAL_NAME.fullmatch(name)}
    given = {name: checker.text(entry, where, shortened(name)) for name, entry in named.items()}
    return {name: text for name, text in given.items() if text is not None}


def refuse_unasked(checker: Checker, node: Node | None, keys: Collection[str], where: str) -> None:
    """Notes the credentials that no connector here asks for: most likely they are misspelt."""
    for name, place in node.keys.items() if node else ():
        if CREDENTIAL_NAME.fullmatch(name) and not name.startswith("ARAGORA_"):
            for problem in own_problems({shortened(name): ""}, keys):
                checker.note(place, where, problem.message)


def _type(checker: Checker, node: Node, given: Node | None, where: str) -> str | None:
    """The canonical name of a type that exists. It is never read from a variable: the rest is checked against it."""
    if given is None:
        checker.note(node.place, where, f"option 'type' is required; known are {', '.join(connector_types())}")
    elif not isinstance(given.value, str):
        checker.note(given.place, where, "option 'type' must be text; put it in quotes")
    else:
        try:
            connector_class(shortened(given.value))
        except ConfigError as error:
            checker.note(given.place, where, error.message)
        else:
            return canonical_type(given.value)
    return None


class _Entry:
    """An entry whose type is known."""

    def __init__(self, checker: Checker, node: Node, kind: str, where: str) -> None:
        self._checker, self._node, self._kind, self._where = checker, node, kind, where
        self._cls = connector_class(kind)
        self._declared = yaml_options(self._cls)
        self._since = len(checker.mistakes)
        self._entries = checker.mapping(node, where, {**options_of(ConnectorSection), **self._declared}, "") or {}

    def read(self, around: Around) -> ConnectorConfig:
        options = self._options()
        enabled = self._values(ConnectorSection, ("type", "enabled")).get("enabled", True)
        schedule = self._schedule()
        credentials = self._credentials(around)
        lacks = [] if enabled else self._checker.excuse(self._since)
        return ConnectorConfig(
            type=self._kind,
            id=self._id(options, around),
            place=self._node.place,
            enabled=enabled,
            schedule=schedule,
            options=options,
            credentials=credentials,
            lacks=tuple(mistake.shown(self._checker.file) for mistake in sorted(lacks)),
        )

    def _values(self, cls: type, names: Collection[str]) -> dict[str, Any]:
        given = {name: entry for name, entry in self._entries.items() if name in names}
        return self._checker.options(cls, given, self._node.place, self._where)

    def _options(self) -> dict[str, Any]:
        names = self._declared.keys() - {"credentials"}
        return {name: value for name, value in self._values(self._cls, names).items() if name in names}

    def _schedule(self) -> dict[str, Any]:
        if (node := self._entries.get("schedule")) is None:
            return {}
        where, before = f"{self._where}: schedule", len(self._checker.mistakes)
        checked = self._checker.section(SyncSchedule, node, where, "a mapping, like {interval_hours: 1}")
        if not checked or len(self._checker.mistakes) > before:
            return {}
        for problem in problems_with(checked):
            self._checker.note(node.at(problem.path), where, problem.message)
        return {name: value for name, value in checked.items() if value is not None}

    def _credentials(self, around: Around) -> dict[str, str]:
        """Its own ones, and those of the tenant that it asks for."""
        node = self._entries.get("credentials")
        own = read_credentials(self._checker, node, self._where)
        refuse_unasked(self._checker, node, self._cls.keys, self._where)
        return {**{name: text for name, text in around.credentials.items() if name in self._cls.keys}, **own}

    def _id(self, options: Mapping[str, Any], around: Around) -> str:
        """The id given, or the one made of what the connector reads; noted where it cannot be had."""
        given = self._entries.get("id")
        if given:
            connector_id = self._checker.text(given, self._where, "option 'id'")
        else:
            connector_id = default_connector_id(self._kind, self._identity(options))
        if connector_id and (given or options):  # without options it is only a name to show
            place = given.place if given else self._node.place
            clash = around.names.add_connector(around.tenant_id, connector_id, place[0])
            if problem := connector_id_problem(connector_id) or clash:
                self._checker.note(place, self._where, problem)
        return connector_id or ""

    def _identity(self, options: Mapping[str, Any]) -> list[str]:
        declared = options_of(self._cls)
        return [str(options[name]) for name in declared if declared[name].identity and options.get(name)]
