"""Rules C and D: keyed collections, their items and their order."""

import pytest

from provisioning.differences import delta
from provisioning.ordering import keeps_its_order, merged_order
from provisioning.resolve import Upstream
from provisioning.tree import centre_of, centre_tree
from tests.fixtures.changes import (
    OWN,
    added,
    changed,
    keys,
    ordered,
    part,
    plan,
    release,
    sole,
    told,
    without,
)

RELIEF, SCREEN, CABINET = "zhou:temporary-relief", "zhou:screen", "zhou:cabinet"


def test_rule_c1_of_an_item_on_both_sides_each_field_is_merged_by_itself(standard: Upstream) -> None:
    ours = changed(standard.centre, "items", RELIEF, scope="鄉")
    theirs = changed(standard.centre, "items", RELIEF, result="州")
    after = plan(ours, standard, release(standard, theirs)).changes.after
    assert (part(after, "items", RELIEF).scope, part(after, "items", RELIEF).result) == ("鄉", "州")


def test_rule_c1_any_changed_field_makes_an_item_changed(standard: Upstream) -> None:
    ours = changed(standard.centre, "fixtures", SCREEN, note="鄉")
    made = plan(ours, standard, release(standard, without(standard.centre, "fixtures", SCREEN)))
    assert sole(made).reason == "CONFLICT_MD"


def test_rule_c1_an_item_whose_lists_were_only_reordered_is_not_changed(standard: Upstream) -> None:
    materials = part(standard.centre, "items", RELIEF).model_dump(mode="json")["materials"]
    turned = changed(standard.centre, "items", RELIEF, materials=materials[::-1])
    assert turned != standard.centre
    made = plan(without(standard.centre, "items", RELIEF), standard, release(standard, turned))
    assert told(made) == {f"items[{RELIEF}]": "LOCAL_REMOVAL_KEPT"}


def test_rule_c2_a_locally_removed_item_stays_removed_and_is_not_asked_for(standard: Upstream) -> None:
    ours = without(standard.centre, "fixtures", SCREEN)
    base = standard
    for number in (2, 3, 4):
        target = release(standard, changed(standard.centre, "items", RELIEF, scope=f"第{number}版"), number)
        made = plan(ours, base, target)
        assert told(made)[f"fixtures[{SCREEN}]"] == "LOCAL_REMOVAL_KEPT"
        assert SCREEN not in keys(made.changes.after, "fixtures")
        ours, base = made.changes.after, target


def test_rule_c2_a_removed_item_is_asked_for_when_the_standard_changes_it(standard: Upstream) -> None:
    ours = without(standard.centre, "fixtures", SCREEN)
    theirs = changed(standard.centre, "fixtures", SCREEN, specification="新規格")
    made = plan(ours, standard, release(standard, theirs))
    assert sole(made).reason == "CONFLICT_DM"
    assert "本地已刪去，州標準第 2 版又作了改動" in sole(made).sentence


def test_rule_c3_an_untouched_item_goes_with_the_standard(standard: Upstream) -> None:
    made = plan(standard.centre, standard, release(standard, without(standard.centre, "items", RELIEF)))
    assert told(made) == {f"items[{RELIEF}]": "TEMPLATE_REMOVED"}
    assert RELIEF not in keys(made.changes.after, "items")


def test_rule_c3_a_touched_item_is_kept_flagged_and_local_once_it_is_kept(standard: Upstream) -> None:
    ours = changed(standard.centre, "items", RELIEF, scope="鄉")
    target = release(standard, without(standard.centre, "items", RELIEF))
    made = plan(ours, standard, target)
    assert "州已取消" in sole(made).sentence
    kept = plan(ours, target, target)  # decided: the base has moved on, no question is marked
    assert sole(kept).reason == "LOCAL_KEPT"
    assert "為本地新增，保留" in sole(kept).sentence


