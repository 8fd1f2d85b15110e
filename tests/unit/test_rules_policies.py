"""Rules E: who may set what, and what a release does to values that it no longer allows."""

import datetime as dt
from typing import Any

import pytest

from provisioning.marks import Choice, Mark, MarkKind, decide
from provisioning.plan import Reason
from provisioning.policy import governing, loosened, refusal
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec, PolicyRule
from provisioning.specs.pack import Policy
from provisioning.tree import centre_of, centre_tree
from tests.fixtures.changes import (
    added,
    changed,
    keys,
    ordered,
    part,
    plan,
    release,
    rule,
    ruled,
    sole,
    told,
    without,
)

RELIEF, SIGN, CABINET = "zhou:temporary-relief", "zhou:sign-window", "zhou:cabinet"
LIMIT = f"items[{RELIEF}].promised_limit"


def limited(centre: CentreSpec, days: int) -> CentreSpec:
    return changed(centre, "items", RELIEF, promised_limit={"days": days, "unit": "工作日"})


def test_rule_e1_a_rule_on_an_item_is_inherited_by_its_fields_until_one_is_nearer() -> None:
    layer = (rule("items[*]", Policy.LOCKED), rule(f"items[{RELIEF}].scope", Policy.DEFAULT))
    assert str(getattr(governing((layer,), f"items[{RELIEF}].result"), "policy", "")) == "locked"
    assert str(getattr(governing((layer,), f"items[{RELIEF}].scope"), "policy", "")) == "default"


TIGHTER = [Policy.DEFAULT, Policy.BOUNDED, Policy.LOCKED]


@pytest.mark.parametrize("upper", TIGHTER)
@pytest.mark.parametrize("lower", TIGHTER)
def test_rule_e1_a_lower_layer_only_tightens(upper: Policy, lower: Policy) -> None:
    """Ex: default → bounded → locked."""
    found = list(loosened([rule(LIMIT, upper)], [rule(LIMIT, lower)]))
    assert bool(found) == (TIGHTER.index(lower) < TIGHTER.index(upper))


def test_rule_e1_a_bound_of_the_county_does_not_undo_what_the_prefecture_requires() -> None:
    upper, lower = (
        rule(f"fixtures[{CABINET}]", Policy.MANDATORY),
        rule(f"fixtures[{CABINET}]", Policy.BOUNDED),
    )
    assert [place for place, _ in loosened([upper], [lower])] == [0]
    assert not list(loosened([upper], [rule(f"fixtures[{CABINET}]", Policy.LOCKED)]))


LOOKS = [("ground", "#123456"), ("face", "song"), ("text_rule", "{window_name}"), ("width", 700)]


@pytest.mark.parametrize(("field", "value"), LOOKS)
def test_rule_e2_the_looks_of_a_sign_are_taken_and_the_local_one_is_kept_aside(
    standard: Upstream, field: str, value: Any
) -> None:
    """Ex: 標識式樣、字體、風格."""
    ours = changed(standard.centre, "signs", SIGN, **{field: value})
    made = plan(ours, standard, release(standard))
    action = sole(made)
    assert (action.reason, action.severity) == (Reason.LOCKED_DISPLACED, "approve")
    assert made.changes.after_revision == standard.revision
    (mark,) = made.changes.marks
    assert (mark.kind, mark.path, mark.value) == (MarkKind.SUSPENDED, ("signs", SIGN, field), value)


def test_rule_e2_what_nobody_changed_simply_follows_a_lock(standard: Upstream) -> None:
    theirs = changed(standard.centre, "signs", SIGN, ground="#654321")
    made = plan(standard.centre, standard, release(standard, theirs))
    assert sole(made).reason == "TEMPLATE_CHANGED"
    assert not made.changes.marks


def suspended(standard: Upstream) -> tuple[Upstream, CentreSpec, tuple[Mark, ...]]:
    """A scope that release 2 locks: the standard, the centre and its marks afterwards."""
    locking = release(ruled(standard, rule("items[*].scope", Policy.LOCKED)))
    made = plan(changed(standard.centre, "items", RELIEF, scope="鄉"), standard, locking)
    return locking, made.changes.after, made.changes.marks


def test_rule_e2_unlocking_offers_the_suspended_value_and_does_not_apply_it(standard: Upstream) -> None:
    locking, centre, marks = suspended(standard)
    assert not plan(centre, locking, locking, marks).changes.offers
    made = plan(centre, locking, release(standard, number=3), marks)
    assert [mark.value for mark in made.changes.offers] == ["鄉"]
    assert made.data()["offers"][0]["value"] == "鄉"
    assert made.changes.after == centre
    assert made.changes.marks == marks


