"""What is recorded from the suite's fakes: a module for each type, whose `tape` records two runs."""

from __future__ import annotations

import importlib
import pkgutil


def taped() -> list[str]:
    """The types of which something is recorded."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def tape(kind: str) -> None:
    """Records them anew."""
    importlib.import_module(f"{__name__}.{kind}").tape()
