"""Plan symbols of the things that stand in a hall, each drawn into its own footprint."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from townhall.documents import svg
from townhall.documents.placing import Box
from townhall.documents.svg import INK

Symbol = Callable[[Box], str]


def _plain(box: Box, fill: str = "#ffffff", stroke: float = 0.35) -> str:
    return svg.rect(*box, fill=fill, stroke=INK, stroke_width=stroke)


def _counter(box: Box) -> str:
    """A counter with a double edge on the side of the public."""
    edge = svg.line(box.x, box.y + box.height - 0.9, box.x + box.width, box.y + box.height - 0.9)
    return _plain(box, "#f0f0f0", 0.5) + edge


def _seats(box: Box) -> str:
    across = box.width >= box.height
    length, depth = (box.width, box.height) if across else (box.height, box.width)
    count = max(1, round(length / depth))
    return "".join(_seat(box, index, length / count, across=across) for index in range(count))


def _seat(box: Box, index: int, pitch: float, *, across: bool) -> str:
    start = index * pitch + 0.3
    if across:
        return svg.rect(
            box.x + start,
            box.y,
            pitch - 0.6,
            box.height,
            rx=1.0,
            fill="#ffffff",
            stroke=INK,
            stroke_width=0.3,
        )
    return svg.rect(
        box.x, box.y + start, box.width, pitch - 0.6, rx=1.0, fill="#ffffff", stroke=INK, stroke_width=0.3
    )


def _cabinet(box: Box) -> str:
    """A cabinet with the line of its doors."""
    inner = Box(box.x + 0.6, box.y + 0.6, box.width - 1.2, box.height - 1.2)
    return _plain(box) + svg.rect(*inner, fill="none", stroke=INK, stroke_width=0.15)


def _water(box: Box) -> str:
    radius = min(box.width, box.height) * 0.3
    return _plain(box) + svg.circle(
        box.middle, box.centre, radius, fill="none", stroke=INK, stroke_width=0.25
    )


def _screen(box: Box) -> str:
    return svg.rect(*box, fill=INK)


def _terminal(box: Box) -> str:
    """A terminal with a dark strip for its screen, on the side of the wall."""
    strip = Box(box.x, box.y, box.width * 0.16, box.height)
    return _plain(box) + svg.rect(*strip, fill=INK)


SYMBOLS: Mapping[str, Symbol] = MappingProxyType(
    {
        "櫃台": _counter,
        "低位櫃台": _counter,
        "座椅": _seats,
        "桌": _plain,
        "櫃": _cabinet,
        "飲水機": _water,
        "顯示屏": _screen,
        "自助終端": _terminal,
        "其他": _plain,
    }
)


def key_symbol(kind: str, face: str) -> str:
    """The small picture of a kind for the legend, 10 by 5 millimetres."""
    box = Box(1.0, 0.5, 8.0, 4.0)
    shape = SYMBOLS[kind](box) if kind in SYMBOLS else _door_key(box)
    return svg.drawing(10, 5, shape, face=face, title=kind)


def _door_key(box: Box) -> str:
    """A door in the legend: a leaf and its swing."""
    x, y, r = box.x + 2, box.y, box.height
    swing = f"M{svg.number(x)} {svg.number(y)}A{r} {r} 0 0 1 {svg.number(x + r)} {svg.number(y + r)}"
    leaf = svg.line(x, y, x, y + r, stroke_width=0.5)
    return leaf + svg.path(swing, stroke_dasharray="0.9 0.6") + svg.line(x, y + r, x + r, y + r)
