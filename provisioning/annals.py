"""The revisions of one centre as values: who set what stands at a place, and when (rules K1, K3). Pure.

Annals are chapters with the oldest first. What is asked of them is answered as of their last, so that annals that
end earlier tell how it was then.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.marks import Mark, Marks
from provisioning.resolve import Upstream
from provisioning.schema import CENTRE, Kind
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from provisioning.tree import Path, grown, identical, node_at, value_at


@dataclass(frozen=True)
class Chapter:
    """A centre after one revision: `base` is the standard it was pinned to, `actor` who made it, in words."""

    number: int
    centre: CentreSpec
    base: Upstream
    marks: Marks
    actor: str
    moment: dt.datetime
    reason: str


Annals = Sequence[Chapter]


@dataclass(frozen=True)
class Change:
    """The revision at which what stands at a place came to be, with the one before it; None for the opening."""

    chapter: Chapter
    before: Chapter | None
    path: Path

    @property
    def by_the_township(self) -> bool:
        """Whether it was no standard that changed then."""
        return self.before is not None and self.before.base.same_as(self.chapter.base)


def standing(centre: CentreSpec, path: Path) -> Any:
    """What stands at a place as a tree; of a collection of the centre its keys in order, None where nothing is."""
    section, node = getattr(centre, path[0]), CENTRE.fields[path[0]]
    if path[0] not in COLLECTIONS:
        return value_at(grown(node, section), path[1:], node)
    if len(path) == 1:
        return [item.key for item in section] or None
    item = next((item for item in section if item.key == path[1]), None)
    return None if item is None else value_at(item, path[2:], node.each)


def last_change(annals: Annals, path: Path) -> Change:
    """When what stands at a place came to be; a release that carried it to another key is looked through (rule F1)."""
    for before, chapter in _backwards(annals):
        if before is None:
            return Change(chapter, None, path)
        now = _state(chapter.centre, path)
        if identical(_state(before.centre, path), now):
            continue
        origin = _origin(before, chapter, path)
        if origin is None or not identical(_state(before.centre, origin), now):
            return Change(chapter, before, path)
        path = origin
    raise ValueError("annals without a chapter tell nothing")


def _state(centre: CentreSpec, path: Path) -> list[Any]:
    """What stands at a place, and whether what it lies in is there: an empty field begins with its item."""
    return [standing(centre, path), *(standing(centre, item) is not None for item in items_around(path))]


def items_around(path: Path) -> Iterator[Path]:
    """The item that a path names or lies in, then the line inside of it."""
    if path[0] in COLLECTIONS:
        yield from (path[:end] for end in range(2, len(path) + 1, 2))


def first_marked(annals: Annals, mark: Mark) -> Chapter:
    """The revision that put a mark where it stands."""
    found = annals[-1]
    for chapter in reversed(annals):
        if not any((one.kind, one.id) == (mark.kind, mark.id) for one in chapter.marks):
            break
        found = chapter
    return found


def until(annals: Annals, number: int) -> Annals:
    """The annals before a revision."""
    return [chapter for chapter in annals if chapter.number < number]


def _backwards(annals: Annals) -> Iterator[tuple[Chapter | None, Chapter]]:
    for place in range(len(annals) - 1, -1, -1):
        yield annals[place - 1] if place else None, annals[place]


def _origin(before: Chapter, chapter: Chapter, path: Path) -> Path | None:
    """Where a place was before the moves that the newer standard declares; of merged items, the first."""
    if len(path) < 2 or node_at(path[:1]).kind is not Kind.COLLECTION:
        return None
    key = path[1]
    for move in sorted(chapter.base.moves, key=lambda one: -one.since):
        if move.since > before.base.number and move.section == path[0] and key in move.into:
            key = move.origins[0]
    return None if key == path[1] else (path[0], key, *path[2:])