def test_rule_e2_under_a_lock_the_order_is_the_standards_too(standard: Upstream) -> None:
    windows = keys(standard.centre, "windows")
    ours = ordered(standard.centre, "windows", *windows[::-1])
    locking = release(ruled(standard, rule("windows[*]", Policy.LOCKED)))
    assert keys(plan(ours, standard, locking).changes.after, "windows") == windows
    assert keys(plan(ours, standard, release(standard)).changes.after, "windows") == windows[::-1]


def test_rule_e2_a_second_lock_keeps_the_newer_value_aside(standard: Upstream) -> None:
    locking, centre, marks = suspended(standard)
    again = plan(changed(centre, "items", RELIEF, scope="又一"), locking, release(locking, number=3), marks)
    assert [mark.value for mark in again.changes.marks] == ["又一"]


def test_rule_e2_a_lower_layer_cannot_write_what_is_locked() -> None:
    text = refusal(rule("items[*].scope", Policy.LOCKED), "適用範圍", "鄉")
    assert text == "「適用範圍」由上級統一規定（鎖定），不得改動：理由（來源）"


def test_rule_e3_a_centre_without_its_hotline_is_told_so_and_not_stopped(standard: Upstream) -> None:
    """Ex: 固定熱線電話."""
    made = plan(standard.centre, standard, release(standard))
    missing = {found.path for found in made.changes.findings if found.reason is Reason.MISSING_REQUIRED}
    assert "profile.hotline" in missing
    assert made.applicable
    filled = changed(standard.centre, "profile", None, hotline="0000-1234567（演示）")
    found = plan(filled, standard, release(standard)).changes.findings
    assert "profile.hotline" not in {one.path for one in found}


SIX = ["description", "conditions", "steps", "materials", "legal_basis", "fee"]


@pytest.mark.parametrize("field", SIX)
def test_rule_e3_each_of_the_six_publications_is_mandatory(standard: Upstream, field: str) -> None:
    """Ex: 六公開 of each item: 內容、程序、材料、依據、期限、收費."""
    found = standard.rule(("items", RELIEF, field))
    assert found is not None
    assert found.policy is Policy.MANDATORY
    assert "必須保留" in (refusal(found, "此欄", None) or "")


def test_rule_e4_any_value_within_the_bound_may_be_set(standard: Upstream) -> None:
    """Ex: 代辦件 ≤ 7 日."""
    found = standard.rule(("items", RELIEF, "promised_limit"))
    allowed = [days for days in (0, 1, 6, 7, 8, 60) if not refusal(found, "承諾時限", {"days": days})]
    assert allowed == [0, 1, 6, 7]


DAY = dt.date(2026, 6, 30)


def test_rule_e4_a_tighter_bound_never_clips_and_has_a_deadline(standard: Upstream) -> None:
    ours = limited(standard.centre, 6)
    target = release(ruled(standard, rule(LIMIT, Policy.BOUNDED, maximum=5, deadline=DAY)))
    made = plan(ours, standard, target)
    (found,) = [one for one in made.changes.findings if one.path == LIMIT]
    assert (found.reason, found.severity, found.deadline) == (Reason.BOUND_VIOLATION, "warning", DAY)
    assert not found.known
    assert made.applicable
    assert part(made.changes.after, "items", RELIEF).promised_limit.days == 6
    assert found.sentence.startswith("事項〔臨時救助申請〕：「承諾時限」不得超過 5 天")
    assert found.sentence.endswith("；現值可以沿用至2026年6月30日")


def test_rule_e4_the_bound_of_the_new_release_counts(standard: Upstream) -> None:
    ours = limited(standard.centre, 6)
    made = plan(ours, standard, release(standard))
    assert LIMIT not in {one.path for one in made.changes.findings}


def test_rule_e4_the_envelope_has_its_bound_too(standard: Upstream) -> None:
    ours = standard.centre.model_copy(update={"envelope": 200_000_001})
    found = plan(ours, standard, release(standard)).changes.findings
    assert [one.path for one in found if one.reason is Reason.BOUND_VIOLATION] == ["envelope"]


def test_rule_e5_a_local_value_is_set_once_and_never_followed_nor_shown(standard: Upstream) -> None:
    theirs = changed(standard.centre, "profile", None, address="州填寫的地址")
    for ours in (standard.centre, changed(standard.centre, "profile", None, address="本地地址")):
        made = plan(ours, standard, release(standard, theirs))
        assert not made.changes.actions
        assert made.changes.after.profile.address == ours.profile.address


