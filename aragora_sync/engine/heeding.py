"""What hints ask of a run: which streams are read, and of which only single items."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.hints import Hint


def wanted(hints: Iterable[Hint]) -> dict[str, tuple[str, ...]] | None:
    """For each stream that is named the refs to fetch, each once, or none where all that changed is to be read.

    None where a hint names no stream: then everything is looked at.
    """
    found: dict[str, dict[str, None] | None] = {}
    for hint in hints:
        if not hint.stream:
            return None
        refs = found.setdefault(hint.stream, {})
        if not hint.refs or refs is None:
            found[hint.stream] = None
        else:
            refs.update(dict.fromkeys(hint.refs))
    return {stream: tuple(refs or ()) for stream, refs in found.items()}
