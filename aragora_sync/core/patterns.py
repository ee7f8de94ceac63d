"""Which paths are in: gitignore patterns to include and to exclude."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Patterns:
    """Includes and excludes of a connector; paths are relative, with `/`. Without includes everything is in."""

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        self.everything = not include and not exclude
        self._include = _spec(include) if include else None
        self._exclude = _spec(exclude) if exclude else None
        self._exclude_folder = _spec([*exclude, *_whole_folders(exclude)]) if exclude else None

    def match(self, path: str) -> bool:
        """Whether a file is in."""
        if self._exclude is not None and self._exclude.match_file(path):
            return False
        return self._include is None or bool(self._include.match_file(path))

    def may_hold(self, folder: str) -> bool:
        """Whether anything below `folder`, which ends with `/`, may be in."""
        return self._exclude_folder is None or not self._exclude_folder.match_file(folder)


def _whole_folders(exclude: Sequence[str]) -> list[str]:
    """`docs/**` excludes all that is in docs, so that nobody needs to look into it."""
    return [f"/{pattern.removesuffix('/**').lstrip('/')}/" for pattern in exclude if pattern.endswith("/**")]


def _spec(patterns: Sequence[str]) -> Any:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)
