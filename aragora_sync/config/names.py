"""Which ids are taken. Two that could be mistaken for each other, in a file name or a variable, are refused."""

from __future__ import annotations

from ..auth.scope import PREFIX, upper


class Names:
    """The ids of one file, with the lines they stand on, in the order in which they are added."""

    def __init__(self) -> None:
        self._tenants: dict[str, tuple[str, int]] = {}  # in small letters: as written
        self._connectors: dict[tuple[str, str], int] = {}
        self._prefixes: dict[str, tuple[str, int]] = {}

    def add_tenant(self, tenant: str, line: int) -> str:
        """Takes the id; says why it cannot be had, if so."""
        if tenant.lower() in self._tenants:
            first, first_line = self._tenants[tenant.lower()]
            if first == tenant:
                return f"tenant id {tenant!r} is used twice, first on line {first_line}"
            return f"tenant ids {first!r} (line {first_line}) and {tenant!r} differ only in case; rename one"
        self._tenants[tenant.lower()] = (tenant, line)
        return self._add_prefix(f"tenant id {tenant!r}", line, tenant)

    def add_connector(self, tenant: str, connector: str, line: int) -> str:
        """Takes the id within its tenant; says why it cannot be had, if so."""
        if (tenant, connector) in self._connectors:
            first_line = self._connectors[tenant, connector]
            return f"connector id {connector!r} is used twice, first on line {first_line}; give one another id"
        self._connectors[tenant, connector] = line
        return self._add_prefix(f"connector id {connector!r}", line, tenant, connector)

    def _add_prefix(self, what: str, line: int, *names: str) -> str:
        prefix = f"{PREFIX}{'__'.join(map(upper, names))}__"
        if prefix in self._prefixes:
            first, first_line = self._prefixes[prefix]
            return f"{first} (line {first_line}) and {what} share the environment prefix {prefix}; rename one"
        self._prefixes[prefix] = (what, line)
        return ""
