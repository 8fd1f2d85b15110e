"""Where words go on a drawing: wrapped inside a box, beside it, or on free ground; paper millimetres throughout."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from townhall.documents.fitting import extent

_GAP = 0.7


class Box(NamedTuple):
    """A rectangle on the paper, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def centre(self) -> float:
        return self.y + self.height / 2

    def overlaps(self, other: "Box") -> bool:
        apart_x = self.x + self.width <= other.x or other.x + other.width <= self.x
        return not (apart_x or self.y + self.height <= other.y or other.y + other.height <= self.y)

    def holds(self, other: "Box") -> bool:
        across = self.x <= other.x and other.x + other.width <= self.x + self.width
        return across and self.y <= other.y and other.y + other.height <= self.y + self.height


def wrapped(words: str, box: Box, size: float) -> list[str]:
    """The words in one to three lines that fit the box; empty when they do not fit."""
    for count in (1, 2, 3):
        lines = _cut(words, count)
        wide = max(extent(line) for line in lines) * size <= box.width - 1
        if wide and len(lines) * size * 1.2 <= box.height - 0.6 and not _broken(lines):
            return lines
    return []


def _cut(words: str, count: int) -> list[str]:
    """The words in so many lines: two part before a bracket if there is one, else all are of even length."""
    name, bracket, rest = words.partition("（")
    if count == 2 and name and bracket:
        return [name, bracket + rest]
    length = -(-len(words) // count)
    return [words[start : start + length] for start in range(0, len(words), length)]


def _broken(lines: list[str]) -> bool:
    """Whether a line starts or ends with a mark that must not stand there."""
    return any(line[0] in "）、，。：" for line in lines) or any(line[-1] == "（" for line in lines)


class Labels:
    """The free ground of a drawing: each label takes its place, so that no two overlap."""

    def __init__(self, ground: Box) -> None:
        self.ground = ground
        self.taken: list[Box] = []

    def occupy(self, box: Box) -> None:
        """Keep a place free of labels, with a little air around it."""
        self.taken.append(Box(box.x - _GAP / 2, box.y - _GAP / 2, box.width + _GAP, box.height + _GAP))

    def beside(self, box: Box, words: str, size: float) -> Box | None:
        """A place next to a box, below, above, right or left; None when all are taken."""
        width, height = extent(words) * size, size * 1.2
        middle, centre = box.middle - width / 2, box.centre - height / 2
        places = [
            Box(middle, box.y + box.height + _GAP, width, height),
            Box(middle, box.y - height - _GAP, width, height),
            Box(box.x + box.width + _GAP, centre, width, height),
            Box(box.x - width - _GAP, centre, width, height),
        ]
        return self._first(iter(places))

    def within(self, box: Box, words: str, size: float) -> Box | None:
        """A place on the free ground of an area, as near its middle as possible."""
        width, height = extent(words) * size, size * 1.2
        steps = sorted(product(range(21), range(21)), key=lambda at: (at[0] - 10) ** 2 + (at[1] - 10) ** 2)
        room = Box(box.x + 1, box.y + 1, box.width - 2 - width, box.height - 2 - height)
        if room.width < 0 or room.height < 0:
            return None
        places = (
            Box(room.x + room.width * i / 20, room.y + room.height * j / 20, width, height) for i, j in steps
        )
        return self._first(places)

    def _first(self, places: Iterator[Box]) -> Box | None:
        for place in places:
            if self.ground.holds(place) and not any(place.overlaps(other) for other in self.taken):
                self.occupy(place)
                return place
        return None
