"""The site that `base_url` names: which of the two APIs it speaks, its spaces and its people."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from ...core.errors import NotFound
from ...net.access import Access, Fixed, basic, bearer
from ...net.trouble import CHECK_ADDRESS
from .cloud import Cloud
from .datacenter import DataCenter
from .errors import EMAIL, TOKEN, explain
from .names import Names
from .records import CURRENT, Space

if TYPE_CHECKING:
    from . import ConfluenceConnector

Api: TypeAlias = Cloud | DataCenter

CLOUD_HOSTS = (".atlassian.net", ".atlassian.com", ".jira.com")


class Site:
    """What all streams of a run share. Safe among threads."""

    def __init__(self, connector: ConfluenceConnector) -> None:
        self._connector = connector
        self.once = connector.once
        address = connector.base_url.rstrip("/")
        self._in_cloud = (urlsplit(address).hostname or "").endswith(CLOUD_HOSTS)
        self._address = address

    @property
    def api(self) -> Api:
        """The one of the two APIs that answers there."""
        return self._recognised()[0]

    @property
    def names(self) -> Names:
        return self.once("names", lambda: Names(self.api.names_of))

    def spaces(self) -> Mapping[str, Space]:
        """The spaces that the options mean and the token sees, by id; archived ones too."""
        return {space.id: space for space in self._recognised()[1]}

    def wanted(self) -> dict[str, Space]:
        """Those of them that are read."""
        return {space.id: space for space in self.spaces().values() if self._is_wanted(space)}

    def _is_wanted(self, space: Space) -> bool:
        """An archived space is read where it is named, or archived ones are."""
        return bool(self._connector.spaces) or self._connector.include_archived or space.status == CURRENT

    def absent(self) -> list[str]:
        """Keys in the options that no space has that can be seen."""
        found = {key for space in self.spaces().values() for key in (space.key, space.alias)}
        return [key for key in dict.fromkeys(self._connector.spaces) if key not in found]

    def lost(self, stored: Collection[str]) -> list[str]:
        """The ids of spaces that were read before, may be meant by the options and can no longer be seen."""
        if self._connector.spaces and not self.absent():
            return []
        missing = [name for name in stored if name.isdigit() and name not in self.spaces()]
        return [name for name in missing if name not in self.archived() and not self.api.shows(name)]

    def archived(self) -> Collection[str]:
        """The ids of archived spaces that are not among the others."""
        return self.once("archived", lambda: {space.id for space in self.api.list_archived()})

    def _recognised(self) -> tuple[Api, list[Space]]:
        return self.once("api", self._recognise)

    def _recognise(self) -> tuple[Api, list[Space]]:
        """The listing of spaces tells, by being there or not."""
        for kind, root in self._candidates():
            http = self._connector.http(root, self._access(), place="Confluence", explain=explain)
            api = kind(http, self.once, archived=self._connector.include_archived)
            try:
                spaces = api.list_spaces(list(dict.fromkeys(self._connector.spaces)))
            except NotFound:
                continue
            api.space_ids = [space.id for space in spaces if self._is_wanted(space)]
            return api, spaces
        raise NotFound(
            f"there is no Confluence at {self._address}; nothing was deleted.",
            hint=f"base_url is like https://mycompany.atlassian.net/wiki; {CHECK_ADDRESS}",
        )

    def _candidates(self) -> Iterator[tuple[type[Api], str]]:
        """Where it may be, the likeliest first."""
        address = self._address
        cloud: tuple[type[Api], str] = Cloud, address if address.endswith("/wiki") else f"{address}/wiki"
        center: tuple[type[Api], str] = DataCenter, address
        if self._in_cloud:
            yield cloud
        elif address.endswith("/wiki") or self._email():
            yield from (cloud, center)
        else:
            yield from (center, cloud)

    def _email(self) -> str:
        return self._connector.asked_credentials.get(EMAIL) or ""

    def _access(self) -> Access:
        """A mail address and its token; a token alone is one of a Data Center, or of an application."""
        connector, at_gateway = self._connector, "/ex/confluence/" in self._address
        email = connector.credential(EMAIL) if self._in_cloud and not at_gateway else self._email()
        token = connector.credential(TOKEN)
        if not email:
            return bearer(token)
        return OneOf(basic(email, token), bearer(token)) if at_gateway else basic(email, token)


class OneOf:
    """Ways to show a credential, the first one that is not refused: the gateway takes some tokens one way alone."""

    def __init__(self, *ways: Fixed) -> None:
        self._ways = list(ways)
        self.key = ways[0].key

    def headers(self) -> Mapping[str, str]:
        return self._ways[0].headers()

    def renew(self, refused: Mapping[str, str]) -> bool:
        if refused == self.headers() and len(self._ways) > 1:
            self._ways.pop(0)
        return refused != self.headers()
