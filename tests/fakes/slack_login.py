"""The tokens of an app that rotates them: they end after twelve hours, and each refresh token serves once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .slack_pages import Refused
from .slack_state import APP, TEAM, Raw

CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH = "1111.2222", "secret-of-the-app", "xoxe-1-first"
HOLD = timedelta(hours=12)


@dataclass
class Logins:
    """`now` is the service's clock; `grant` makes it know an access token until its end."""

    now: Callable[[], datetime]
    grant: Callable[[str, datetime], None]
    refresh: str = FIRST_REFRESH  # the one that is taken
    codes: set[str] = field(default_factory=lambda: {"a-code"})
    number: int = 0

    def give(self, told: dict[str, str]) -> Raw:
        """The next pair, for a code or for a refresh token; both are used up by it."""
        if told.get("client_id") != CLIENT_ID:
            raise Refused("invalid_client_id")
        if told.get("client_secret") != CLIENT_SECRET:
            raise Refused("bad_client_secret")
        if told.get("grant_type") == "refresh_token":
            if told.get("refresh_token") != self.refresh:
                raise Refused("invalid_refresh_token")
        elif told.get("code") not in self.codes:
            raise Refused("invalid_code")
        self.codes.discard(told.get("code", ""))
        self.number += 1
        access, self.refresh = f"xoxe.xoxb-1-{self.number}", f"xoxe-1-{self.number}"
        self.grant(access, self.now() + HOLD)
        body = {"app_id": "A1", "access_token": access, "token_type": "bot", "scope": "channels:history,channels:read"}
        body |= {"bot_user_id": APP, "expires_in": int(HOLD.total_seconds()), "refresh_token": self.refresh}
        return body | {"team": {"id": TEAM, "name": "Acme"}, "enterprise": None, "is_enterprise_install": False}
