"""Three-way merging of a standard into what a township has made of it (rules B, C, D and E2 to E6).

Pure: three trees and a judge in, one tree and the record of every decision out. The township's value stands in
every conflict, so the result is always as valid as the township's own (rule B8).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from provisioning.ordering import keeps_its_order, merged_order
from provisioning.schema import CENTRE, Kind, Node
from provisioning.specs.pack import Policy
from provisioning.tree import Path, identical, opened, same


class Code(StrEnum):
    """What happened at one place: the part of the closed list of rule H3 that merging decides."""

    TEMPLATE_CHANGED = "TEMPLATE_CHANGED"
    TEMPLATE_REMOVED = "TEMPLATE_REMOVED"
    CONVERGED = "CONVERGED"
    LOCAL_KEPT = "LOCAL_KEPT"
    LOCAL_REMOVAL_KEPT = "LOCAL_REMOVAL_KEPT"
    LOCAL_ORDER_KEPT = "LOCAL_ORDER_KEPT"
    CONFLICT_MM = "CONFLICT_MM"
    CONFLICT_DM = "CONFLICT_DM"
    CONFLICT_MD = "CONFLICT_MD"
    CONFLICT_AA = "CONFLICT_AA"
    PINNED = "PINNED"
    LOCKED_DISPLACED = "LOCKED_DISPLACED"
    REQUIRED_RESTORED = "REQUIRED_RESTORED"


CONFLICTS = frozenset({Code.CONFLICT_MM, Code.CONFLICT_DM, Code.CONFLICT_MD, Code.CONFLICT_AA, Code.PINNED})


@dataclass(frozen=True, slots=True)
class Touch:
    """One place where not all three were the same, with the three values as trees and what was decided."""

    path: Path
    code: Code
    base: Any
    ours: Any
    theirs: Any

    @property
    def conflict(self) -> bool:
        return self.code in CONFLICTS


class Judge(Protocol):
    """What is known about places besides the three values."""

    def policy(self, path: Path) -> Policy | None:
        """The policy that governs a place (rule E1), None where nothing is said."""
        ...

    def pinned(self, path: Path) -> bool:
        """Whether the township fixed a value on purpose that is the standard's (rule E6)."""
        ...


class Lenient:
    """The judge who says nothing."""

    def policy(self, path: Path) -> Policy | None:  # noqa: ARG002
        return None

    def pinned(self, path: Path) -> bool:  # noqa: ARG002
        return False


@dataclass(frozen=True)
class Merged:
    """The merged tree and everything that was touched, in the order of the schema."""

    tree: Any
    touches: tuple[Touch, ...]

    @property
    def conflicts(self) -> tuple[Touch, ...]:
        return tuple(touch for touch in self.touches if touch.conflict)


# What became of items that a township has not touched, by place and by which two they were; they are held on to.
Followed = dict[tuple[Path, int, int], tuple[Any, Any, Any, tuple[Touch, ...]]]


def merge(
    base: Any,
    ours: Any,
    theirs: Any,
    judge: Judge | None = None,
    node: Node = CENTRE,
    followed: Followed | None = None,
) -> Merged:
    """Merge three trees of one kind: `base` as last reconciled, `ours` of the township, `theirs` the new standard.

    `followed` may be given again with the same policies: what untouched items come to is then worked out once for
    all townships. It never serves a pinned place.
    """
    merging = _Merging(judge or Lenient(), {} if followed is None else followed)
    tree = merging.value(node, (), base, ours, theirs)
    return Merged(tree, tuple(merging.touches))


_ITEM = 2  # names in the path of an item of a section


