"""The credentials of one connector: every place asked in order, and a letter to whoever must fill the gap.

The order is: the configuration's provider; `credentials:` of the connector; the environment, each name as `X` and then
`X_FILE`, from the most particular (`ARAGORA_<TENANT>__<CONNECTOR_ID>__<KEY>`) over `ARAGORA_<TENANT>__<KEY>` to the
deployment's `ARAGORA_<KEY>`; files of the same names in systemd's `$CREDENTIALS_DIRECTORY`; the keyring.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Mapping
from typing import Any

from ..core.errors import ConfigError, CredentialError
from ..core.options import Problem
from .environment import Environment, SystemdFolder
from .keyring_store import Keyring, KeyringPlace, system_keyring
from .places import Found, Place, WritablePlace
from .providers import CredentialProvider, ProviderPlace
from .scope import Scope, checked_key, upper
from .secrets import remember

__all__ = ["CredentialProvider", "Credentials", "own_problems"]


NOT_SECRET = ("_CLIENT_ID", "_EMAIL", "_USER")


class Credentials:
    """What a connector may ask for its secrets. Nothing is cached: a rotated secret is seen by the next question.

    `own` is what the connector itself was given (a mapping from name to value, or a provider), `keys` the names it
    declares and what each is, `shared` whether the deployment's `ARAGORA_<KEY>` is for this tenant too.
    """

    def __init__(
        self,
        tenant_id: str,
        connector_id: str,
        keys: Mapping[str, str],
        *,
        own: Mapping[str, str] | CredentialProvider | None = None,
        provider: CredentialProvider | None = None,
        shared: bool = True,
        environ: Mapping[str, str] = os.environ,
        keyring: Keyring | None = None,
    ) -> None:
        self._scope = Scope(tenant_id, connector_id, shared)
        self._keys = keys
        if problems := own_problems(own, keys):
            raise ConfigError([f"{self._scope}: {problem.message}" for problem in problems])
        self._places: list[Place] = [
            *([ProviderPlace(provider, self._scope.paths)] if provider is not None else []),
            *_own_places(own),
            Environment(self._scope, environ),
            SystemdFolder(self._scope, environ),
            KeyringPlace(self._scope, keyring or system_keyring()),
        ]

    def __repr__(self) -> str:
        return f"<Credentials of {self._scope}>"

    def get(self, name: str) -> str | None:
        """The credential, or None where no place has it."""
        found = self._find(checked_key(name))
        return found.value if found else None

    def require(self, name: str) -> str:
        """The credential. Raises CredentialError with every place that was asked, and with what fixes it."""
        value = self.get(name)
        if value is None:
            raise self._missing(checked_key(name))
        return value

    def origin(self, name: str) -> str | None:
        """Where the credential comes from, in words that never hold its value; None where no place has it."""
        found = self._find(checked_key(name))
        return found.origin if found else None

    def set(self, name: str, value: str) -> None:
        """Keeps the value in the provider, or else in the keyring, so that `get` gives it from now on."""
        key = checked_key(name)
        _keep_secret(key, value)
        for place in self._places:
            if isinstance(place, WritablePlace):
                place.keep(key, value)
                return
            if found := place.find(key):
                raise CredentialError(
                    f"a new {key} of {self._scope} would not be seen: {found.origin} comes before the keyring.",
                    hint=f"remove {found.origin}, or write the new value there",
                )

    def _find(self, key: str) -> Found | None:
        for place in self._places:
            if found := place.find(key):
                _keep_secret(key, found.value)
                return found
        return None

    def _missing(self, key: str) -> CredentialError:
        meaning = f" ({self._keys[key]})" if key in self._keys else ""
        lines = [f"{self._scope} has no {key}{meaning}. Asked were, in this order:"]
        lines += [f"  {line}" for place in self._places for line in place.asked(key)]
        variable = self._scope.advised_variable(key)
        return CredentialError(
            "\n".join(lines), hint=f"export {variable}=… ; for cron and systemd {variable}_FILE=/path/to/a/file"
        )


class OwnMapping:
    """`credentials:` of the connector, by name."""

    def __init__(self, own: Mapping[str, str | None]) -> None:
        self._values = {checked_key(name): value for name, value in own.items() if value}
        for key, value in self._values.items():
            _keep_secret(key, value)

    def find(self, key: str) -> Found | None:
        return Found(self._values[key], "credentials: of the connector") if key in self._values else None

    def asked(self, key: str) -> list[str]:
        return ["credentials: of the connector"]


def own_problems(own: Any, keys: Collection[str]) -> list[Problem]:
    """Everything that is wrong with `credentials:` of a connector that declares `keys`; no value is ever shown."""
    if own is None or isinstance(own, CredentialProvider):
        return []
    if not isinstance(own, Mapping):
        return [Problem(("credentials",), "credentials must be a mapping from name to value, or a provider")]
    problems = []
    for name, value in own.items():
        if message := _name_problem(name, keys) or _value_problem(name, value):
            problems.append(Problem(("credentials", name), f"credentials: {message}"))
    return problems


def _keep_secret(key: str, value: str) -> None:
    """Who logs in is no secret: a message about a refused login has to name the user, and the address that a person
    visits the application.
    """
    if not key.endswith(NOT_SECRET):
        remember(value)


def _name_problem(name: Any, keys: Collection[str]) -> str:
    if isinstance(name, str) and upper(name) in keys:
        return ""
    near = difflib.get_close_matches(upper(str(name)), keys, n=1)
    known = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(keys)) or 'none'}"
    return f"unknown name {str(name)!r}; {known}"


def _value_problem(name: str, value: Any) -> str:
    return "" if value is None or isinstance(value, str) else f"{name} must be text; put it in quotes"


def _own_places(own: Mapping[str, str] | CredentialProvider | None) -> list[Place]:
    if own is None:
        return []
    if isinstance(own, Mapping):
        return [OwnMapping(own)]
    return [ProviderPlace(own, lambda key: [key])]
