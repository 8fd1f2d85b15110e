"""Rules H: what a plan is and says."""

import datetime as dt
import json
import subprocess
import sys
from typing import Any

import pytest

from provisioning.plan import Found, Reason
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec
from provisioning.specs.pack import Policy
from tests.fixtures.changes import (
    OWN,
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
from tests.fixtures.standards import PACK_FOLDER

RELIEF = "zhou:temporary-relief"


def busy(standard: Upstream) -> Any:
    """A plan with something of nearly everything: changes, questions, a displacement, an order."""
    ours = changed(standard.centre, "items", RELIEF, scope="鄉", windows=["zhou:civil", "zhou:land"])
    ours = changed(ours, "signs", "zhou:sign-window", ground="#123456")
    ours = without(ours, "fixtures", "zhou:cabinet")
    theirs = changed(standard.centre, "items", RELIEF, scope="州", windows=["zhou:general", "zhou:civil"])
    theirs = ordered(without(theirs, "fixtures", "zhou:fax"), "windows", "zhou:petition")
    return plan(ours, standard, release(standard, theirs))


PROGRAM = """
from tests.fixtures.standards import PACK_FOLDER
from tests.unit.test_rules_plans import busy
from provisioning.load import load_pack
from provisioning.resolve import upstream
from provisioning.specs import UnitKind
print(busy(upstream(load_pack(PACK_FOLDER), None, UnitKind.TOWN)).hash)
"""


def test_rule_h1_a_plan_has_the_same_bytes_in_another_process(standard: Upstream) -> None:
    root = PACK_FOLDER.parents[1]
    environment = {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", PROGRAM]
    other = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=root)
    assert other.stdout.strip() == busy(standard).hash


def test_rule_h1_planning_touches_neither_the_centre_nor_the_standard(standard: Upstream) -> None:
    before = standard.centre.model_dump_json()
    busy(standard)
    assert standard.centre.model_dump_json() == before


def test_rule_h2_a_plan_says_all_it_rests_on_and_does(standard: Upstream) -> None:
    data = json.loads(json.dumps(busy(standard).data(), ensure_ascii=False))
    header = {"unit", "tenant_revision", "upstream_revision", "policy_revision", "engine", "plan_hash"}
    assert header <= data.keys()
    parts = {"operation", "path", "label", "before", "after", "reason", "cause", "release", "severity"}
    assert all(parts <= action.keys() for action in data["actions"])
    assert data["conflicts"]
    assert data["findings"]


@pytest.mark.parametrize("moved", ["centre", "standard", "policies"])
def test_rule_h2_the_hash_covers_what_the_plan_rests_on(standard: Upstream, moved: str) -> None:
    ours, target = standard.centre, release(standard)
    if moved == "centre":
        ours = changed(ours, "items", RELIEF, scope="鄉")
    elif moved == "standard":
        target = release(standard, changed(standard.centre, "items", RELIEF, scope="州"))
    else:
        target = release(ruled(standard, rule("items[*].scope", Policy.DEFAULT)))
    assert plan(ours, standard, target).hash != plan(standard.centre, standard, release(standard)).hash


# The closed list of the specification, letter by letter.
CODES = """
TEMPLATE_CHANGED LOCAL_KEPT LOCAL_ORDER_KEPT CONVERGED LOCAL_REMOVAL_KEPT TEMPLATE_REMOVED CONFLICT_MM CONFLICT_DM
CONFLICT_MD CONFLICT_AA PINNED LOCKED_DISPLACED REQUIRED_RESTORED MISSING_REQUIRED BOUND_VIOLATION MOVED MOVE_BLOCKED
REF_BROKEN UNIQUE_COLLISION BUDGET_EXCEEDED DERIVED_CHANGED NOT_AFFECTED
"""


def test_rule_h3_the_list_of_reasons_is_closed() -> None:
    assert {reason.value for reason in Reason} == set(CODES.split())


def test_rule_h4_a_shorter_limit_is_told_in_one_sentence_with_its_unit_and_cause(standard: Upstream) -> None:
    """Ex: 事項〔…〕承諾時限:20→15 個工作日(州模板 v3 下調;本鄉未改,直接採用)."""
    limit = {"days": 3, "unit": "工作日"}
    theirs = changed(standard.centre, "items", RELIEF, promised_limit=limit)
    action = sole(plan(standard.centre, standard, release(standard, theirs, 3)))
    assert action.sentence == (
        "事項〔臨時救助申請〕的承諾時限：5 個工作日 → 3 個工作日（州標準第 3 版調整；本地未改，直接採用）"
    )


def test_rule_h4_no_sentence_shows_a_path_a_key_or_a_field(standard: Upstream) -> None:
    made = busy(standard)
    reasons = {action.reason for action in made.changes.actions}
    assert len(reasons) >= 5
    for action in made.changes.actions:
        assert not set(action.sentence) & set("[]*_{}"), action.sentence
        assert "zhou:" not in action.sentence


def test_rule_h4_of_a_set_the_result_of_both_is_told(standard: Upstream) -> None:
    texts = [action.sentence for action in busy(standard).changes.actions]
    assert "事項〔臨時救助申請〕的辦理窗口：合併州標準第 2 版和本地的增減，現為3 項" in texts


def joint(standard: Upstream, *names: str) -> CentreSpec:
    """Items that need a visit and do not say why: the same fault in each."""
    centre = standard.centre
    for key in names:
        centre = changed(centre, "items", key, visits=1, visit_reason=None)
    return centre


def faults(found: tuple[Found, ...]) -> dict[str, bool]:
    return {one.path: one.known for one in found if "須寫明原因" in one.detail}


def test_rule_h5_what_held_before_is_a_known_problem_and_what_is_new_is_not(standard: Upstream) -> None:
    ours, theirs = joint(standard, RELIEF), joint(standard, "zhou:old-age-allowance")
    made = plan(ours, standard, release(standard, theirs))
    assert faults(made.changes.findings) == {
        f"items[{RELIEF}].visits": True,
        "items[zhou:old-age-allowance].visits": False,
    }


def test_rule_h5_what_a_new_rule_makes_of_an_old_value_is_no_known_problem(standard: Upstream) -> None:
    bound = rule(f"items[{RELIEF}].promised_limit", Policy.BOUNDED, maximum=4)
    tighter = release(ruled(standard, bound))
    found = [
        one for one in plan(standard.centre, standard, tighter).changes.findings if one.path == bound.path
    ]
    assert [one.known for one in found] == [False]
    again = plan(standard.centre, tighter, release(tighter, number=3)).changes.findings
    assert [one.known for one in again if one.path == bound.path] == [True]


def test_rule_h5_errors_block_and_warnings_do_not(standard: Upstream) -> None:
    warned = plan(joint(standard, RELIEF), standard, release(standard))
    assert warned.applicable
    own = changed(standard.centre, "posts", standard.centre.posts[1].key, window="zhou:nowhere")
    assert not plan(own, standard, release(standard)).applicable


def test_rule_h6_nothing_to_do_is_a_result_with_its_reason(standard: Upstream) -> None:
    made = plan(standard.centre, standard, standard)
    assert not made
    assert made.data()["reason"] == "NOT_AFFECTED"
    assert made.data()["actions"] == []
    assert made.hash


ITEMS = 53


@pytest.mark.parametrize(("count", "guarded"), [(0, False), (15, False), (16, True), (53, True)])
def test_rule_h7_more_than_thirty_per_cent_changed_needs_a_reason(
    standard: Upstream, count: int, guarded: bool
) -> None:
    """30 % of 53 items are 15.9."""
    centre = standard.centre
    items = tuple(
        item.model_copy(update={"scope": "州"}) if place < count else item
        for place, item in enumerate(centre.items)
    )
    assert len(items) == ITEMS
    made = plan(centre, standard, release(standard, centre.model_copy(update={"items": items})))
    assert bool(made.changes.guard) is guarded
    assert made.data()["needs_force"] == ([f"事項共 53 項，其中 {count} 項改動"] if guarded else [])


@pytest.mark.parametrize(
    ("size", "gone", "guarded"), [(10, 1, False), (10, 2, True), (20, 2, False), (20, 3, True), (9, 2, False)]
)
def test_rule_h7_more_than_ten_per_cent_removed_of_at_least_ten_needs_a_reason(
    standard: Upstream, size: int, gone: int, guarded: bool
) -> None:
    centre = standard.centre.model_copy(update={"objects": standard.centre.objects[:size]})
    theirs = centre.model_copy(update={"objects": centre.objects[gone:]})
    made = plan(centre, release(standard, centre, number=1), release(standard, theirs))
    assert bool(made.changes.guard) is guarded


@pytest.mark.parametrize(("count", "guarded"), [(3, False), (4, True)])
def test_rule_h7_exactly_thirty_per_cent_is_not_more(standard: Upstream, count: int, guarded: bool) -> None:
    centre = standard.centre.model_copy(update={"objects": standard.centre.objects[:10]})
    objects = tuple(
        one.model_copy(update={"x": one.x + 1}) if place < count else one
        for place, one in enumerate(centre.objects)
    )
    theirs = centre.model_copy(update={"objects": objects})
    made = plan(centre, release(standard, centre, number=1), release(standard, theirs))
    assert bool(made.changes.guard) is guarded


def test_rule_h7_creations_do_not_count(standard: Upstream) -> None:
    theirs = standard.centre
    for number in range(40):
        theirs = added(theirs, "fixtures", "zhou:cabinet", f"zhou:new-{number}")
    made = plan(standard.centre, standard, release(standard, theirs))
    assert len(keys(made.changes.after, "fixtures")) == len(standard.centre.fixtures) + 40
    assert not made.changes.guard


def test_rule_h7_any_displaced_value_needs_a_reason(standard: Upstream) -> None:
    ours = changed(standard.centre, "signs", "zhou:sign-window", ground="#123456")
    assert plan(ours, standard, release(standard)).changes.guard == ("1 處本地內容因上級統一規定而停用",)


def test_rule_h7_what_the_township_keeps_does_not_count(standard: Upstream) -> None:
    items = tuple(item.model_copy(update={"scope": "鄉"}) for item in standard.centre.items)
    made = plan(standard.centre.model_copy(update={"items": items}), standard, release(standard))
    assert len(told(made)) == ITEMS
    assert not made.changes.guard


def test_rule_h8_a_plan_with_errors_can_be_read_and_not_applied(standard: Upstream) -> None:
    own = added(standard.centre, "windows", "zhou:civil", f"{OWN}own")
    made = plan(own, standard, release(standard))
    assert not made.applicable
    assert made.data()["findings"]
    assert part(made.changes.after, "windows", f"{OWN}own")


def test_rule_h4_dates_are_told_as_people_write_them() -> None:
    found = Found("warning", "envelope", "", Reason.BOUND_VIOLATION, "超過", deadline=dt.date(2026, 1, 2))
    assert found.sentence == "超過；現值可以沿用至2026年1月2日"
