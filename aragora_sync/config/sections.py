"""The parts of the file around the connectors' own options, declared like those."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..auth.providers import OURS
from ..core.options import option

PROVIDER_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


class StoreSection:
    """`store:`"""

    type: str = option("sqlite", help="Kind of the store.", choices=["sqlite"])
    path: Path | None = option(
        None, help="Folder of the store, one file per tenant; by default ~/.aragora/knowledge.", example="knowledge"
    )
    keep_deleted_days: int = option(
        30, help="How long the store remembers what was deleted, in days.", at_least=1, at_most=36_500
    )


class ProviderSection:
    """`credentials:` at the top of the file"""

    provider: str = option(
        help=f"What is asked for credentials: {', '.join(OURS)}, or a class of yours as package.module:Class.",
        example="vault",
    )
    options: dict[str, Any] = option(
        {}, help="What it is made with.", example={"vault_addr": "https://vault.example.com:8200"}
    )


class TenantSection:
    """One entry of `tenants:`"""

    id: str = option("default", help="Name of the tenant; tenants share nothing.", example="workspace-1")
    shared_credentials: bool = option(
        True,
        help="Whether this tenant may use the credentials that are set for all tenants, like ARAGORA_SLACK_BOT_TOKEN.",
    )
    credentials: dict[str, str] = option(
        {}, help="Credentials of this tenant by name.", example={"SLACK_BOT_TOKEN": "${WORKSPACE_1_SLACK}"}
    )
    connectors: list[Any] = option([], help="What this tenant syncs.")


class ConnectorSection:
    """What every entry of `connectors:` may say beside the options of its class"""

    type: str = option(help="What the source is; see `aragora-sync connectors`.", example="filesystem")
    id: str | None = option(
        None, help="Name of this connector; by default made of its type and what it reads.", example="docs"
    )
    enabled: bool = option(
        True, help="Whether `aragora-sync run` syncs it; where false, variables may be unset.", example=False
    )
    schedule: dict[str, Any] = option({}, help="When `aragora-sync schedule` syncs it by itself.")


class HooksSection:
    """`hooks:` at the top of the file"""

    on_failure: list[str] | str | None = option(
        None,
        help="Told when a run did not go well: a command with its arguments, which reads JSON from stdin, or an "
        "address to which JSON is posted.",
        example=["/usr/local/bin/page-me", "--urgent"],
    )
    on_success: list[str] | str | None = option(
        None, help="Told when a run went well.", example="https://hc-ping.example.com/0c5c0e80"
    )
    on_recovery: list[str] | str | None = option(
        None,
        help="Told when a run went well after one that did not.",
        example=["/usr/local/bin/page-me", "--all-clear"],
    )


class FileSection:
    """The file as a whole"""

    store: dict[str, Any] = option({}, help="Where the items live.")
    state_dir: Path | None = option(
        None, help="Folder of the state files, by default ~/.aragora/sync_state.", example="sync_state"
    )
    credentials: dict[str, Any] = option({}, help="A provider that is asked for credentials before all other places.")
    hooks: dict[str, Any] = option({}, help="Who is told how runs end.")
    tenants: list[Any] = option([], help="The customers or workspaces, each with its connectors.")
    connectors: list[Any] = option([], help="Connectors of the tenant `default`, instead of tenants.")
