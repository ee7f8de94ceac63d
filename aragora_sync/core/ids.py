"""Ids of tenants and connectors: which are allowed, and the one a connector gets when none is given."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

CONNECTOR_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")
TENANT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
SHOWN_ID = 60  # of a longer one an error shows the beginning
LONGEST_ID = 80  # together with the other id and ".json" it must fit into one file name


def connector_id_problem(connector_id: str) -> str:
    """Why this cannot be a connector's id; empty where it can."""
    if not CONNECTOR_ID.fullmatch(connector_id) or len(connector_id) > LONGEST_ID:
        return (
            f"connector id {_shown(connector_id)} must start with a small letter or digit and hold only a-z, 0-9, "
            f"'.' and '-', at most {LONGEST_ID} characters"
        )
    return ""


def tenant_id_problem(tenant_id: str) -> str:
    """Why this cannot be a tenant's id; empty where it can."""
    if not TENANT_ID.fullmatch(tenant_id) or len(tenant_id) > LONGEST_ID:
        return (
            f"tenant id {_shown(tenant_id)} must start with a letter or digit and hold only letters, digits, "
            f"'_', '.' and '-', at most {LONGEST_ID} characters"
        )
    return ""


def default_connector_id(kind: str, identity: Iterable[str]) -> str:
    """Type and identity options, readable; 6 hex of their hash are added where a character had to be replaced."""
    wanted = "-".join([kind, *identity])
    plain = re.sub(r"[^a-z0-9.]+", "-", wanted.lower()).strip("-.")
    if plain == wanted and len(plain) <= LONGEST_ID:
        return plain
    mark = hashlib.sha256(wanted.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return f"{plain[: LONGEST_ID - 7].rstrip('-.')}-{mark}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_ID else f"{text[: SHOWN_ID - 3]}...")
