"""How people, groups and channels are called: listed once a run, and only where a text needs it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from .errors import dispensable
from .workspace import after

if TYPE_CHECKING:
    from .workspace import Workspace

MOST_PAGES = 25  # of people; whoever is not among them is asked for alone
PAGE_SIZE = 200


class Names:
    """The names of one workspace. Where the scopes do not suffice, ids stand for them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._users: dict[str, str] | None = None
        self._groups: dict[str, str] | None = None

    def user(self, user_id: str) -> str:
        if self._users is None:
            self._users = self._workspace.once("users", self._list_users)
        if user_id not in self._users:  # a stranger of a shared channel, or somebody new
            self._users[user_id] = self._workspace.once(f"user {user_id}", lambda: self._ask_user(user_id))
        return self._users[user_id]

    def group(self, group_id: str) -> str:
        if self._groups is None:
            self._groups = self._workspace.once("groups", self._list_groups)
        return self._groups.get(group_id, group_id)

    def channel(self, channel_id: str) -> str:
        found = self._workspace.channels().get(channel_id)
        return found.name if found else channel_id

    def author(self, raw: Mapping[str, Any]) -> str:
        """Who wrote a message."""
        if raw.get("bot_id"):
            called = raw.get("username") or (raw.get("bot_profile") or {}).get("name")
            if called:
                return str(called)
        user: str = raw.get("user") or ""
        return self.user(user) if user else str(raw.get("username") or raw.get("bot_id") or "")

    def _list_users(self) -> dict[str, str]:
        found: dict[str, str] = {}
        pages = self._workspace.bot.pages("users.list", {"limit": PAGE_SIZE}, after=after, bucket="users.list")
        with dispensable():
            for answer in islice(pages, MOST_PAGES):
                found.update((raw["id"], _name_of(raw)) for raw in answer.body["members"])
        return found

    def _ask_user(self, user_id: str) -> str:
        with dispensable():
            answer = self._workspace.bot.get("users.info", {"user": user_id}, bucket="users.info")
            return _name_of(answer.body["user"])
        return user_id

    def _list_groups(self) -> dict[str, str]:
        with dispensable():
            answer = self._workspace.bot.get("usergroups.list", {"include_disabled": True}, bucket="usergroups.list")
            return {raw["id"]: raw.get("handle") or raw.get("name") or raw["id"] for raw in answer.body["usergroups"]}
        return {}


def _name_of(raw: Mapping[str, Any]) -> str:
    """What others see of somebody; also of who has left."""
    profile = raw.get("profile") or {}
    names = (
        profile.get("display_name_normalized"),
        profile.get("real_name_normalized"),
        profile.get("display_name"),
        profile.get("real_name"),
        raw.get("real_name"),
        raw.get("name"),
    )
    return str(next((name for name in names if name), raw["id"]))
