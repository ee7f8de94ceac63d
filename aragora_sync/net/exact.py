"""JSON in which amounts stay what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def exact_json(value: Any) -> str:
    """The value as JSON. A Decimal is written as a number, with its own digits and without an exponent."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is no amount")
        return format(value, "f")
    if isinstance(value, Mapping):
        members = (f"{json.dumps(str(name), ensure_ascii=False)}:{exact_json(each)}" for name, each in value.items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(exact_json, value))}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
