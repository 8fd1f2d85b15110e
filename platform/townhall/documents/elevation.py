"""A wall of the hall as it is seen from inside, at true scale: what hangs where, and how high above the floor.

Pure: millimetres of the hall in, SVG text out. Things that stand at the wall have no height in a centre's values, so
they are shown by their width only, below the floor.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from townhall.documents import svg
from townhall.documents.dimensions import SIZE, chain, scale_bar
from townhall.documents.placing import Box, wrapped
from townhall.documents.svg import INK

SCALES = (20, 25, 30, 40, 50, 60, 80, 100, 150, 200)  # as building drawings have them
# Paper millimetres around the wall: heights at the left, areas above, things and dimensions below.
_LEFT, _RIGHT, _TOP, _BOTTOM = 22.0, 8.0, 9.0, 44.0
_AREAS, _THINGS, _LETTERS, _APART = 7.0, 13.0, 3.2, 3.6


class Panel(NamedTuple):
    """A place on a wall, in hall millimetres from its left end and from the floor; `mark` as on the plan."""

    mark: str
    name: str
    x: int
    bottom: int
    width: int
    height: int


class Span(NamedTuple):
    """An area or a thing along a wall, in hall millimetres from its left end."""

    name: str
    x: int
    width: int


@dataclass(frozen=True)
class Elevation:
    """One wall: its size in hall millimetres and what is on, above and at it."""

    width: int
    height: int
    panels: tuple[Panel, ...]
    areas: tuple[Span, ...]
    things: tuple[Span, ...]


def extent(wall: Elevation, scale: int) -> tuple[float, float]:
    """Width and height of a drawing in paper millimetres."""
    return _LEFT + wall.width / scale + _RIGHT, _TOP + wall.height / scale + _BOTTOM


def common_scale(walls: Sequence[Elevation], width: float, height: float) -> int | None:
    """The largest scale at which every wall fits `width` by `height` paper millimetres, or None."""
    for scale in SCALES:
        extents = [extent(wall, scale) for wall in walls]
        if all(across <= width and up <= height for across, up in extents):
            return scale
    return None


def drawn(wall: Elevation, scale: int, face: str, title: str) -> str:
    """The drawing of a wall with its levels, its dimensions and its scale bar."""
    ground = Box(_LEFT, _TOP, wall.width / scale, wall.height / scale)
    parts = [*_shell(ground), *_levels(wall, ground, scale), *_areas(wall, ground, scale)]
    parts += [*_panels(wall, ground, scale), *_things(wall, ground, scale), *_dimensions(wall, ground, scale)]
    parts.append(scale_bar(_LEFT, ground.y + ground.height + _BOTTOM - 6, scale))
    return svg.drawing(*extent(wall, scale), "".join(parts), face=face, title=title)


def _shell(ground: Box) -> Iterator[str]:
    floor = ground.y + ground.height
    yield svg.rect(*ground, fill="#ffffff", stroke=INK, stroke_width=0.35)
    yield svg.line(ground.x - 3, floor, ground.x + ground.width + 3, floor, stroke_width=0.9)


def _areas(wall: Elevation, ground: Box, scale: int) -> Iterator[str]:
    """The areas of the hall that lie along the wall, above it."""
    for area in wall.areas:
        box = Box(ground.x + area.x / scale, ground.y - _AREAS, area.width / scale, _AREAS)
        yield svg.line(box.x, box.y, box.x, ground.y, stroke_dasharray="1.6 1.2")
        yield svg.line(box.x + box.width, box.y, box.x + box.width, ground.y, stroke_dasharray="1.6 1.2")
        yield from _words(area.name, box)


def _panels(wall: Elevation, ground: Box, scale: int) -> Iterator[str]:
    for panel in wall.panels:
        box = _placed(panel, ground, scale)
        yield svg.rect(*box, fill="#ffffff", stroke=INK, stroke_width=0.45)
        yield from _label(panel, box)


def _placed(panel: Panel, ground: Box, scale: int) -> Box:
    top = ground.y + ground.height - (panel.bottom + panel.height) / scale
    return Box(ground.x + panel.x / scale, top, panel.width / scale, panel.height / scale)


def _label(panel: Panel, box: Box) -> Iterator[str]:
    """The mark and, where there is room, what hangs there."""
    rest = Box(box.x, box.y + _LETTERS * 1.2, box.width, box.height - _LETTERS * 1.2)
    lines = wrapped(panel.name, rest, _LETTERS)
    top = box.centre - len(lines) * _LETTERS * 0.6
    yield svg.text(box.middle, top, _LETTERS, panel.mark, font_weight="700")
    for index, words in enumerate(lines, 1):
        yield svg.text(box.middle, top + index * _LETTERS * 1.2, _LETTERS, words)


def _things(wall: Elevation, ground: Box, scale: int) -> Iterator[str]:
    """What stands at the wall, and its doors, by their width below the floor."""
    for thing in wall.things:
        floor = ground.y + ground.height + 1.2
        box = Box(ground.x + thing.x / scale, floor, thing.width / scale, _THINGS)
        yield svg.rect(*box, fill="#ebebeb", stroke=INK, stroke_width=0.2)
        yield from _words(thing.name, box)


def _words(name: str, box: Box) -> Iterator[str]:
    lines = wrapped(name, box, _LETTERS)
    first = box.centre - (len(lines) - 1) * _LETTERS * 0.6
    for index, words in enumerate(lines):
        yield svg.text(box.middle, first + index * _LETTERS * 1.2, _LETTERS, words)


def _levels(wall: Elevation, ground: Box, scale: int) -> Iterator[str]:
    """The heights of lower edges above the floor, at the left, each led to the first panel that has it."""
    floor, last = ground.y + ground.height, -_APART
    for level in sorted({panel.bottom for panel in wall.panels}):
        first = min(panel.x for panel in wall.panels if panel.bottom == level)
        height = level / scale
        last = max(height, last + _APART)
        yield svg.line(
            ground.x - 2, floor - height, ground.x + first / scale, floor - height, stroke_dasharray="0.6 0.9"
        )
        yield svg.text(ground.x - 3, floor - last, SIZE, str(level), text_anchor="end")


def _dimensions(wall: Elevation, ground: Box, scale: int) -> Iterator[str]:
    edges = {edge for panel in wall.panels for edge in (panel.x, panel.x + panel.width)}
    below = ground.y + ground.height + _THINGS + 8
    for points, at in ((sorted({0, wall.width} | edges), below), ([0, wall.width], below + 7)):
        spans = [(ground.x + a / scale, ground.x + b / scale, b - a) for a, b in pairwise(points)]
        yield from chain(spans, at, 0)
    yield from chain([(ground.y, ground.y + ground.height, wall.height)], ground.x - 14, 90)
