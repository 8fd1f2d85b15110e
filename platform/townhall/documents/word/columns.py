"""How wide the columns of a table are, from the `col` elements of the page: millimetres, parts, ems, or what is left."""

import re
from xml.etree.ElementTree import Element

MILLIMETRES = 25.4 / 72  # a point
_LENGTH = re.compile(r"width:\s*([\d.]+)(mm|%|em)")


def widths(table: Element, text: float, em: float) -> tuple[float, ...]:
    """Millimetres of each column, together as wide as the text; `em` is the size of its letters in points."""
    units = {"mm": 1.0, "%": text / 100, "em": em * MILLIMETRES}
    said = [_said(column, units) for column in table.iter("col")] or [None] * _most_cells(table)
    rest = max(text - sum(filter(None, said)), 0) / max(said.count(None), 1)
    found = [rest if width is None else width for width in said]
    return tuple(round(width * text / sum(found), 2) for width in found)


def _said(column: Element, units: dict[str, float]) -> float | None:
    found = _LENGTH.search(column.get("style", ""))
    return float(found[1]) * units[found[2]] if found else None


def _most_cells(table: Element) -> int:
    return max(len(row) for row in table.iter("tr"))
