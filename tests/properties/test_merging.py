"""The properties of merging (rule Q) over random trees of a small schema with every kind of place."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning.merge import CONFLICTS, Code, Merged, Touch, merge
from provisioning.tree import Path, placed, same, value_at
from tests.fixtures.soak import examples
from tests.fixtures.trees import SMALL, leaves, orders, trees

TREES = trees()
few = examples(100)


def merged(base: Any, ours: Any, theirs: Any) -> Merged:
    return merge(base, ours, theirs, node=SMALL)


def equal(one: Any, other: Any) -> bool:
    return same(one, other, SMALL) and dict(orders(SMALL, one)) == dict(orders(SMALL, other))


def conflict_paths(found: Merged) -> set[Path]:
    return {touch.path for touch in found.conflicts}


def covered(path: Path, conflicts: set[Path]) -> bool:
    return any(path[: len(conflict)] == conflict for conflict in conflicts)


@few
@given(TREES, TREES)
def test_rule_q_a_standard_that_did_not_move_leaves_ours(base: Any, ours: Any) -> None:
    assert equal(merged(base, ours, base).tree, ours)


@few
@given(TREES, TREES)
def test_rule_q_a_township_that_did_nothing_gets_the_standard(base: Any, theirs: Any) -> None:
    assert equal(merged(base, base, theirs).tree, theirs)


@few
@given(TREES, TREES)
def test_rule_q_two_that_agree_have_no_conflict(base: Any, ours: Any) -> None:
    found = merged(base, ours, ours)
    assert equal(found.tree, ours)
    assert not found.conflicts


@few
@given(TREES, TREES, TREES)
def test_rule_q_conflicts_are_the_same_from_either_side(base: Any, ours: Any, theirs: Any) -> None:
    assert conflict_paths(merged(base, ours, theirs)) == conflict_paths(merged(base, theirs, ours))


@few
@given(TREES, TREES, TREES)
def test_rule_q_nothing_that_the_township_did_is_lost(base: Any, ours: Any, theirs: Any) -> None:
    found = merged(base, ours, theirs)
    was, mine, result = (dict(leaves(SMALL, tree)) for tree in (base, ours, found.tree))
    for path in was.keys() | mine.keys():
        if was.get(path) != mine.get(path):
            assert result.get(path) == mine.get(path) or covered(path, conflict_paths(found))


@few
@given(TREES, TREES, TREES)
def test_rule_q_nothing_that_the_standard_did_is_dropped(base: Any, ours: Any, theirs: Any) -> None:
    found = merged(base, ours, theirs)
    was, mine, new, result = (dict(leaves(SMALL, tree)) for tree in (base, ours, theirs, found.tree))
    for path in was.keys() | new.keys():
        if new.get(path) not in (was.get(path), mine.get(path)):
            assert result.get(path) == new.get(path) or covered(path, conflict_paths(found))


@few
@given(TREES, TREES, TREES)
def test_rule_b8_in_a_conflict_the_value_of_the_township_stands(base: Any, ours: Any, theirs: Any) -> None:
    found = merged(base, ours, theirs)
    for touch in found.conflicts:
        assert same(value_at(found.tree, touch.path, SMALL), value_at(ours, touch.path, SMALL), SMALL)


@few
@given(TREES, TREES, TREES)
def test_rule_g8_no_conflict_lies_inside_another(base: Any, ours: Any, theirs: Any) -> None:
    paths = conflict_paths(merged(base, ours, theirs))
    assert all(not covered(path, paths - {path}) for path in paths)


def reconciled(theirs: Any, conflicts: tuple[Touch, ...]) -> Any:
    """The base of the next merge: the standard, but the old values at open conflicts (rule G1)."""
    for touch in conflicts:
        theirs = placed(theirs, touch.path, touch.base, SMALL)
    return theirs


@few
@given(TREES, TREES, TREES)
def test_rule_g2_the_same_release_again_changes_nothing_and_asks_the_same(
    base: Any, ours: Any, theirs: Any
) -> None:
    first = merged(base, ours, theirs)
    again = merged(reconciled(theirs, first.conflicts), first.tree, theirs)
    assert equal(again.tree, first.tree)
    assert conflict_paths(again) == conflict_paths(first)


@few
@given(TREES, TREES, TREES, st.data())
def test_rule_g3_after_any_mix_of_decisions_nothing_is_left_to_ask(
    base: Any, ours: Any, theirs: Any, data: st.DataObject
) -> None:
    first = merged(base, ours, theirs)
    tree = first.tree
    for touch in first.conflicts:
        if data.draw(st.booleans(), label=f"take the standard at {touch.path}"):
            tree = placed(tree, touch.path, value_at(theirs, touch.path, SMALL), SMALL)
    again = merged(theirs, tree, theirs)
    assert equal(again.tree, tree)
    assert not again.conflicts


@few
@given(TREES, TREES, TREES)
def test_rule_h3_every_difference_is_told_with_a_reason(base: Any, ours: Any, theirs: Any) -> None:
    """Whatever moved from the township's state to the result has a touch that accounts for it."""
    found = merged(base, ours, theirs)
    told = {touch.path for touch in found.touches if touch.code not in CONFLICTS}
    mine, result = (dict(leaves(SMALL, tree)) for tree in (ours, found.tree))
    for path in mine.keys() | result.keys():
        if mine.get(path) != result.get(path):
            assert covered(path, told)
    assert all(touch.code in Code for touch in found.touches)