def test_rule_c4_of_an_item_added_on_both_sides_only_what_differs_is_asked(standard: Upstream) -> None:
    base = release(standard, without(standard.centre, "fixtures", SCREEN), number=1)
    ours = changed(standard.centre, "fixtures", SCREEN, note="鄉", specification="同一規格")
    theirs = changed(standard.centre, "fixtures", SCREEN, note="州", specification="同一規格")
    made = plan(ours, base, release(standard, theirs))
    asked = [action.data()["path"] for action in made.changes.conflicts]
    assert asked == [f"fixtures[{SCREEN}].note"]
    assert told(made)[f"fixtures[{SCREEN}].specification"] == "CONVERGED"


REQUIRED = ["cabinet", "seat", "water", "window-plate", "notice-board", "opinion-book", "telephone"]


@pytest.mark.parametrize("key", REQUIRED)
def test_rule_c5_required_fixtures_are_restored(standard: Upstream, key: str) -> None:
    """Ex: 檔案櫃、坐椅、飲水機、窗口標識牌、公示版面、意見簿、固定電話."""
    ours = without(standard.centre, "fixtures", f"zhou:{key}")
    made = plan(ours, standard, release(standard))
    assert told(made) == {f"fixtures[zhou:{key}]": "REQUIRED_RESTORED"}
    assert f"zhou:{key}" in keys(made.changes.after, "fixtures")
    assert "屬必備" in sole(made).sentence


def test_rule_c5_a_required_item_comes_back_as_the_standard_has_it_now(standard: Upstream) -> None:
    ours = without(standard.centre, "fixtures", CABINET)
    theirs = changed(standard.centre, "fixtures", CABINET, note="州")
    made = plan(ours, standard, release(standard, theirs))
    assert sole(made).reason == "REQUIRED_RESTORED"
    assert part(made.changes.after, "fixtures", CABINET).note == "州"


def test_rule_c6_a_section_that_the_township_emptied_stays_empty(standard: Upstream) -> None:
    ours = standard.centre.model_copy(update={"objects": ()})
    made = plan(ours, standard, release(standard, changed(standard.centre, "items", RELIEF, scope="州")))
    assert made.changes.after.objects == ()
    assert part(made.changes.after, "items", RELIEF).scope == "州"


def test_rule_c6_an_empty_section_and_an_absent_one_are_one_tree(standard: Upstream) -> None:
    tree = centre_tree(standard.centre.model_copy(update={"zones": ()}))
    absent = {name: value for name, value in tree.items() if name != "zones"}
    for like in (None, standard.centre):
        assert centre_of(tree, like) == centre_of(absent, like)
        assert centre_of(absent, like).zones == ()


def test_rule_c6_emptying_a_list_inside_an_item_and_removing_it_are_one_state(standard: Upstream) -> None:
    ours = changed(standard.centre, "items", RELIEF, questions=[])
    theirs = changed(standard.centre, "items", RELIEF, questions=None)
    assert part(standard.centre, "items", RELIEF).questions
    made = plan(ours, standard, release(standard, theirs))
    assert {action.reason for action in made.changes.actions} == {"CONVERGED"}


def test_rule_c7_a_release_whose_items_were_sorted_anew_changes_nothing(standard: Upstream) -> None:
    fixtures = standard.centre.model_copy(update={"fixtures": standard.centre.fixtures[::-1]})
    made = plan(standard.centre, standard, release(standard, fixtures))
    assert not made.changes.actions
    assert not delta(standard.centre, made.changes.after)


def test_rule_d1_what_is_sorted_by_key_has_no_order_to_merge(standard: Upstream) -> None:
    ours = standard.centre.model_copy(update={"zones": standard.centre.zones[::-1]})
    theirs = changed(standard.centre, "zones", standard.centre.zones[0].key, name="新名")
    made = plan(ours, standard, release(standard, theirs))
    assert list(told(made).values()) == ["TEMPLATE_CHANGED"]


