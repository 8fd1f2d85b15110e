"""What the rows of a centre cannot say: open conflicts, suspended values, pins, accepted deviations (rules E2, E6, G)."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from provisioning.merge import Touch
from provisioning.ordering import joined_order
from provisioning.tree import Path, Tree, grown, listed, node_at, placed, same, value_at


class MarkKind(StrEnum):
    CONFLICT = "conflict"
    SUSPENDED = "suspended"
    PIN = "pin"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Mark:
    """One fact about one place.

    `value` is, as a tree: of a conflict the old base (rule G1), of a suspended override the township's value, of
    a pin and of an accepted deviation the value it holds for. `id` of a conflict never changes while it is open;
    `ours` and `theirs` are what stand against each other in it. `until` is the day to which a decision was put off
    or an acceptance lasts. `origin` is set on a conflict that a merger of townships left open: the 12-digit code of
    the one whose value is `theirs` (rule P4), where it is otherwise that of the standard.
    """

    kind: MarkKind
    path: Path
    id: str
    value: Any = None
    code: str = ""
    until: dt.date | None = None
    reason: str = ""
    ours: Any = None
    theirs: Any = None
    origin: str = ""

    @property
    def question(self) -> str:
        """Sixteen hexadecimal digits over place and values: equal for all townships with the same question (rule G6)."""
        between = [self.origin] if self.origin else []
        return identity(self.path, self.value, self.ours, self.theirs, *between)

    def data(self) -> dict[str, Any]:
        """As plain JSON in canonical form, to be stored."""
        node = node_at(self.path)
        return ({"origin": self.origin} if self.origin else {}) | {
            "kind": self.kind.value,
            "path": list(self.path),
            "id": self.id,
            "value": listed(node, self.value),
            "code": self.code,
            "until": self.until.isoformat() if self.until else None,
            "reason": self.reason,
            "ours": listed(node, self.ours),
            "theirs": listed(node, self.theirs),
        }


def mark_of(data: dict[str, Any]) -> Mark:
    """The mark that `Mark.data` described."""
    path, until = tuple(data["path"]), data["until"]
    node = node_at(path)
    return Mark(
        kind=MarkKind(data["kind"]),
        path=path,
        id=data["id"],
        until=dt.date.fromisoformat(until) if until else None,
        code=data["code"],
        reason=data["reason"],
        origin=data.get("origin", ""),
        **{name: grown(node, data[name]) for name in ("value", "ours", "theirs")},
    )


Marks = tuple[Mark, ...]


def conflict_id(unit: str, touch: Touch) -> str:
    """Sixteen hexadecimal digits over township, place and the three values (rule G5)."""
    return identity(unit, touch.path, touch.base, touch.ours, touch.theirs)


def identity(*parts: Any) -> str:
    """Sixteen hexadecimal digits over any plain values."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_kind(marks: Iterable[Mark], kind: MarkKind) -> Iterator[Mark]:
    return (mark for mark in marks if mark.kind is kind)


def with_old_bases(base: Tree, marks: Iterable[Mark]) -> Tree:
    """The base that a township is compared from: its pinned standard, but the old values where it has not decided."""
    for mark in of_kind(marks, MarkKind.CONFLICT):
        # Between two townships nothing is asked about the standard.
        base = base if mark.origin else placed(base, mark.path, mark.value)
    return base


def still_between(marks: Iterable[Mark], tree: Tree) -> Marks:
    """The marks without the conflicts between townships that have settled themselves (rules P4, G5).

    One is settled when the place has come to say what the other township says, or what both had before, or when
    the item around it is gone; where neither is so, it holds against what the place says now.
    """
    return tuple(_held(mark, tree) for mark in marks if not mark.origin or _between(mark, tree))


def _between(mark: Mark, tree: Tree) -> bool:
    node, now = node_at(mark.path), value_at(tree, mark.path)
    around = mark.path[:2]  # of a field of an item, the item
    there = around == mark.path or value_at(tree, around) is not None
    return there and not same(now, mark.theirs, node) and not same(now, mark.value, node)


def _held(mark: Mark, tree: Tree) -> Mark:
    return replace(mark, ours=value_at(tree, mark.path)) if mark.origin else mark