@dataclass
class _Merging:
    judge: Judge
    followed: Followed
    touches: list[Touch] = field(default_factory=list)

    def value(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        if ours is theirs is base:
            return ours
        if len(path) > _ITEM and identical(base, ours) and identical(ours, theirs):
            return ours  # inside an item that was changed in another place
        if node.kind is Kind.RECORD:
            return self._record(node, path, base, ours, theirs)
        if node.kind is Kind.COLLECTION:
            return self._collection(node, path, base, ours, theirs)
        if node.kind is Kind.SET:
            return self._set(node, path, base, ours, theirs)
        return self._atom(node, path, base, ours, theirs)

    def note(self, code: Code, node: Node, path: Path, *three: Any) -> None:
        """Record a touch; items that nobody has opened yet are opened for it."""
        base, ours, theirs = (opened(node, one) for one in three)
        self.touches.append(Touch(path, code, base, ours, theirs))

    # one value: rules B1 to B7 ------------------------------------------------------------------------------

    def _atom(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        if (settled := self._settled(node, path, base, ours, theirs)) is not _OPEN:
            return settled
        self.note(_kind_of_conflict(base, ours, theirs), node, path, base, ours, theirs)
        return ours

    def _settled(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Everything that is no conflict of two changes; `_OPEN` when both sides changed differently."""
        mine, yours = not same(ours, base, node), not same(theirs, base, node)
        if not mine and not yours:
            return ours
        if same(ours, theirs, node):
            if mine:
                self.note(Code.CONVERGED, node, path, base, ours, theirs)
            return ours
        policy = self.judge.policy(path)
        if policy is Policy.LOCKED:
            self.note(Code.LOCKED_DISPLACED if mine else _taken(theirs), node, path, base, ours, theirs)
            return theirs
        if policy is Policy.LOCAL and not (base is ours is None):
            return ours
        if not mine:
            return self._taken(node, path, base, ours, theirs)
        if not yours:
            self.note(_kept(ours), node, path, base, ours, theirs)
            return ours
        return _OPEN

    def _taken(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        if self.judge.pinned(path):
            self.note(Code.PINNED, node, path, base, ours, theirs)
            return ours
        self.note(_taken(theirs), node, path, base, ours, theirs)
        return theirs

    # sets: rule B10 -----------------------------------------------------------------------------------------

    def _set(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        if (settled := self._settled(node, path, base, ours, theirs)) is not _OPEN:
            return settled
        old, mine, new = set(base or ()), set(ours or ()), set(theirs or ())
        result = sorted((mine | new) - (old - mine) - (old - new))
        if len(result) < node.minimum:
            self.note(Code.CONFLICT_MM, node, path, base, ours, theirs)
            return ours
        if result != sorted(mine):
            self.note(Code.TEMPLATE_CHANGED, node, path, base, ours, theirs)
        if result != sorted(new):
            self.note(Code.LOCAL_KEPT, node, path, base, ours, theirs)
        return result or None

    # records and collections: rules C1 to C7, D -------------------------------------------------------------

    def _record(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        base, ours, theirs = (opened(node, one) or {} for one in (base, ours, theirs))
        result = {}
        for name, inner in node.fields.items():
            three = base.get(name), ours.get(name), theirs.get(name)
            value = three[0] if three[0] is three[1] is three[2] else self.value(inner, (*path, name), *three)
            if value is not None:
                result[name] = value
        return result

    def _collection(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        base, ours, theirs = base or {}, ours or {}, theirs or {}
        before = len(self.touches)
        items = dict(self._items(node, path, base, ours, theirs))
        if len(items) < node.minimum <= len(ours):
            # What is left would be no valid item; then the whole list is one question.
            del self.touches[before:]
            self.note(Code.CONFLICT_MM, node, path, base, ours, theirs)
            return ours
        if not node.manual:
            return {key: items[key] for key in sorted(items)} or None
        # Under a lock nobody has an order of their own (rule E2).
        old = ours if self.judge.policy(path) is Policy.LOCKED else base
        order = merged_order(list(old), list(ours), list(theirs), items)
        self._note_order(node, path, base, ours, theirs, order)
        return {key: items[key] for key in order} or None

    def _items(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Iterator[tuple[str, Any]]:
        for key in dict.fromkeys((*ours, *theirs, *base)):
            three = base.get(key), ours.get(key), theirs.get(key)
            item = self._item(node.each, (*path, key), *three)
            if item is not None:
                yield key, item

    def _item(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        if ours is theirs is base:
            return ours
        if ours is base and theirs is not None and len(path) == _ITEM and not self.judge.pinned(path):
            return self._follow(node, path, base, theirs)
        return self._merged(node, path, base, ours, theirs)

    def _follow(self, node: Node, path: Path, base: Any, theirs: Any) -> Any:
        place = path, id(base), id(theirs)
        if place not in self.followed:
            alone = _Merging(self.judge, self.followed)
            item = alone._merged(node, path, base, base, theirs)
            self.followed[place] = base, theirs, item, tuple(alone.touches)
        _, _, item, touches = self.followed[place]
        self.touches.extend(touches)
        return item

    def _merged(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        # Items that are the same are opened all the same: the order of a list inside them may have changed.
        if ours is not None and theirs is not None:
            return _lent(node, self.value(node, path, base, ours, theirs), theirs, ours)
        return self._presence(node, path, base, ours, theirs)

    def _presence(self, node: Node, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """An item that one side at least does not have (rules C2, C3, C5)."""
        if ours is None and theirs is not None and base is not None and self._must_stay(path):
            self.note(Code.REQUIRED_RESTORED, node, path, base, ours, theirs)
            return theirs
        return self._atom(node, path, base, ours, theirs)

    def _must_stay(self, path: Path) -> bool:
        return self.judge.policy(path) in {Policy.MANDATORY, Policy.LOCKED}

    def _note_order(
        self, node: Node, path: Path, base: Any, ours: Any, theirs: Any, order: list[str]
    ) -> None:
        """Told only where the order of what was there changes, or would have without the township's own order."""
        old, mine, new = list(base), list(ours), list(theirs)
        if [key for key in mine if key in order] != [key for key in order if key in ours]:
            self.note(Code.TEMPLATE_CHANGED, node, path, old, mine, new)
        elif not keeps_its_order(old, mine, theirs) and _in_common(mine, new, order) != _in_common(
            new, mine, order
        ):
            self.note(Code.LOCAL_ORDER_KEPT, node, path, old, mine, new)


def _in_common(keys: list[str], others: list[str], surviving: list[str]) -> list[str]:
    return [key for key in keys if key in others and key in surviving]


_OPEN = object()


def _lent(node: Node, result: Any, *sides: Any) -> Any:
    """The very item of a side where the result says the same, so that it need not be made anew."""
    return next((side for side in sides if identical(result, opened(node, side))), result)


def _taken(theirs: Any) -> Code:
    return Code.TEMPLATE_REMOVED if theirs is None else Code.TEMPLATE_CHANGED


def _kept(ours: Any) -> Code:
    return Code.LOCAL_REMOVAL_KEPT if ours is None else Code.LOCAL_KEPT


def _kind_of_conflict(base: Any, ours: Any, theirs: Any) -> Code:
    if ours is None:
        return Code.CONFLICT_DM
    if theirs is None:
        return Code.CONFLICT_MD
    return Code.CONFLICT_AA if base is None else Code.CONFLICT_MM
