"""What a program hands over instead of a login."""

from __future__ import annotations

from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True)
class XeroCredentials:
    """What a program gives instead of a configuration. `tenant_id` is the organisation at Xero."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    tenant_id: str = ""

    def by_name(self) -> dict[str, str]:
        """As `credentials:` of a connector names them; those that are empty are left out."""
        named = {f"XERO_{each.name.upper()}": getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in named.items() if value and name != "XERO_TENANT_ID"}