def test_rule_e5_a_new_item_brings_its_initial_values(standard: Upstream) -> None:
    theirs = added(standard.centre, "fixtures", CABINET, "zhou:new", estimate=12_00)
    made = plan(standard.centre, standard, release(standard, theirs))
    assert part(made.changes.after, "fixtures", "zhou:new").estimate == 12_00


def pin(*path: str) -> Mark:
    return Mark(MarkKind.PIN, path, "pin")


def test_rule_e6_a_pinned_value_is_asked_about_and_not_followed(standard: Upstream) -> None:
    theirs = changed(standard.centre, "items", RELIEF, scope="州")
    marks = (pin("items", RELIEF, "scope"),)
    made = plan(standard.centre, standard, release(standard, theirs), marks)
    assert sole(made).reason == "PINNED"
    assert made.changes.after == standard.centre
    assert told(plan(standard.centre, standard, release(standard, theirs))) == {
        f"items[{RELIEF}].scope": "TEMPLATE_CHANGED"
    }


def test_rule_e6_what_another_township_follows_is_still_asked_where_it_is_pinned(standard: Upstream) -> None:
    """What untouched items come to is worked out once for all townships: not for the one that holds one of them."""
    target = release(standard, changed(standard.centre, "items", RELIEF, scope="州"))
    elsewhere = changed(standard.centre, "windows", "zhou:civil", name="鄉")
    followed = plan(elsewhere, standard, target)
    assert part(followed.changes.after, "items", RELIEF).scope == "州"
    held = plan(elsewhere, standard, target, (pin("items", RELIEF, "scope"),))
    assert told(held)[f"items[{RELIEF}].scope"] == "PINNED"
    assert part(held.changes.after, "items", RELIEF) == part(standard.centre, "items", RELIEF)
    assert plan(elsewhere, standard, target).hash == followed.hash


def test_rule_e6_a_pin_holds_what_lies_inside_it_and_the_item_around_it(standard: Upstream) -> None:
    lines = part(standard.centre, "items", RELIEF).model_dump(mode="json")["materials"]
    theirs = changed(standard.centre, "items", RELIEF, materials=[{**lines[0], "name": "州"}, *lines[1:]])
    made = plan(standard.centre, standard, release(standard, theirs), (pin("items", RELIEF, "materials"),))
    assert sole(made).reason == "PINNED"
    gone = release(standard, without(standard.centre, "items", RELIEF))
    assert sole(plan(standard.centre, standard, gone, (pin("items", RELIEF, "scope"),))).reason == "PINNED"


def test_rule_e6_taking_the_standard_ends_the_pin_and_inheritance_is_back(standard: Upstream) -> None:
    target = release(standard, changed(standard.centre, "items", RELIEF, scope="州"))
    made = plan(standard.centre, standard, target, (pin("items", RELIEF, "scope"),))
    (mark,) = [one for one in made.changes.marks if one.kind is MarkKind.CONFLICT]
    tree, marks = decide(
        centre_tree(standard.centre),
        centre_tree(target.centre),
        made.changes.marks,
        mark,
        Choice.TAKE_STANDARD,
    )
    assert marks == ()
    third = release(standard, changed(standard.centre, "items", RELIEF, scope="第三版"), 3)
    assert sole(plan(centre_of(tree), target, third, marks)).reason == "TEMPLATE_CHANGED"


@pytest.mark.parametrize("key", ["computer", "screen", "touch"])
def test_rule_e7_conditional_equipment_may_be_missing(standard: Upstream, key: str) -> None:
    """Ex: computer, electronic screen, touch screen only 「有條件的」."""
    ours = without(standard.centre, "fixtures", f"zhou:{key}")
    made = plan(ours, standard, release(standard))
    assert f"zhou:{key}" not in keys(made.changes.after, "fixtures")
    missing = [found for found in made.changes.findings if found.reason is Reason.MISSING_REQUIRED]
    assert not [found for found in missing if f"zhou:{key}" in found.path]
    assert refusal(standard.rule(("fixtures", f"zhou:{key}")), "設施", None) is None


REFUSED: list[tuple[PolicyRule, Any, str]] = [
    (rule("a", Policy.LOCKED), "x", "鎖定"),
    (rule("a", Policy.MANDATORY), None, "必須保留"),
    (rule("a", Policy.MANDATORY), [], "必須保留"),
    (rule("a", Policy.BOUNDED, maximum=7), 8, "不得超過 7"),
]


@pytest.mark.parametrize(("found", "value", "words"), REFUSED)
def test_rule_e8_a_refusal_says_what_and_why_and_whose_rule(
    found: PolicyRule, value: Any, words: str
) -> None:
    text = refusal(found, "此欄", value) or ""
    assert "「此欄」" in text
    assert words in text
    assert text.endswith("理由（來源）")
