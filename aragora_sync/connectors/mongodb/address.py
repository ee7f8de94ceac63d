"""Where a server is and as whom to log in; what of it may be shown."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from ...core.errors import ConfigError
from .errors import bad_uri

LISTS = {"compressors", "readpreferencetags"}  # options that are taken as far as they go
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "/", "%2F", "%2f")

_URI = re.compile(r"(mongodb(?:\+srv)?)://(?:(.*)@)?([^/?]+)(?:/([^?]*))?(?:\?(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A URI taken apart. Shown are hosts and database, never the rest."""

    uri: str = field(repr=False)
    hosts: str
    user: str
    database: str
    options: dict[str, str] = field(repr=False)
    srv: bool

    @classmethod
    def read(cls, uri: str, database: str) -> Address:
        """The address of this URI; `database` where it names none, or another. Raises ConfigError."""
        found = _URI.fullmatch(uri.strip())
        if found is None:
            raise bad_uri()
        scheme, login, hosts, named, rest = found.groups(default="")
        options = {name.lower(): value for name, value in parse_qsl(rest, keep_blank_values=True)}
        user = unquote(login.partition(":")[0])
        return cls(uri.strip(), hosts, user, database or unquote(named), options, scheme.endswith("+srv"))

    def __str__(self) -> str:
        return self.hosts

    @property
    def encrypted(self) -> bool:
        asked = self.options.get("tls", self.options.get("ssl", "true" if self.srv else "false"))
        return asked.lower() == "true"

    @property
    def local(self) -> bool:
        """Whether nothing leaves this machine."""
        return all(host.startswith(LOOPBACK) for host in self.hosts.split(","))

    @property
    def names_source(self) -> bool:
        return "authsource" in self.options

    @property
    def trusting(self) -> bool:
        """Whether the options let anybody answer in the place of the server."""
        names = ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")
        return any(self.options.get(name, "").lower() == "true" for name in names)

    @property
    def unknown(self) -> list[str]:
        """The options that the driver passes over as it does not know them.

        Raises ConfigError for one of which it passes over the value: that may be the one that encrypts.
        """
        from pymongo.errors import ConfigurationError
        from pymongo.uri_parser import validate_options

        unknown: list[str] = []
        for name in self.options.keys() - LISTS:
            try:
                with contextlib.suppress(OSError):  # of a file, which is told later
                    validate_options({name: self.options[name]}, warn=False)
            except (ConfigurationError, TypeError, ValueError) as error:
                if not str(error).startswith("Unknown option"):
                    raise ConfigError(
                        f"mongodb: the option {name} of the uri cannot have the value that it has.",
                        hint="switches are true or false, times are milliseconds",
                    ) from error
                unknown.append(name)
        return sorted(unknown)

    def without(self, names: Collection[str]) -> str:
        """The URI without these options."""
        before, mark, rest = self.uri.partition("?")
        return before + mark + "&".join(part for part in rest.split("&") if part.partition("=")[0].lower() not in names)

    def masked(self, text: str) -> str:
        """The text without what only the owner of the login knows."""
        login = self.uri.partition("://")[2].rpartition("@")[0]
        password = login.partition(":")[2]
        for secret in (self.uri, login, password, unquote(password), self.options.get("authmechanismproperties", "")):
            if secret:
                text = text.replace(secret, "…")
        return text