def test_rule_d2_the_order_of_the_standard_is_followed_where_the_township_moved_nothing(
    standard: Upstream,
) -> None:
    theirs = ordered(standard.centre, "windows", "zhou:petition")
    made = plan(standard.centre, standard, release(standard, theirs))
    assert told(made) == {"windows": "TEMPLATE_CHANGED"}
    assert keys(made.changes.after, "windows") == keys(theirs, "windows")
    assert sole(made).after == keys(theirs, "windows")
    assert made.hash


def test_rule_d2_the_order_of_the_township_stands_where_it_moved_something(standard: Upstream) -> None:
    ours = ordered(standard.centre, "windows", "zhou:land")
    theirs = ordered(standard.centre, "windows", "zhou:petition")
    made = plan(ours, standard, release(standard, theirs))
    assert told(made) == {"windows": "LOCAL_ORDER_KEPT"}
    assert made.changes.after == ours


def test_rule_d2_the_order_of_a_list_inside_an_item_is_merged_too(standard: Upstream) -> None:
    lines = part(standard.centre, "items", RELIEF).model_dump(mode="json")["materials"]
    theirs = changed(standard.centre, "items", RELIEF, materials=lines[::-1])
    made = plan(standard.centre, standard, release(standard, theirs))
    assert part(made.changes.after, "items", RELIEF).materials == part(theirs, "items", RELIEF).materials
    assert sole(made).sentence == "事項〔臨時救助申請〕的申報材料的排列次序按州標準第 2 版調整"


EXAMPLES = [
    ("AB", "ACB", "ABD", "ACBD"),
    ("A", "AB", "AC", "ACB"),
    ("AB", "AC", "D", "DC"),
    ("ABX", "XAB", "ABXN", "XNAB"),
    # and what follows from the same sentences
    ("AB", "AB", "BA", "BA"),
    ("AB", "BA", "AB", "BA"),
    ("", "A", "B", "BA"),
    ("AB", "AB", "NAB", "NAB"),
    ("AB", "OAB", "NAB", "NOAB"),
    ("ABC", "AC", "ABCN", "ACN"),
    ("ABC", "CAB", "NABC", "NCAB"),
]


@pytest.mark.parametrize(("base", "ours", "theirs", "result"), EXAMPLES)
def test_rule_d3_what_is_new_comes_after_its_nearest_surviving_predecessor(
    base: str, ours: str, theirs: str, result: str
) -> None:
    gone = (set(base) - set(ours)) | (set(base) - set(theirs))
    surviving = (set(ours) | set(theirs)) - gone
    assert "".join(merged_order(base, ours, theirs, surviving)) == result


def test_rule_d3_in_the_windows_of_a_centre(standard: Upstream) -> None:
    """At one place the standard's new window comes first, then the township's."""
    ours = added(standard.centre, "windows", "zhou:civil", f"{OWN}own", at=2, number=21)
    theirs = added(standard.centre, "windows", "zhou:civil", "zhou:new", at=2, number=22)
    after = plan(ours, standard, release(standard, theirs)).changes.after
    assert keys(after, "windows")[:4] == ["zhou:general", "zhou:civil", "zhou:new", f"{OWN}own"]


def test_rule_d4_orders_never_conflict_and_are_the_same_every_time(standard: Upstream) -> None:
    windows = keys(standard.centre, "windows")
    target = release(standard, ordered(standard.centre, "windows", *windows[::-1]))
    for first in windows:
        made = plan(ordered(standard.centre, "windows", first), standard, target)
        again = plan(ordered(standard.centre, "windows", first), standard, target)
        assert made.applicable
        assert not made.changes.conflicts
        assert made.hash == again.hash


def test_rule_d2_an_item_that_one_side_lacks_says_nothing_about_order() -> None:
    assert keeps_its_order("ABC", "CB", "AB")
    assert not keeps_its_order("ABC", "CAB", "ABC")


def test_rule_c5_an_item_that_is_not_required_stays_removed(standard: Upstream) -> None:
    """The control of the seven: the screen is 有條件的配備."""
    made = plan(without(standard.centre, "fixtures", SCREEN), standard, release(standard))
    assert told(made) == {f"fixtures[{SCREEN}]": "LOCAL_REMOVAL_KEPT"}
