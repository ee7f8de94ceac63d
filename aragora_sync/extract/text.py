"""Plain text in any encoding; what is no text is told apart."""

from __future__ import annotations

import codecs
import re

HEAD_BYTES = 65_536  # enough to tell text from binary
SAMPLE_BYTES = 4096
SHORTEST_UTF16 = 8  # of fewer bytes nobody can say

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def looks_binary(head: bytes) -> bool:
    """Whether the beginning of a file can't be text: it holds control characters, and no encoding explains them."""
    return _CONTROLS.search(head) is not None and _by_bytes(head) is None


def decode(content: bytes) -> str | None:
    """The text, by its byte order mark, as UTF-8, or by the best guess; None for what is no text."""
    if (encoding := _by_bytes(content)) is not None:
        return content.decode(encoding, "replace")
    if _CONTROLS.search(content) is not None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(content)


def _by_bytes(content: bytes) -> str | None:
    """The encoding that a byte order mark tells, or zeros in every second place."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding
    sample = content[:SAMPLE_BYTES]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    enough = max(SHORTEST_UTF16, len(sample)) // 2 * 0.4
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > enough and others == 0 and not _CONTROLS.search(sample.decode(encoding, "replace").encode()):
            return encoding
    return None


def _guess(content: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(content).best()
    return None if best is None else str(best)
