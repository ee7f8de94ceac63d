"""Where a GitHub answers: its REST and GraphQL interfaces, and its pages."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

PUBLIC = "https://api.github.com"
ENTERPRISE_PATH = "/api/v3"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Of one GitHub: github.com, a data residency of GHE.com, or an Enterprise Server."""

    rest: str
    graphql: str
    web: str

    @classmethod
    def of(cls, base_url: str) -> Addresses:
        """From the address of the REST interface, or of an Enterprise Server itself."""
        base = base_url.rstrip("/")
        parts = urlsplit(base)
        host = parts.netloc
        if host.startswith("api."):
            return cls(base, f"{base}/graphql", f"{parts.scheme}://{host.removeprefix('api.')}")
        root = base.removesuffix(ENTERPRISE_PATH)
        return cls(root + ENTERPRISE_PATH, f"{root}/api/graphql", root)
