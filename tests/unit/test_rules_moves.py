"""Rules F: items that go on under other keys, and what a release may not do to the one before it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from provisioning.faults import PackInvalid
from provisioning.load import load_pack
from provisioning.marks import MarkKind
from provisioning.moves import move_faults
from provisioning.plan import Operation
from provisioning.publication import release_faults
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec, Pack
from provisioning.specs.pack import Move, Policy
from tests.fixtures.changes import (
    OWN,
    added,
    changed,
    keys,
    move,
    part,
    plan,
    release,
    rule,
    told,
    without,
)

OLD, NEW, OTHER = "zhou:temporary-relief", "zhou:new", "zhou:old-age-allowance"


def limited(centre: CentreSpec, key: str, days: int) -> CentreSpec:
    return changed(centre, "items", key, promised_limit={"days": days, "unit": "工作日"})


def succeeded(centre: CentreSpec, *into: str, origin: str = OLD, **fields: Any) -> CentreSpec:
    """With an item under other keys in its place."""
    at = keys(centre, "items").index(origin)
    for place, key in enumerate(into):
        centre = added(centre, "items", origin, key, at=at + place, **fields)
    return without(centre, "items", origin)


@pytest.fixture
def first(standard: Upstream) -> Upstream:
    return release(standard, limited(standard.centre, OLD, 7), number=1)


def test_rule_f1_local_changes_follow_a_moved_item(first: Upstream) -> None:
    """Ex: B{old,20天} O{old,15天} T{new,20天} + moved(old→new) → {new,15天}, 0 conflicts."""
    ours = limited(first.centre, OLD, 5)
    target = release(first, succeeded(first.centre, NEW), moves=(move("temporary-relief", "new"),))
    made = plan(ours, first, target)
    assert not made.changes.conflicts
    assert part(made.changes.after, "items", NEW).promised_limit.days == 5
    assert OLD not in keys(made.changes.after, "items")
    assert keys(made.changes.after, "items") == keys(target.centre, "items")


def test_rule_f1_without_the_move_there_is_a_question_and_a_duplicate(first: Upstream) -> None:
    made = plan(limited(first.centre, OLD, 5), first, release(first, succeeded(first.centre, NEW)))
    assert [action.reason for action in made.changes.conflicts] == ["CONFLICT_MD"]
    assert {OLD, NEW} <= set(keys(made.changes.after, "items"))


def test_rule_f1_a_move_is_told_in_words(first: Upstream) -> None:
    target = release(first, succeeded(first.centre, NEW), moves=(move("temporary-relief", "new"),))
    (action,) = plan(first.centre, first, target).changes.actions
    assert action.operation is Operation.MOVE
    assert action.sentence == "事項〔臨時救助申請〕由〔臨時救助申請〕承接（州標準第 2 版），本地改動隨之轉移"


def test_rule_f1_what_pointed_at_a_moved_window_points_at_its_successor(standard: Upstream) -> None:
    theirs = changed(standard.centre, "windows", "zhou:civil", number=99)
    theirs = added(theirs, "windows", "zhou:civil", NEW, at=1, number=2)
    theirs = without(theirs, "windows", "zhou:civil")
    for section, field in (("items", "windows"), ("objects", "window"), ("posts", "window")):
        for item in getattr(theirs, section):
            held = getattr(item, field)
            if held == "zhou:civil" or (isinstance(held, frozenset) and "zhou:civil" in held):
                value = sorted({*held} - {"zhou:civil"} | {NEW}) if isinstance(held, frozenset) else NEW
                theirs = changed(theirs, section, item.key, **{field: value})
    own = changed(standard.centre, "items", OTHER, windows=["zhou:civil", "zhou:land"])
    target = release(standard, theirs, moves=(move("civil", "new", section="windows"),))
    made = plan(own, standard, target)
    assert made.applicable
    assert part(made.changes.after, "items", OTHER).windows == {NEW, "zhou:land"}


def test_rule_f1_of_a_split_item_only_what_is_carried_goes_on(first: Upstream) -> None:
    theirs = succeeded(first.centre, "zhou:a", "zhou:b")
    ours = limited(changed(first.centre, "items", OLD, scope="鄉", result="鄉"), OLD, 5)
    split = move("temporary-relief", "a b", promised_limit="copy", scope="first")
    after = plan(ours, first, release(first, theirs, moves=(split,))).changes.after
    one, two = (part(after, "items", key) for key in ("zhou:a", "zhou:b"))
    assert (one.promised_limit.days, two.promised_limit.days) == (5, 5)
    assert (one.scope, two.scope) == ("鄉", part(theirs, "items", "zhou:b").scope)
    assert (one.result, two.result) == (part(theirs, "items", "zhou:a").result,) * 2


def merging(first: Upstream) -> Upstream:
    theirs = without(succeeded(first.centre, NEW), "items", OTHER)
    return release(first, theirs, moves=(move("temporary-relief old-age-allowance", "new"),))


def test_rule_f1_of_merged_items_the_one_local_change_goes_on(first: Upstream) -> None:
    made = plan(changed(first.centre, "items", OTHER, scope="鄉"), first, merging(first))
    assert part(made.changes.after, "items", NEW).scope == "鄉"
    assert OTHER not in keys(made.changes.after, "items")


def test_rule_p4_two_local_values_for_one_place_are_a_question_and_never_the_last(first: Upstream) -> None:
    ours = changed(changed(first.centre, "items", OLD, scope="甲"), "items", OTHER, scope="乙")
    made = plan(ours, first, merging(first))
    assert told(made)[f"items[{NEW}].scope"] == "CONFLICT_AA"
    assert part(made.changes.after, "items", NEW).scope == "甲"


def test_rule_f1_a_question_moves_with_its_item_and_keeps_its_id(first: Upstream) -> None:
    ours = changed(first.centre, "items", OLD, scope="鄉")
    second = release(first, changed(first.centre, "items", OLD, scope="州"))
    asked = plan(ours, first, second).changes
    third = release(
        second, succeeded(second.centre, NEW), number=3, moves=(move("temporary-relief", "new", since=3),)
    )
    moved = plan(asked.after, second, third, asked.marks).changes
    assert [mark.id for mark in moved.marks] == [mark.id for mark in asked.marks]
    assert [mark.path for mark in moved.marks] == [("items", NEW, "scope")]
    assert not moved.closed


def faults(centre: CentreSpec, *moves: Move, number: int = 9) -> str:
    return "；".join(text for _, text in move_faults(moves, centre, number))


def test_rule_f2_a_chain_collapses_whatever_release_it_is_walked_from(first: Upstream) -> None:
    chain = (move("temporary-relief", "b", since=2), move("b", "new", since=3))
    second = release(first, succeeded(first.centre, "zhou:b"), moves=chain[:1])
    third = release(second, succeeded(second.centre, NEW, origin="zhou:b"), number=3, moves=chain)
    ours = limited(first.centre, OLD, 5)
    at_once = plan(ours, first, third).changes.after
    stepwise = plan(plan(ours, first, second).changes.after, second, third).changes.after
    assert at_once == stepwise
    assert part(at_once, "items", NEW).promised_limit.days == 5
    assert not faults(third.centre, *chain, number=3)


def test_rule_f2_moves_are_judged_in_the_order_of_their_releases_wherever_they_are_written(
    first: Upstream,
) -> None:
    chain = (move("b", "new", since=3), move("temporary-relief", "b", since=2))
    assert not faults(succeeded(first.centre, NEW), *chain, number=3)


def test_rule_f2_every_unsound_move_is_refused(first: Upstream) -> None:
    centre = succeeded(first.centre, NEW)
    sound = move("temporary-relief", "new", since=9)
    assert not faults(centre, sound)
    assert "不存在" in faults(centre, move("temporary-relief", "nowhere", since=9))
    assert "仍在本版" in faults(first.centre, sound)
    assert "移動了兩次" in faults(centre, sound, move("temporary-relief", "old-age-allowance", since=9))
    assert "兩條移動的去處" in faults(centre, sound, move("gone", "new", since=9))
    assert "循環" in faults(centre, move("a", "b", since=8), move("b", "a", since=9))
    assert "移到自身" in faults(centre, move("a", "a", since=9))
    assert "只能是一對一" in faults(centre, move("a b", "c d", since=9))
    assert "carry 中沒有這些欄位：nothing" in faults(centre, move("a", "c d", since=9, nothing="copy"))
    assert "只有拆分才需要 carry" in faults(centre, move("temporary-relief", "new", since=9, scope="copy"))
    assert "本版只是第 2 版" in faults(centre, sound, number=2)


def test_rule_f2_the_target_of_an_old_move_may_be_gone_by_now(first: Upstream) -> None:
    gone = without(first.centre, "items", OLD)
    assert not faults(gone, move("temporary-relief", "new", since=2), number=3)


def next_pack(pack: Pack, number: int = 2, **update: Any) -> Pack:
    header = pack.header.model_copy(update={"release": number})
    return pack.model_copy(update={"header": header, **update})


def said(previous: Pack, new: Pack, *earlier: Pack) -> str:
    return "；".join(text for _, text in release_faults(previous, new, earlier))


def test_rule_f2_a_sound_next_release_has_no_fault(pack: Pack) -> None:
    moved = next_pack(pack, centre=succeeded(pack.centre, NEW), moves=(move("temporary-relief", "new"),))
    assert not said(pack, next_pack(pack))
    assert not said(pack, moved)
    assert not said(moved, next_pack(moved, 3))


def test_rule_f4_moves_stay_in_the_line_of_releases(pack: Pack) -> None:
    moved = next_pack(pack, centre=succeeded(pack.centre, NEW), moves=(move("temporary-relief", "new"),))
    assert "必須永久保留" in said(moved, next_pack(moved, 3, moves=()))


def test_rule_f2_what_a_release_may_not_do_to_the_one_before_it(pack: Pack) -> None:
    centre = succeeded(pack.centre, NEW)
    assert "版本號須大於" in said(pack, pack)
    late = next_pack(pack, 3, centre=centre, moves=(move("temporary-relief", "new", since=2),))
    assert "已經發布" in said(next_pack(pack), late)
    assert "無從移動" in said(pack, next_pack(pack, moves=(move("never", "new"),), centre=centre))
    into = next_pack(
        pack,
        centre=without(pack.centre, "items", OLD),
        moves=(move("temporary-relief", "old-age-allowance"),),
    )
    assert "會被它擋住" in said(pack, into)


def test_rule_a3_a_key_that_was_given_up_is_never_used_again(pack: Pack) -> None:
    second = next_pack(pack, centre=without(pack.centre, "items", OLD))
    third = next_pack(pack, 3)
    assert "不得再用" in said(second, third, pack)
    assert not said(second, third)  # the control: only who knows the older release can tell


def test_rule_f2_an_item_does_not_come_back_as_something_of_another_kind(pack: Pack) -> None:
    window = added(without(pack.centre, "items", OLD), "windows", "zhou:civil", OLD, number=77)
    assert "不得改作窗口" in said(pack, next_pack(pack, centre=window))


def test_rule_c5_a_required_item_is_not_removed_before_it_is_no_longer_required(pack: Pack) -> None:
    cabinet = "fixtures[zhou:cabinet]"
    gone = without(pack.centre, "fixtures", "zhou:cabinet")
    relaxed = tuple(one for one in pack.policies if one.path != cabinet)
    assert "須先在一版中解除必備" in said(pack, next_pack(pack, centre=gone))
    assert "須先在一版中解除必備" in said(pack, next_pack(pack, centre=gone, policies=relaxed))
    loose = next_pack(pack, policies=relaxed)
    assert not said(loose, next_pack(loose, 3, centre=gone))
    strict = (*relaxed, rule(cabinet, Policy.MANDATORY))
    assert "須先在一版中解除必備" in said(loose, next_pack(loose, 3, centre=gone, policies=strict))


def test_rule_f2_faults_towards_the_previous_release_have_their_place_in_the_files(
    pack: Pack, broken_pack: Callable[[str, str, str], Path]
) -> None:
    folder = broken_pack("pack.yaml", "release: 1", "release: 1 # again")
    with pytest.raises(PackInvalid) as refused:
        load_pack(folder, previous=pack)
    (fault,) = refused.value.faults
    assert (fault.file, fault.path) == ("qianxinan/pack.yaml", "header.release")
    assert fault.line > 1


def test_rule_f3_a_move_into_something_that_is_there_is_blocked_and_both_are_kept(first: Upstream) -> None:
    ours = added(limited(first.centre, OLD, 5), "items", OTHER, NEW, name="本地")
    target = release(first, succeeded(first.centre, NEW), moves=(move("temporary-relief", "new"),))
    made = plan(ours, first, target)
    assert told(made)[f"items[{NEW}]"] == "MOVE_BLOCKED"
    assert made.changes.actions[0].severity == "decide"
    after = made.changes.after
    assert part(after, "items", OLD).promised_limit.days == 5
    assert part(after, "items", NEW).name == "本地"


def test_rule_f3_a_blocked_move_leaves_no_fragment_of_what_was_asked_there(first: Upstream) -> None:
    second = release(first, changed(first.centre, "items", OLD, scope="州"))
    asked = plan(changed(first.centre, "items", OLD, scope="鄉"), first, second).changes
    ours = added(asked.after, "items", OTHER, NEW, name="本地")
    third = release(
        second, succeeded(second.centre, NEW), number=3, moves=(move("temporary-relief", "new", since=3),)
    )
    made = plan(ours, second, third, asked.marks)
    assert part(made.changes.after, "items", OLD) == part(ours, "items", OLD)
    assert ("items", OLD) not in {mark.path[:2] for mark in made.changes.marks}
    assert [mark.path for mark in made.changes.closed] == [("items", OLD, "scope")]


def test_rule_f4_a_jump_over_releases_gives_what_the_steps_give(first: Upstream) -> None:
    moves = (
        move("temporary-relief", "new", since=2),
        move("old-age-allowance", "a b", since=4, scope="copy"),
    )
    line = [first]
    line.append(release(first, succeeded(first.centre, NEW), 2, moves=moves[:1]))
    line.append(release(line[-1], changed(line[-1].centre, "items", NEW, result="第三版"), 3))
    split = succeeded(line[-1].centre, "zhou:a", "zhou:b", origin=OTHER)
    line.append(release(line[-1], split, 4, moves=moves))
    line.append(release(line[-1], changed(split, "items", "zhou:b", result="第五版"), 5))
    ours = changed(limited(first.centre, OLD, 5), "items", OTHER, scope="鄉")
    jumped, walked = plan(ours, first, line[-1]).changes.after, ours
    for base, target in pairwise(line):
        walked = plan(walked, base, target).changes.after
    assert jumped == walked
    assert part(jumped, "items", "zhou:b").scope == "鄉"
    assert part(jumped, "items", NEW).promised_limit.days == 5


def test_rule_f5_when_the_target_is_removed_later_the_item_is_removed_unless_it_was_changed(
    first: Upstream,
) -> None:
    gone = release(first, without(first.centre, "items", OLD), 3, moves=(move("temporary-relief", "new"),))
    untouched = plan(first.centre, first, gone)
    assert not {OLD, NEW} & set(keys(untouched.changes.after, "items"))
    touched = plan(limited(first.centre, OLD, 5), first, gone)
    assert told(touched)[f"items[{NEW}]"] in {"MOVED", "CONFLICT_MD"}
    assert [action.reason for action in touched.changes.conflicts] == ["CONFLICT_MD"]
    assert part(touched.changes.after, "items", NEW).promised_limit.days == 5


def test_rule_f1_items_of_the_townships_own_are_left_where_they_are(first: Upstream) -> None:
    own = f"{OWN}own"
    ours = added(first.centre, "items", OTHER, own, name="本地事項")
    target = release(first, succeeded(first.centre, NEW), moves=(move("temporary-relief", "new"),))
    made = plan(ours, first, target)
    assert part(made.changes.after, "items", own).name == "本地事項"
    assert not [mark for mark in made.changes.marks if mark.kind is MarkKind.CONFLICT]
