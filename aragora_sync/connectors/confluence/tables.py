"""Tables to Markdown: what spans several cells is repeated in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .storage import Child, Node

GROUPS = ("thead", "tbody", "tfoot")
MOST_SPANNED = 100  # cells by one; more is a mistake, or an attack


class Grid(NamedTuple):
    """The cells of a table, row by row, all rows of the same length."""

    rows: list[list[str]]
    headed: bool  # the first row holds headings

    @classmethod
    def read(cls, table: Node, cell: Callable[[Node], str]) -> Grid:
        rows: list[list[str]] = []
        hanging: dict[int, tuple[str, int]] = {}  # by column: what a cell above says, and for how many rows yet
        headed = False
        for number, row in enumerate(_rows(table)):
            cells = [each for each in row.elements() if each.name in ("td", "th")]
            if number == 0:
                headed = bool(cells) and all(each.name == "th" for each in cells)
            rows.append(_filled(cells, cell, hanging))
        width = max(map(len, rows), default=0)
        return cls([row + [""] * (width - len(row)) for row in rows if row], headed)


def _rows(table: Node) -> Iterator[Node]:
    for each in table.elements():
        if each.name == "tr":
            yield each
        elif each.name in GROUPS:
            yield from _rows(each)


def beside_rows(table: Node) -> list[Child]:
    """What is in a table and in none of its rows: a caption, or a mistake."""
    return [each for each in table.children if isinstance(each, str) or each.name not in ("tr", *GROUPS)]


def _filled(cells: list[Node], text_of: Callable[[Node], str], hanging: dict[int, tuple[str, int]]) -> list[str]:
    """One row, with what hangs down into it."""
    row: list[str] = []
    for each in cells:
        _take_hanging(row, hanging)
        text, down = text_of(each), _span(each, "rowspan")
        for _ in range(_span(each, "colspan")):
            if down > 1:
                hanging[len(row)] = (text, down - 1)
            row.append(text)
    _take_hanging(row, hanging)
    return row


def _take_hanging(row: list[str], hanging: dict[int, tuple[str, int]]) -> None:
    while (above := hanging.pop(len(row), None)) is not None:
        text, left = above
        if left > 1:
            hanging[len(row)] = (text, left - 1)
        row.append(text)


def _span(cell: Node, name: str) -> int:
    told = cell.get(name)
    return min(max(1, int(told)), MOST_SPANNED) if told.isdigit() else 1


def table_of(grid: Grid) -> str:
    """The table as Markdown; without headings, its first row stands below empty ones."""
    if not grid.rows:
        return ""
    width = len(grid.rows[0])
    head, *rows = grid.rows if grid.headed else [[""] * width, *grid.rows]
    lines = [head, ["---"] * width, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def html_of(grid: Grid) -> str:
    """The table as HTML in one line, as it stands in a cell of another."""
    rows = []
    for number, cells in enumerate(grid.rows):
        tag = "th" if grid.headed and not number else "td"
        rows.append("".join(f"<{tag}>{cell}</{tag}>" for cell in cells))
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>" if rows else ""
