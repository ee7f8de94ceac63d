"""What is written on a page: asked for as a whole, or block by block."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...core.errors import AccessError, NotFound
from .blocks import BlockReading
from .dialect import Body, body_of
from .errors import NoEndpoint, NotThatKind
from .ids import id_of

if TYPE_CHECKING:
    from .api import Api

MOST_PARTS = 100  # of one page that are asked for by themselves; blocks come a hundred at once

_UNKNOWN = re.compile(r"^(\t*)(.*?)<unknown\b([^>]*?)/?>(?:</unknown>)?", re.MULTILINE)
_ADDRESS = re.compile(r'(?:url|href)="[^"]*#([^"]*)"')


class Bodies:
    """Bodies of pages. Safe among threads."""

    def __init__(self, api: Api, *, by_blocks: bool) -> None:
        self._api = api
        self.by_blocks = by_blocks

    def body(self, page_id: str) -> Body:
        """All that is to be read on a page."""
        if not self.by_blocks:
            try:
                told = self._whole(page_id)
                if told is not None:
                    return body_of(told, Body(block=BlockReading(self._api, page_id).left_out))
            except NoEndpoint:
                self.by_blocks = True  # so it is for every page
        return BlockReading(self._api, page_id).body()

    def _whole(self, page_id: str) -> str | None:
        """The page's Markdown; None where Notion leaves out too much, or does not say what."""
        raw = self._api.markdown(page_id)
        told, missing = str(raw["markdown"]), list(raw.get("unknown_block_ids") or ())
        if raw.get("truncated") and not missing:
            return None
        asked: set[str] = set()
        while missing:
            block_id = missing.pop(0)
            if block_id in asked:
                continue
            if len(asked) + len(missing) >= MOST_PARTS:
                return None
            asked.add(block_id)
            part, more = self._part(block_id)
            if part is not None:
                told = _spliced(told, block_id, part)
            missing += more
        return told

    def _part(self, block_id: str) -> tuple[str | None, list[str]]:
        """A block that was left out; None where it cannot be read by itself either."""
        try:
            raw = self._api.markdown(block_id)
        except (AccessError, NotFound, NotThatKind):
            return None, []
        return str(raw["markdown"]), list(raw.get("unknown_block_ids") or ())


def _spliced(told: str, block_id: str, part: str) -> str:
    """The part in place of the tag that stands for it, as deep as that; at the end where there is none."""
    for found in _UNKNOWN.finditer(told):
        address = _ADDRESS.search(found[3])
        if address is not None and _means(address[1], block_id):
            deep = f"\n{found[1]}".join(part.strip("\n").split("\n"))
            return f"{told[: found.start()]}{found[1]}{found[2]}{deep}{told[found.end() :]}"
    return f"{told}\n{part}"


def _means(anchor: str, block_id: str) -> bool:
    """Whether a link's end names the block, in full or shortened."""
    if whole := id_of(anchor):
        return whole == block_id
    return bool(anchor) and block_id.replace("-", "").startswith(anchor.replace("-", ""))