def after_merge(unit: str, marks: Marks, touches: Iterable[Touch]) -> Marks:
    """The marks once a merge is applied: what is still undecided, what was displaced, and all other marks."""
    touches = tuple(touches)
    standing = {mark.path: mark for mark in of_kind(marks, MarkKind.CONFLICT) if not mark.origin}
    conflicts = (_conflict(unit, standing.get(touch.path), touch) for touch in touches if touch.conflict)
    displaced = {touch.path: _suspended(unit, touch) for touch in touches if touch.code == "LOCKED_DISPLACED"}
    others = (
        mark
        for mark in marks
        if (mark.kind is not MarkKind.CONFLICT or mark.origin)
        and not (mark.kind is MarkKind.SUSPENDED and mark.path in displaced)
    )
    return ordered((*conflicts, *displaced.values(), *others))


def ordered(marks: Iterable[Mark]) -> Marks:
    """In one order, so that equal marks are equal texts."""
    return tuple(sorted(marks, key=lambda mark: (mark.kind.value, mark.path, mark.id)))


def _conflict(unit: str, standing: Mark | None, touch: Touch) -> Mark:
    values = {"value": touch.base, "ours": touch.ours, "theirs": touch.theirs, "code": touch.code.value}
    if standing is not None:
        return replace(standing, **values)
    return Mark(MarkKind.CONFLICT, touch.path, conflict_id(unit, touch), **values)


def _suspended(unit: str, touch: Touch) -> Mark:
    return Mark(MarkKind.SUSPENDED, touch.path, conflict_id(unit, touch), touch.ours, touch.code.value)


def closed(before: Marks, after: Marks) -> Marks:
    """Conflicts that are no longer open and were not taken up by one on the item around them (rules G5, G8)."""
    open_paths = {mark.path for mark in of_kind(after, MarkKind.CONFLICT)}
    still_open = {mark.id for mark in of_kind(after, MarkKind.CONFLICT)}

    def taken_up(mark: Mark) -> bool:
        return not mark.origin and any(mark.path[: len(path)] == path for path in open_paths)

    conflicts = of_kind(before, MarkKind.CONFLICT)
    return tuple(mark for mark in conflicts if mark.id not in still_open and not taken_up(mark))


class Choice(StrEnum):
    """How a conflict may be decided (rule G3)."""

    KEEP_LOCAL = "留本地"
    TAKE_STANDARD = "用模板"
    NEW_VALUE = "取新值"
    LATER = "延後"


SETTLED = "這項分歧已經處理或已自行消除，請重新打開頁面"


class NoSuchConflict(LookupError):
    """The conflict is not open (any more); the message says so in Chinese."""


def open_conflict(marks: Marks, identifier: str) -> Mark:
    """The open conflict of an id. Raises `NoSuchConflict`."""
    found = next((mark for mark in of_kind(marks, MarkKind.CONFLICT) if mark.id == identifier), None)
    if found is None:
        raise NoSuchConflict(SETTLED)
    return found


def decide(
    ours: Tree,
    theirs: Tree,
    marks: Marks,
    mark: Mark,
    choice: Choice,
    value: Any = None,
    until: dt.date | None = None,
) -> tuple[Tree, Marks]:
    """Township and marks after a decision (rule G3); `theirs` is the standard that the township is pinned to.

    Of a conflict between two townships the other one's value is taken in its stead (rule P4). A decision moves the base of the place to the standard by taking the mark away; putting it off leaves both.
    """
    if choice is Choice.LATER:
        return ours, ordered(replace(one, until=until) if one is mark else one for one in marks)
    left = tuple(one for one in marks if one is not mark)
    if choice is Choice.KEEP_LOCAL:
        return ours, left
    left = tuple(
        one for one in left if not (one.kind is MarkKind.PIN and one.path[: len(mark.path)] == mark.path)
    )
    if choice is Choice.NEW_VALUE:
        return placed(ours, mark.path, value), left
    if mark.origin:
        return placed(ours, mark.path, mark.theirs), left
    taken = placed(ours, mark.path, value_at(theirs, mark.path))
    return _where_it_stands(taken, theirs, mark.path), left


def _where_it_stands(ours: Tree, theirs: Tree, path: Path) -> Tree:
    """An item that comes back stands where the standard has it, not at the end."""
    above = path[:-1]
    if not above or not node_at(above).manual:
        return ours
    items, standard = value_at(ours, above) or {}, value_at(theirs, above) or {}
    if path[-1] not in items or path[-1] not in standard:
        return ours
    others = [key for key in items if key != path[-1]]
    order = joined_order(others, list(standard), items)
    moved: Tree = placed(ours, above, {key: items[key] for key in order})
    return moved
