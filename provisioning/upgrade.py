"""From what merging decided to what a plan says: one action for each place, with its cause (rules H2, H3, H7)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from provisioning.constraints import findings
from provisioning.labels import SECTION, item_label, part_label
from provisioning.marks import Mark, MarkKind, Marks, of_kind
from provisioning.merge import Code, Touch
from provisioning.moves import Moved
from provisioning.plan import Action, Changes, Operation, Reason
from provisioning.reconcile import Reconciled, reconcile
from provisioning.resolve import Layer, Upstream
from provisioning.specs import CentreSpec, Keyed
from provisioning.specs.centre import COLLECTIONS
from provisioning.specs.pack import Policy
from provisioning.tree import Path, Tree, value_at
from provisioning.tree import centre_tree as tree

# Rule H7: shares of a collection of at least so many items above which somebody must say why.
GUARDED_FROM, CHANGED_PERCENT, REMOVED_PERCENT = 10, 30, 10

_LOCAL = frozenset({Code.LOCAL_KEPT, Code.LOCAL_REMOVAL_KEPT, Code.LOCAL_ORDER_KEPT, Code.CONVERGED})


def upgrade(unit: str, ours: CentreSpec, base: Upstream, target: Upstream, marks: Marks) -> Changes:
    """The changes that bring a township's centre from one standard to another."""
    result = reconcile(unit, base, ours, target, marks)
    actions = (*_moves(result.moved, ours, target), *_actions(result, ours, base, target))
    return Changes(
        actions=tuple(actions),
        findings=findings(target, result.centre, ours, base),
        after=ours if not any(_writes(action) for action in actions) else result.centre,
        marks=result.marks,
        closed=result.closed,
        offers=tuple(_offers(result, target)),
        guard=tuple(_guard(actions, ours)),
    )


def _offers(result: Reconciled, target: Upstream) -> Iterator[Mark]:
    """Values that a lock displaced and that nothing locks any more (rule E2): told, and never applied here."""
    for mark in of_kind(result.marks, MarkKind.SUSPENDED):
        rule = target.rule(mark.path)
        if rule is None or rule.policy is not Policy.LOCKED:
            yield mark


def _writes(action: Action) -> bool:
    return action.operation not in {Operation.KEEP, Operation.ASK}


def _actions(result: Reconciled, ours: CentreSpec, base: Upstream, target: Upstream) -> Iterator[Action]:
    names, after = _Names(result.centre, ours, base.centre), tree(result.centre)
    for touch in result.touches:
        yield _action(touch, after, names, target)


def _action(touch: Touch, after: Tree, names: "_Names", target: Upstream) -> Action:
    rule = target.rule(touch.path)
    return Action(
        operation=_operation(touch),
        path=touch.path,
        label=names.item(touch.path),
        before=touch.ours,
        after=_after(touch, after),
        reason=Reason(touch.code.value),
        base=touch.base,
        standard=touch.theirs,
        cause=Layer.TOWNSHIP if touch.code in _LOCAL else target.layer(touch.path),
        release=target.number,
        inner=names.part(touch),
        because=rule.reason if rule is not None else "",
    )


def _after(touch: Touch, after: Tree) -> Any:
    """What stands there afterwards: of a set or an order it is neither side's value but what came of both."""
    if isinstance(touch.theirs, list) or isinstance(touch.ours, list):
        value = value_at(after, touch.path)
        return list(value) if isinstance(value, dict) else value
    return touch.theirs if _operation(touch) not in {Operation.KEEP, Operation.ASK} else touch.ours


def _operation(touch: Touch) -> Operation:
    if touch.conflict:
        return Operation.ASK
    if touch.code in _LOCAL:
        return Operation.KEEP
    if len(touch.path) == 2 and touch.path[0] in COLLECTIONS:
        return Operation.DELETE if touch.theirs is None else Operation.CREATE
    return Operation.UPDATE


def _moves(moved: Iterable[Moved], ours: CentreSpec, target: Upstream) -> Iterator[Action]:
    new = {item.key: item_label(item) for section in COLLECTIONS for item in getattr(target.centre, section)}
    for one in moved:
        if not one.items:
            continue
        old = [item_label(item) for item in _items(ours, one)]
        yield Action(
            Operation.KEEP if one.blocked else Operation.MOVE,
            (one.move.section, one.move.into[0]),
            "、".join(old),
            old,
            [new.get(key, key) for key in one.move.into],
            Reason.MOVE_BLOCKED if one.blocked else Reason.MOVED,
            cause=Layer.PREFECTURE,
            release=one.move.since,
        )


def _items(ours: CentreSpec, one: Moved) -> Iterator[Any]:
    return (item for item in getattr(ours, one.move.section) if item.key in one.items)


class _Names:
    """What people call the items of a plan: by their name afterwards, before, or in the standard they come from."""

    def __init__(self, *centres: CentreSpec) -> None:
        self._centres = centres
        self._items: dict[str, dict[str, Keyed]] = {}

    def item(self, path: Path) -> str:
        if path[0] not in COLLECTIONS or len(path) == 1:
            return ""
        found = self._section(path[0]).get(path[1])
        return item_label(found) if found else ""

    def _section(self, section: str) -> dict[str, Keyed]:
        """The items of a section by key, the first centre's before the others'."""
        if section not in self._items:
            centres = reversed(self._centres)
            self._items[section] = {item.key: item for one in centres for item in getattr(one, section)}
        return self._items[section]

    def part(self, touch: Touch) -> str:
        """Of a place inside a list of an item what the line there is called."""
        depth = 4
        if len(touch.path) < depth:
            return ""
        lines = (_value_or_none(centre, touch.path[:depth]) for centre in self._centres)
        return next((part_label(line) for line in lines if line), "")


def _value_or_none(centre: CentreSpec, path: Path) -> Any:
    found = next((item for item in getattr(centre, path[0]) if item.key == path[1]), None)
    return None if found is None else value_at({path[0]: {path[1]: found}}, path)


def _guard(actions: Iterable[Action], ours: CentreSpec) -> Iterator[str]:
    """Why a plan reaches further than a standard usually does (rule H7); additions do not count."""
    actions = tuple(actions)
    changed = _touched(actions, {Operation.UPDATE, Operation.DELETE, Operation.MOVE})
    removed = _touched(actions, {Operation.DELETE})
    for section in COLLECTIONS:
        there = len(getattr(ours, section))
        if there < GUARDED_FROM:
            continue
        for count, share, deed in ((changed, CHANGED_PERCENT, "改動"), (removed, REMOVED_PERCENT, "取消")):
            if count[section] * 100 > there * share:
                yield f"{SECTION[section]}共 {there} 項，其中 {count[section]} 項{deed}"
    displaced = sum(action.reason is Reason.LOCKED_DISPLACED for action in actions)
    if displaced and sum(len(getattr(ours, section)) for section in COLLECTIONS) >= GUARDED_FROM:
        yield f"{displaced} 處本地內容因上級統一規定而停用"


def _touched(actions: Iterable[Action], operations: set[Operation]) -> Counter[str]:
    """How many items of each section something happens to."""
    items = {action.path[:2] for action in actions if action.operation in operations and len(action.path) > 1}
    return Counter(path[0] for path in items)
