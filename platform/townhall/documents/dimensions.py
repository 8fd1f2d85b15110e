"""Chains of dimensions and the scale bar, as on every drawing of a hall; paper millimetres throughout."""

from collections.abc import Iterable, Iterator

from townhall.documents import svg
from townhall.documents.svg import INK

SIZE = 2.6  # height of figures
_SHORTEST = 8  # of a span that has room for its figure


def chain(spans: Iterable[tuple[float, float, int]], at: float, angle: int) -> Iterator[str]:
    """A chain of dimensions: oblique ticks, the millimetres above the line, upright or turned by 90 degrees.

    A span is where it starts and ends on the paper, and how long it is in the hall.
    """
    for start, end, length in spans:
        yield svg.line(*_turned(start, at, angle), *_turned(end, at, angle))
        for tick in (start, end):
            x, y = _turned(tick, at, angle)
            yield svg.line(x - 0.8, y + 0.8, x + 0.8, y - 0.8, stroke_width=0.4)
        if end - start >= _SHORTEST:
            yield _measure((start + end) / 2, at, angle, length)


def scale_bar(x: float, y: float, scale: int) -> str:
    """Five metres in steps of one, from its upper left corner."""
    step = 1000 / scale
    bars = [
        svg.rect(
            x + i * step, y, step, 1.6, fill=INK if i % 2 == 0 else "#ffffff", stroke=INK, stroke_width=0.2
        )
        for i in range(5)
    ]
    words = [svg.text(x + i * step, y + 3.8, SIZE, str(i)) for i in range(5)]
    words.append(svg.text(x + 5 * step, y + 3.8, SIZE, "5 米"))
    title = svg.text(x, y - 2.6, 2.9, f"比例 1:{scale}", text_anchor="start")
    return "".join([*bars, *words, title])


def _measure(middle: float, at: float, angle: int, length: int) -> str:
    x, y = _turned(middle, at, angle)
    if not angle:
        return svg.text(x, y - 2.0, SIZE, str(length))
    turn = f"rotate(-90 {svg.number(x - 2.0)} {svg.number(y)})"
    return svg.text(x - 2.0, y, SIZE, str(length), transform=turn)


def _turned(position: float, at: float, angle: int) -> tuple[float, float]:
    return (at, position) if angle else (position, at)
