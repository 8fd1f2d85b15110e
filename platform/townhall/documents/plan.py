"""The hall plan as a drawing at true scale, for the A3 sheet and as a small picture on a web page.

Pure: millimetres of the hall in, SVG text out. Doors open outwards, in the direction of escape.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from townhall.documents import svg
from townhall.documents.dimensions import chain, scale_bar
from townhall.documents.furniture import SYMBOLS
from townhall.documents.placing import Box, Labels, wrapped
from townhall.documents.svg import INK

SCALES = (50, 100, 200)
WALL = 200  # thickness as drawn, millimetres of the hall; the standard says nothing about it
DOOR = "門"
DRAWN_FULL = frozenset(
    {DOOR, "座椅", "顯示屏", "自助終端", "飲水機"}
)  # their symbols leave no room for words
_DIMENSIONS = 19.0  # paper millimetres kept free for slot labels and the two chains of dimensions
_EDGE = 3.0
_SIZE = 2.9  # paper millimetres, height of an ordinary label


class Area(NamedTuple):
    """A named rectangle in hall millimetres."""

    name: str
    x: int
    y: int
    width: int
    depth: int


class Thing(NamedTuple):
    """An object; `number` and `window` are set for counters (0 and empty otherwise)."""

    kind: str
    name: str
    x: int
    y: int
    width: int
    depth: int
    number: int = 0
    window: str = ""


class Slot(NamedTuple):
    """A place on a wall, offset from the left end as seen from inside; `mark` is its short name on the plan."""

    wall: str
    offset: int
    width: int
    mark: str


@dataclass(frozen=True)
class Plan:
    """What a plan shows, in hall millimetres; the origin is the north-west corner, y grows southwards."""

    width: int
    depth: int
    areas: tuple[Area, ...]
    things: tuple[Thing, ...]
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Frame:
    """Where the hall lies on the paper: scale and the paper margins around its inner rectangle."""

    plan: Plan
    scale: int
    north: float
    east: float
    south: float
    west: float

    def x(self, value: float) -> float:
        return self.west + value / self.scale

    def y(self, value: float) -> float:
        return self.north + value / self.scale

    def box(self, x: float, y: float, width: float, depth: float) -> Box:
        """A rectangle of the hall on the paper."""
        return Box(self.x(x), self.y(y), width / self.scale, depth / self.scale)

    @property
    def width(self) -> float:
        return self.west + self.plan.width / self.scale + self.east

    @property
    def height(self) -> float:
        return self.north + self.plan.depth / self.scale + self.south


def fitting(plan: Plan, width: float, height: float) -> Frame | None:
    """The largest scale at which the drawing fits `width` by `height` paper millimetres, or None."""
    frames = (_framed(plan, scale) for scale in SCALES)
    return next((frame for frame in frames if frame.width <= width and frame.height <= height), None)


def sheet(frame: Frame, face: str, title: str) -> str:
    """The plan for paper: dimensions, wall places, labels, scale bar and north arrow."""
    labels = Labels(frame.box(0, 0, frame.plan.width, frame.plan.depth))
    for thing in frame.plan.things:
        labels.occupy(frame.box(thing.x, thing.y, thing.width, thing.depth))
    parts = [*_room(frame), *_things(frame, labels), *_area_names(frame, labels, 3.4)]
    bar = scale_bar(frame.west, frame.height - 7.5, frame.scale)
    parts += [*_slots(frame), *_dimensions(frame), bar, _north(frame)]
    return svg.drawing(frame.width, frame.height, "".join(parts), face=face, title=title)


def thumbnail(plan: Plan, face: str, title: str) -> str:
    """The plan as a small picture for a web page: areas, furniture and window numbers only."""
    edge = WALL / 100 + 0.5
    frame = Frame(plan, 100, edge, edge, edge, edge)
    labels = Labels(frame.box(0, 0, plan.width, plan.depth))
    parts = [*_room(frame, swing=False), *(_symbol(frame, thing) for thing in _furniture(plan))]
    parts += [_counter_number(frame, thing) for thing in plan.things if thing.number]
    for thing in plan.things:
        labels.occupy(frame.box(thing.x, thing.y, thing.width, thing.depth))
    parts += _area_names(frame, labels, 3.4)
    return svg.drawing(frame.width, frame.height, "".join(parts), face=face, title=title, fluid=True)


def door_wall(plan: Plan, door: Thing) -> str:
    """The wall that a door is in: the one nearest to its footprint."""
    distances = {
        "北牆": door.y,
        "西牆": door.x,
        "南牆": plan.depth - door.y - door.depth,
        "東牆": plan.width - door.x - door.width,
    }
    along = ("北牆", "南牆") if door.width >= door.depth else ("東牆", "西牆")
    return min(along, key=lambda wall: distances[wall])


def _framed(plan: Plan, scale: int) -> Frame:
    swing = {wall: _swing(plan, wall) / scale for wall in ("北牆", "東牆", "南牆", "西牆")}
    edge = WALL / scale + _EDGE
    return Frame(
        plan,
        scale,
        north=edge + max(_DIMENSIONS, swing["北牆"]),
        east=edge + max(_DIMENSIONS, swing["東牆"]),
        south=edge + max(swing["南牆"], 14.0),
        west=edge + swing["西牆"],
    )


def _swing(plan: Plan, wall: str) -> float:
    """How far doors of a wall swing out, in hall millimetres."""
    doors = [door for door in plan.things if door.kind == DOOR and door_wall(plan, door) == wall]
    return max((_leaf(max(door.width, door.depth)) for door in doors), default=0)


def _leaf(opening: int) -> float:
    return opening / 2 if opening >= 1500 else opening


def _room(frame: Frame, *, swing: bool = True) -> Iterator[str]:
    plan, wall = frame.plan, WALL
    outer = frame.box(-wall, -wall, plan.width + 2 * wall, plan.depth + 2 * wall)
    inner = frame.box(0, 0, plan.width, plan.depth)
    yield svg.rect(*outer, fill=INK)
    yield svg.rect(*inner, fill="#ffffff")
    for area in plan.areas:
        box = frame.box(area.x, area.y, area.width, area.depth)
        yield svg.rect(*box, fill="none", stroke="#8a8a8a", stroke_width=0.25, stroke_dasharray="1.6 1.2")
    yield svg.rect(*inner, fill="none", stroke=INK, stroke_width=0.25)
    for door in plan.things:
        if door.kind == DOOR:
            yield _door(frame, door, swing=swing)


def _door(frame: Frame, door: Thing, *, swing: bool) -> str:
    """The opening and its leaves, drawn for a south wall and turned into place."""
    wall = door_wall(frame.plan, door)
    opening = max(door.width, door.depth) / frame.scale
    x, y, angle = _hinge(frame, door, wall)
    shapes = svg.rect(0, -0.2, opening, WALL / frame.scale + 0.4, fill="#ffffff")
    if swing:
        shapes += _leaves(opening, WALL / frame.scale, double=max(door.width, door.depth) >= 1500)
    turn = f"translate({svg.number(x)} {svg.number(y)}) rotate({angle})"
    return svg.element("g", shapes, transform=turn)


def _hinge(frame: Frame, door: Thing, wall: str) -> tuple[float, float, int]:
    """The inner corner where the door starts and the turn that takes a south wall to this wall."""
    plan = frame.plan
    corners = {
        "南牆": (door.x, plan.depth, 0),
        "北牆": (door.x + door.width, 0, 180),
        "西牆": (0, door.y, 90),
        "東牆": (plan.width, door.y + door.depth, 270),
    }
    x, y, angle = corners[wall]
    return frame.x(x), frame.y(y), angle


def _leaves(opening: float, wall: float, *, double: bool) -> str:
    leaf = opening / 2 if double else opening
    shapes = _one_leaf(0, leaf, 1, wall)
    return shapes + _one_leaf(opening, leaf, -1, wall) if double else shapes


def _one_leaf(hinge: float, leaf: float, side: int, wall: float) -> str:
    tip = svg.number(wall + leaf)
    end = svg.number(hinge + side * leaf)
    arc = (
        f"M{svg.number(hinge)} {tip}A{svg.number(leaf)} {svg.number(leaf)} 0 0 {0 if side > 0 else 1} {end} "
    )
    swing = svg.path(arc + svg.number(wall), stroke_dasharray="1.2 0.8")
    return svg.line(hinge, wall, hinge, wall + leaf, stroke_width=0.5) + swing


def _furniture(plan: Plan) -> list[Thing]:
    return [thing for thing in plan.things if thing.kind != DOOR]


def _symbol(frame: Frame, thing: Thing) -> str:
    return SYMBOLS[thing.kind](frame.box(thing.x, thing.y, thing.width, thing.depth))


def _things(frame: Frame, labels: Labels) -> Iterator[str]:
    for thing in _furniture(frame.plan):
        yield _symbol(frame, thing)
    for thing in frame.plan.things:
        yield from _named(frame, thing, labels)


def _named(frame: Frame, thing: Thing, labels: Labels) -> Iterator[str]:
    box = frame.box(thing.x, thing.y, thing.width, thing.depth)
    if thing.number:
        yield _counter(frame, thing)
    elif thing.kind not in DRAWN_FULL and (lines := wrapped(thing.name, box, _SIZE)):
        yield _lines(lines, box, _SIZE)
    elif place := labels.beside(box, thing.name, _SIZE):
        yield svg.text(place.middle, place.centre, _SIZE, thing.name)


def _counter(frame: Frame, thing: Thing) -> str:
    """Number in a ring and, where the scale leaves room, the name of the window."""
    box = frame.box(thing.x, thing.y, thing.width, thing.depth)
    ring = 3.0
    rest = Box(box.x + 2 * ring + 0.8, box.y, box.width - 2 * ring - 1, box.height)
    words = thing.window + ("（低位）" if thing.kind == "低位櫃台" else "")
    lines = wrapped(words, rest, _SIZE)
    if not lines or box.width < box.height:
        return _counter_number(frame, thing)
    return _ring(box.x + ring + 0.6, box.centre, ring, thing.number) + _lines(lines, rest, _SIZE)


def _counter_number(frame: Frame, thing: Thing) -> str:
    box = frame.box(thing.x, thing.y, thing.width, thing.depth)
    return _ring(box.middle, box.centre, min(3.0, box.width / 2 - 0.3, box.height / 2 - 0.3), thing.number)


def _ring(x: float, y: float, radius: float, number: int) -> str:
    digit = svg.text(x, y, radius * 1.35, str(number), fill="#ffffff", font_weight="700")
    return svg.circle(x, y, radius, fill=INK) + digit


def _lines(lines: list[str], box: Box, size: float) -> str:
    first = box.centre - (len(lines) - 1) * size * 0.6
    return "".join(
        svg.text(box.middle, first + index * size * 1.2, size, words) for index, words in enumerate(lines)
    )


def _area_names(frame: Frame, labels: Labels, size: float) -> Iterator[str]:
    for area in frame.plan.areas:
        box = frame.box(area.x, area.y, area.width, area.depth)
        if place := labels.within(box, area.name, size):
            yield svg.text(place.middle, place.centre, size, area.name, font_weight="700", fill="#444444")


def _slots(frame: Frame) -> Iterator[str]:
    for wall in ("北牆", "東牆", "南牆", "西牆"):
        taken = -1e9
        for slot in sorted((s for s in frame.plan.slots if s.wall == wall), key=lambda s: s.offset):
            yield _bar(frame, slot)
            middle = max((slot.offset + slot.width / 2) / frame.scale, taken)
            taken = middle + (6.4 if wall in {"北牆", "南牆"} else 3.6)
            yield _mark(frame, slot, middle)


def _bar(frame: Frame, slot: Slot) -> str:
    """A white inlay with a black core in the wall where something hangs."""
    x, y, dx, dy = _along(frame, slot.wall, slot.offset / frame.scale)
    length, depth = slot.width / frame.scale, 1.3
    ends = (x + dx * length, y + dy * length)
    inlay = svg.line(x, y, *ends, stroke="#ffffff", stroke_width=depth + 0.9)
    return inlay + svg.line(x, y, *ends, stroke=INK, stroke_width=depth)


def _mark(frame: Frame, slot: Slot, middle: float) -> str:
    x, y, dx, dy = _along(frame, slot.wall, middle)
    away = WALL / frame.scale + (2.2 if dx else 3.8)
    return svg.text(x + dy * away, y - dx * away, 2.6, slot.mark)


def _along(frame: Frame, wall: str, offset: float) -> tuple[float, float, int, int]:
    """A point on the inner face of a wall and the direction in which offsets grow, seen from inside."""
    right, bottom = frame.x(frame.plan.width), frame.y(frame.plan.depth)
    return {
        "北牆": (frame.west + offset, frame.north, 1, 0),
        "東牆": (right, frame.north + offset, 0, 1),
        "南牆": (right - offset, bottom, -1, 0),
        "西牆": (frame.west, bottom - offset, 0, -1),
    }[wall]


def _dimensions(frame: Frame) -> Iterator[str]:
    plan, wall = frame.plan, WALL / frame.scale
    xs = sorted({0, plan.width} | {edge for area in plan.areas for edge in (area.x, area.x + area.width)})
    ys = sorted({0, plan.depth} | {edge for area in plan.areas for edge in (area.y, area.y + area.depth)})
    for points, away in ((xs, 10.5), ([0, plan.width], 17.0)):
        yield from chain(
            [(frame.x(a), frame.x(b), b - a) for a, b in pairwise(points)], frame.north - wall - away, 0
        )
    for points, away in ((ys, 10.5), ([0, plan.depth], 17.0)):
        spans = [(frame.y(a), frame.y(b), b - a) for a, b in pairwise(points)]
        yield from chain(spans, frame.x(plan.width) + wall + away, 90)


def _north(frame: Frame) -> str:
    """An arrow to the north at the lower right; the north wall is the upper edge by definition."""
    x, y, r = frame.x(frame.plan.width) - 6, frame.height - 7.5, 4.6
    half = svg.polygon([(x, y - r), (x, y + r * 0.35), (x - r * 0.6, y + r * 0.8)], fill=INK)
    other = [(x, y - r), (x, y + r * 0.35), (x + r * 0.6, y + r * 0.8)]
    outline = svg.polygon(other, fill="#ffffff", stroke=INK, stroke_width=0.2)
    return half + outline + svg.text(x - 6, y, 3.2, "北", font_weight="700")
