"""What may be wrong with the options of Vault that are each well by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..core.address import is_loopback, split_address
from ..core.options import Problem

_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")


def problems_with(values: Mapping[str, Any], environ: Mapping[str, str]) -> list[Problem]:
    """Everything that is wrong, without a value."""
    return [*_address(values, environ), *_login(values), *_paths(values)]


def address(values: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Where the server is: the option, else VAULT_ADDR."""
    return str(values["vault_addr"] or environ.get("VAULT_ADDR") or "")


def _address(values: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[Problem]:
    told = "option 'vault_addr'" if values["vault_addr"] else "the variable VAULT_ADDR"
    given = address(values, environ)
    if not given:
        yield Problem(("vault_addr",), "option 'vault_addr' is required, or the variable VAULT_ADDR")
        return
    parts = split_address(given)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        yield Problem(("vault_addr",), f"{told} must be like https://vault.example.com:8200")
    elif parts.scheme == "http" and not is_loopback(parts.hostname) and not values["allow_http"]:
        yield Problem(("vault_addr",), f"{told} must begin with https://, or allow_http: true lets everyone listen")


def _login(values: Mapping[str, Any]) -> Iterator[Problem]:
    ways = [name for name in ("vault_token", "token_file", "role_id", "kubernetes_role") if values[name]]
    if len(ways) > 1:
        yield Problem((ways[1],), f"options {ways[0]!r} and {ways[1]!r} are two ways to log in; give one")
    secrets = [name for name in ("secret_id", "secret_id_file") if values[name]]
    if len(secrets) > 1:
        yield Problem(("secret_id_file",), "options 'secret_id' and 'secret_id_file' say the same; give one")
    if secrets and not values["role_id"]:
        yield Problem((secrets[0],), f"option {secrets[0]!r} needs 'role_id' beside it")
    if values["auth_mount"] and not (values["role_id"] or values["kubernetes_role"]):
        yield Problem(("auth_mount",), "option 'auth_mount' needs 'role_id' or 'kubernetes_role' beside it")


def _paths(values: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("mount", "prefix", "auth_mount", "namespace"):
        text = (values[name] or "").strip("/")
        if not _PATH.fullmatch(text) and (text or name == "mount"):
            yield Problem((name,), f"option {name!r} must be a path, like 'team/secrets'")
    if not values["field"]:
        yield Problem(("field",), "option 'field' is empty")
