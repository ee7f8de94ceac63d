"""Addresses that a configuration names."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit


def is_loopback(host: str) -> bool:
    """Whether it is this machine, so that nobody listens on the way there."""
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d+){3}", host) is not None


def split_address(text: str) -> SplitResult | None:
    """Its parts; None where it is no address."""
    try:
        parts = urlsplit(text)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


def address_problem(option: str, text: str, example: str, *, allow_http: bool | None) -> str:
    """What is wrong with the address that this option holds; empty where nothing is.

    `allow_http` is None where nobody can allow it.
    """
    parts = split_address(text)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return f"option {option!r} must be an address like {example}"
    if parts.query or parts.fragment:
        return f"option {option!r} must end before the ? or #, like {example}"
    if parts.scheme == "http" and not is_loopback(parts.hostname) and not allow_http:
        way_out = "" if allow_http is None else ", or allow_http: true where the network itself is trusted"
        return f"option {option!r} is plain http, which everybody on the way can read; use https{way_out}"
    return ""
