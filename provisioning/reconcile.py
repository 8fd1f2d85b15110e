"""One township brought to another standard: moves, merge, marks (rules A1, F, B to E, G). Pure."""

from dataclasses import dataclass, replace
from functools import lru_cache

from provisioning.marks import (
    Mark,
    MarkKind,
    Marks,
    after_merge,
    closed,
    of_kind,
    still_between,
    with_old_bases,
)
from provisioning.merge import Followed, Touch, merge
from provisioning.moves import Moved, relocate
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec
from provisioning.specs.pack import Policy
from provisioning.tree import Path, Tree, centre_of, centre_tree


class Bench:
    """The judge of one township: the policies of the standard it goes to, and its own pins."""

    def __init__(self, target: Upstream, marks: Marks) -> None:
        self._target = target
        self._pinned = {mark.path for mark in of_kind(marks, MarkKind.PIN)}

    def policy(self, path: Path) -> Policy | None:
        rule = self._target.rule(path)
        return rule.policy if rule else None

    def pinned(self, path: Path) -> bool:
        """Also of what lies inside a pinned place, and of an item inside of which one is."""
        return any(path[: len(pin)] == pin or pin[: len(path)] == path for pin in self._pinned)


@dataclass(frozen=True)
class Reconciled:
    """What comes of it: the centre, what was touched and moved, the marks before (at their new places) and after."""

    centre: CentreSpec
    touches: tuple[Touch, ...]
    moved: tuple[Moved, ...]
    before: Marks
    marks: Marks

    @property
    def closed(self) -> Marks:
        return closed(self.before, self.marks)

    @property
    def opened(self) -> Marks:
        known = {mark.id for mark in self.before}
        return tuple(mark for mark in of_kind(self.marks, MarkKind.CONFLICT) if mark.id not in known)


def reconcile(unit: str, base: Upstream, ours: CentreSpec, target: Upstream, marks: Marks = ()) -> Reconciled:
    """Merge the way from `base` to `target` into a township's own configuration."""
    theirs = aligned(base, target)
    # The old values where nothing is decided are part of the base before items move, and move with it.
    old = with_old_bases(tree_of(base), marks)
    relocated = relocate(old, _own_tree(base, ours), theirs, target.moves, base.number)
    standing = tuple(replace(mark, path=relocated.path(mark.path)) for mark in marks)
    judge = Bench(target, standing)
    merged = merge(relocated.base, relocated.ours, theirs, judge, followed=_followed(base, target))
    centre = centre_of(merged.tree, like=target.centre)
    after = still_between(after_merge(unit, standing, merged.touches), merged.tree)
    return Reconciled(centre, merged.touches, relocated.moved, standing, after)


def open_questions(unit: str, standard: Upstream, ours: CentreSpec, marks: Marks) -> Marks:
    """The marks of a township that has edited something: a conflict that its edit settled is gone (rule G5)."""
    if not any(of_kind(marks, MarkKind.CONFLICT)):
        return marks
    return reconcile(unit, standard, ours, standard, marks).marks


@lru_cache(maxsize=64)
def tree_of(standard: Upstream) -> Tree:
    """The tree of a standard, made once."""
    return centre_tree(standard.centre)


@lru_cache(maxsize=64)
def aligned(base: Upstream, target: Upstream) -> Tree:
    """The tree of a target that shares with its base every item that is the same, so that it need not be compared."""
    return _sharing(tree_of(base), tree_of(target))


@lru_cache(maxsize=64)
def _followed(_base: Upstream, _target: Upstream) -> Followed:
    """What becomes of items that townships have not touched on this way: worked out once for all of them."""
    return {}


def _own_tree(base: Upstream, ours: CentreSpec) -> Tree:
    return tree_of(base) if ours is base.centre else _sharing(tree_of(base), centre_tree(ours))


def _sharing(old: Tree, new: Tree) -> Tree:
    return {name: _shared(old.get(name), value) for name, value in new.items()}


def _shared(old: object, new: object) -> object:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return old if old == new else new
    return {key: _lent(old.get(key), value) for key, value in new.items()}


def _lent(old: object, new: object) -> object:
    return old if old is new or old == new else new


__all__ = ["Bench", "Mark", "Reconciled", "aligned", "open_questions", "reconcile", "tree_of"]
