"""A county's overlay brought to a release in which items have moved: what it says of the old keys holds for the new (rule F1)."""

from collections.abc import Iterable, Iterator
from typing import Any

from provisioning.moves import POINTERS, carries
from provisioning.specs import Overlay, PolicyRule
from provisioning.specs.pack import Move

Fields = dict[str, Any]


class Following:
    """Where the keys of an overlay lead, by the moves of a release; keys that nobody moved lead to themselves."""

    def __init__(self, moves: Iterable[Move]) -> None:
        self._moves = tuple(sorted(moves, key=lambda move: move.since))

    def keys(self, section: str, key: str) -> tuple[str, ...]:
        """The keys under which an item goes on, all parts of a split one."""
        found: tuple[str, ...] = (key,)
        for move in self._of(section):
            found = tuple(new for old in found for new in (move.into if old in move.origins else (old,)))
        return found

    def change(self, section: str, changes: dict[str, Fields]) -> dict[str, Fields]:
        """Changed fields by the keys that they are for now.

        Of a split item the fields go that the move carries; of merged ones the first origin speaks, and what
        is written for the new key itself speaks before all of them.
        """
        for move in self._of(section):
            origins = [changes[origin] for origin in move.origins if origin in changes]
            changes = {key: fields for key, fields in changes.items() if key not in move.origins}
            for place, key in enumerate(move.into if origins else ()):
                carried = [_carried(fields, move, place) for fields in origins]
                if merged := _first_speaks(changes.get(key, {}), *carried):
                    changes[key] = merged
        return {key: self.fields(section, fields) for key, fields in changes.items()}

    def removed(self, section: str, keys: Iterable[str]) -> tuple[str, ...]:
        """Keys that are removed: of a split item every part, of merged ones the item when all origins were."""
        gone = tuple(keys)
        for move in self._of(section):
            left = tuple(key for key in gone if key not in move.origins)
            gone = (*left, *move.into) if set(move.origins) <= set(gone) else left
        return gone

    def fields(self, section: str, fields: Fields) -> Fields:
        """Fields of an item with what points at moved items pointing at where they are."""
        for target, pointers in POINTERS.items():
            for where, name, prefix in pointers:
                if where == section and name in fields:
                    fields = {**fields, name: self._pointing(target, fields[name], prefix)}
        return fields

    def rule(self, rule: PolicyRule) -> tuple[PolicyRule, ...]:
        """A policy on an item as one on each that it has become."""
        section, bracket, rest = rule.path.partition("[")
        key, _, field = rest.partition("]")
        if not bracket:
            return (rule,)
        paths = (f"{section}[{new}]{field}" for new in self.keys(section, key))
        return tuple(rule.model_copy(update={"path": path}) for path in paths)

    def _of(self, section: str) -> Iterator[Move]:
        return (move for move in self._moves if move.section == section)

    def _pointing(self, target: str, value: Any, prefix: str) -> Any:
        if isinstance(value, list):
            return sorted({new for key in value for new in self.keys(target, str(key))})
        if isinstance(value, str) and value.startswith(prefix):
            # Of what became several a single pointer means the first, as in a township (rule F1).
            return prefix + self.keys(target, value.removeprefix(prefix))[0]
        return value


def followed(overlay: Overlay, moves: Iterable[Move]) -> Overlay:
    """The overlay as it reads after all moves; the same overlay where they do not concern it."""
    to = Following(moves)
    now = {
        "change": {section: to.change(section, changes) for section, changes in overlay.change.items()},
        "remove": {section: to.removed(section, keys) for section, keys in overlay.remove.items()},
        "add": {
            section: tuple(to.fields(section, raw) for raw in added) for section, added in overlay.add.items()
        },
        "tighten": tuple(new for rule in overlay.tighten for new in to.rule(rule)),
    }
    return overlay.model_copy(update={name: value for name, value in now.items() if value})


def _carried(fields: Fields, move: Move, place: int) -> Fields:
    return {name: value for name, value in fields.items() if carries(move, name, place)}


def _first_speaks(*all_fields: Fields) -> Fields:
    merged: Fields = {}
    for fields in all_fields:
        merged = {**fields, **merged}
    return merged
