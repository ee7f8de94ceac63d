"""What a source says by itself, through a webhook or a notification: that something changed, and perhaps what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hint:
    """These items of this stream changed. Without refs: something of this stream; without a stream: something.

    A hint moves no cursor: items with a ref are fetched, all else asks for an incremental run. A ref is what `fetch`
    takes.
    """

    stream: str = ""
    refs: tuple[str, ...] = ()
