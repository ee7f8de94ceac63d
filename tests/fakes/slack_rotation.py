"""A workspace whose app rotates its token: each lives for twelve hours, and each refresh token is taken once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .slack import BOT, FakeSlack, Token
from .web import Answer, Asked

CLIENT, SECRET = "1.2", "secret-of-the-app-4711"
LASTS = timedelta(hours=12)


class RotatingSlack(FakeSlack):
    """`refresh` is the refresh token that is taken."""

    def begin_anew(self) -> None:
        super().begin_anew()
        self.refresh = "xoxe-1-first-of-the-fake"
        self.ends: dict[str, datetime] = {BOT: self.now + LASTS}
        self.refusals = 0
        self._number = 0

    def answer(self, asked: Asked) -> Answer:
        for value, ends in self.ends.items():
            if self.now >= ends:
                self.tokens[value].refusal = "token_expired"
        if asked.path == "/api/oauth.v2.access":
            return Answer(200, self._renewed(asked.form))
        return super().answer(asked)

    @property
    def bot(self) -> str:
        """The newest token of the app."""
        return list(self.ends)[-1]

    def _renewed(self, form: dict[str, str]) -> dict[str, Any]:
        if form.get("client_id") != CLIENT:
            return {"ok": False, "error": "invalid_client_id"}
        if form.get("client_secret") != SECRET:
            return {"ok": False, "error": "bad_client_secret"}
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh:
            self.refusals += 1
            return {"ok": False, "error": "invalid_refresh_token"}
        self._number += 1
        bot, self.refresh = f"xoxe.xoxb-1-{self._number}-of-the-app", f"xoxe-1-{self._number}-of-the-fake"
        self.tokens[bot], self.ends[bot] = Token(), self.now + LASTS
        told = {"ok": True, "app_id": "A1", "token_type": "bot", "scope": "channels:history,channels:read"}
        told |= {"access_token": bot, "refresh_token": self.refresh, "expires_in": int(LASTS.total_seconds())}
        return {**told, "team": {"id": self.state.team_id, "name": "Acme"}, "enterprise": None}
