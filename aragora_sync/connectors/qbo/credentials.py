"""What a program hands over instead of a login."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

CLIENT_ID, CLIENT_SECRET = "QBO_CLIENT_ID", "QBO_CLIENT_SECRET"
WEBHOOK_TOKEN = "QBO_WEBHOOK_TOKEN"  # noqa: S105 - the name of one
ACCESS_TOKEN, REFRESH_TOKEN = "QBO_ACCESS_TOKEN", "QBO_REFRESH_TOKEN"


class QBOEnvironment(StrEnum):
    """Where the company is. Each has keys of its own."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class QBOCredentials:
    """The application, its tokens, and the company that they are for. None of the secrets is ever shown."""

    client_id: str
    client_secret: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    realm_id: str = ""
    environment: QBOEnvironment = QBOEnvironment.PRODUCTION

    def by_name(self) -> dict[str, str]:
        """As `credentials:` of a connector."""
        told = {CLIENT_ID: self.client_id, CLIENT_SECRET: self.client_secret}
        told |= {ACCESS_TOKEN: self.access_token, REFRESH_TOKEN: self.refresh_token}
        return {name: value for name, value in told.items() if value}
