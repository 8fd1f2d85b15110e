"""Which items of different townships are one and the same thing: by key, by natural key, by a reviewed list (rule L2).

Never by position. A natural key that a township has twice matches nothing there.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.specs import CentreSpec, Keyed
from provisioning.specs.centre import COLLECTIONS

Member = tuple[int, str]  # which township, by its place among those given, and the key there
Groups = dict[str, list[dict[int, str]]]

NATURAL: Mapping[str, Callable[[Any], object]] = {
    "windows": lambda one: (one.number, one.name),
    "items": lambda one: one.code or (one.category, one.name),
    "zones": lambda one: one.name,
    "objects": lambda one: (one.kind, one.name),
    "slots": lambda one: one.shows and (one.wall, one.shows),
    "signs": lambda one: (one.kind, one.name),
    "fixtures": lambda one: (one.group, one.name),
    "regimes": lambda one: one.title,
    "posts": lambda one: one.title,
    "budget": lambda one: one.category,
}


@dataclass(frozen=True, slots=True)
class Match:
    """Items that somebody has looked at and found to be one: unit code and key of each."""

    section: str
    members: tuple[tuple[str, str], ...]


class MatchRefused(ValueError):
    """A line of the reviewed list that cannot be; the message says why in Chinese."""


def groups(units: Sequence[str], centres: Sequence[CentreSpec], matches: Sequence[Match] = ()) -> Groups:
    """For each section what is one thing: its key in each township that has it. Raises `MatchRefused`."""
    return {section: _of_section(section, units, centres, matches) for section in COLLECTIONS}


def _of_section(
    section: str, units: Sequence[str], centres: Sequence[CentreSpec], matches: Sequence[Match]
) -> list[dict[int, str]]:
    joining = _Joining()
    for place, centre in enumerate(centres):
        for item in getattr(centre, section):
            joining.add((place, item.key), item.key)
    for one, other in _natural(section, centres):
        joining.join(one, other)
    for match in matches:
        if match.section == section:
            _reviewed(joining, match, units)
    return joining.groups()


def _natural(section: str, centres: Sequence[CentreSpec]) -> Iterator[tuple[Member, Member]]:
    first: dict[object, Member] = {}
    for place, centre in enumerate(centres):
        for natural, item in _unique(getattr(centre, section), NATURAL[section]):
            known = first.setdefault(natural, (place, item.key))
            yield known, (place, item.key)


def _unique(items: Sequence[Keyed], natural: Callable[[Any], object]) -> Iterator[tuple[object, Keyed]]:
    counts = Counter(natural(item) for item in items)
    yield from ((natural(item), item) for item in items if counts[natural(item)] == 1 and natural(item))


def _reviewed(joining: "_Joining", match: Match, units: Sequence[str]) -> None:
    known = [(units.index(unit), key) for unit, key in match.members if unit in units]
    for member in known:
        if member not in joining.members:
            raise MatchRefused(f"對應表：{units[member[0]]} 沒有「{member[1]}」")
    for other in known[1:]:
        if not joining.join(known[0], other):
            raise MatchRefused(
                f"對應表：{'、'.join(key for _, key in match.members)}會把一個中心的兩項併成一項"
            )


class _Joining:
    """Members put together, never two of one township."""

    def __init__(self) -> None:
        self.members: dict[Member, dict[int, str]] = {}
        self._by_key: dict[str, dict[int, str]] = {}

    def add(self, member: Member, key: str) -> None:
        group = self._by_key.setdefault(key, {})
        group[member[0]] = member[1]
        self.members[member] = group

    def join(self, one: Member, other: Member) -> bool:
        """Whether the two are together now; they are not where a township would have two in one."""
        first, second = self.members[one], self.members[other]
        if first is second:
            return True
        if first.keys() & second.keys():
            return False
        first.update(second)
        self.members.update(dict.fromkeys(second.items(), first))
        return True

    def groups(self) -> list[dict[int, str]]:
        """Each group once, in the order in which the townships name them."""
        found = {id(group): dict(sorted(group.items())) for group in self.members.values()}
        return list(found.values())
