"""Progress that a person reads: one JSON file per connector and tenant, a copy of what the store knows."""

from .file import State, StateFile

__all__ = ["State", "StateFile"]
