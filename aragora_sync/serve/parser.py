"""Requests as they come in pieces: what is none is refused, and no piece of one grows without end."""

from __future__ import annotations

from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest

MOST_AROUND_BYTES = 4096  # what surrounds the chunks of a small body
PART_AROUND = 8  # of a large one, a part of so many: pieces of a byte each cost far more than they bring


class Parser(HTTPRequestParser):
    """As waitress reads, and what it does not foresee is answered like everything else that is no request."""

    path = ""  # is told where a client goes away, also of what was never read that far

    def received(self, data: bytes) -> int:
        taken = int(super().received(data))
        if self.chunked and not self.completed:
            body: Any = self.body_rcv
            if self.body_bytes_received - len(body) > MOST_AROUND_BYTES + len(body) // PART_AROUND:
                self.error = BadRequest("Too much around the chunks")
                self.completed = True
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # such as an address or a number that cannot be
            raise ParsingError("Malformed request") from error
        if self.chunked and "CONTENT_LENGTH" in self.headers:  # where it ends, a proxy may have understood otherwise
            raise ParsingError("Two lengths")
