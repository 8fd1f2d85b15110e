"""Which rule an element falls under: a few words of CSS, `.materials td.hei`, each part a tag, classes, or both."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Place(NamedTuple):
    """An element as a rule sees it."""

    tag: str
    classes: frozenset[str] = frozenset()


Path = tuple[Place, ...]  # from the page's root down to the element


def first_fitting(rules: Mapping[str, T], path: Path) -> T | None:
    """What the first rule says that fits the last element of a path, or None."""
    return next((found for rule, found in rules.items() if fits(_parts(rule), path)), None)


def fits(parts: Sequence[Place], path: Path) -> bool:
    """Whether the last part is the element itself and the others are above it in this order."""
    if not path or not _is(parts[-1], path[-1]):
        return False
    above = iter(path[:-1])
    return all(any(_is(part, place) for place in above) for part in parts[:-1])


def _is(part: Place, place: Place) -> bool:
    return part.tag in {"", place.tag} and part.classes <= place.classes


@lru_cache(maxsize=256)
def _parts(rule: str) -> tuple[Place, ...]:
    found = (re.fullmatch(r"([a-z0-9]*)((?:\.[a-z-]+)*)", part) for part in rule.split())
    return tuple(Place(part[1], frozenset(part[2].split(".")) - {""}) for part in found if part)
