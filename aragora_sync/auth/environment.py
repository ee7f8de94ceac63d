"""Credentials from the environment: variables, the files they name, and systemd's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import CredentialError
from .places import Found
from .scope import PREFIX, Scope, checked_key

FOLDER_VARIABLE = "CREDENTIALS_DIRECTORY"


class Environment:
    """The variables of a scope. A name is asked whole, `X` and then `X_FILE`, before a less particular one."""

    def __init__(self, scope: Scope, environ: Mapping[str, str]) -> None:
        self._scope = scope
        self._environ = environ

    def find(self, key: str) -> Found | None:
        for name in self._scope.variables(key):
            if found := read_variable(name, self._environ):
                return found
        return None

    def asked(self, key: str) -> list[str]:
        return [f"{name}, {name}_FILE" for name in self._scope.variables(key)]


class SystemdFolder:
    """The files that systemd's LoadCredential= lays down, named like the variables."""

    def __init__(self, scope: Scope, environ: Mapping[str, str]) -> None:
        self._scope = scope
        self._folder = environ.get(FOLDER_VARIABLE, "")

    def find(self, key: str) -> Found | None:
        names = self._scope.variables(key) if self._folder else []
        for name in names:
            path = Path(self._folder, name)
            if os.path.lexists(path):
                origin = f"${FOLDER_VARIABLE}/{name}"
                hint = f"give LoadCredential={name} of the unit a text file that is not empty"
                return Found(_read_secret(path, origin, hint), origin)
        return None

    def asked(self, key: str) -> list[str]:
        state = "" if self._folder else " (not set)"
        return [f"${FOLDER_VARIABLE}{state}: {', '.join(self._scope.variables(key))}"]


class EnvCredentialProvider:
    """The deployment's variables alone, ARAGORA_<KEY> or ARAGORA_<KEY>_FILE, as a provider for programs."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    def get_credential(self, key: str) -> str | None:
        """The value of ARAGORA_<KEY>, or None where it is not set."""
        found = read_variable(PREFIX + checked_key(key), self._environ)
        return found.value if found else None

    def set_credential(self, key: str, value: str) -> None:
        """Always refuses: a variable set here would be gone with the process."""
        name = PREFIX + checked_key(key)
        raise CredentialError(f"{name} cannot be kept in the environment.", hint=f"export {name}=… where it is set now")


def read_variable(name: str, environ: Mapping[str, str]) -> Found | None:
    """The variable, or else the text of the file that `<name>_FILE` names; None where both are unset or empty."""
    if value := environ.get(name):
        return Found(value, name)
    pointer = f"{name}_FILE"
    if path := environ.get(pointer):
        hint = f"put the path of a readable text file into {pointer}; the secret itself would go into {name}"
        return Found(_read_secret(Path(path), f"the file that {pointer} names", hint), pointer)
    return None


def _read_secret(path: Path, what: str, hint: str) -> str:
    """The text without its last line end. An empty file is an error: the next place may hold somebody else's secret."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        # Without its cause, which quotes the path: by mistake that may be the secret itself.
        raise CredentialError(f"{what} cannot be read: {error.strerror}.", hint=hint) from None
    except UnicodeDecodeError:
        raise CredentialError(f"{what} is not UTF-8 text.", hint=hint) from None  # the cause holds the bytes
    secret = text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
    if not secret:
        raise CredentialError(f"{what} is empty.", hint=hint)
    return secret
