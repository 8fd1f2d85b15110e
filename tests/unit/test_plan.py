"""Plans: pure, printable, hashable, and honest about what they cannot do yet."""

import json
from dataclasses import replace

from provisioning.constraints import missing
from provisioning.plan import Plan, Reason
from provisioning.planning import plan_centre
from provisioning.policy import governing, loosened, matches, pattern_fault
from provisioning.resolve import Upstream, upstream
from provisioning.specs import Pack, PolicyRule, UnitKind
from provisioning.specs.centre import COLLECTIONS
from provisioning.specs.pack import Policy

UNIT = "522301001000"


def creation(standard: Upstream) -> Plan:
    return plan_centre(UNIT, None, None, standard)


def test_rule_h1_the_same_input_gives_the_same_plan(pack: Pack, standard: Upstream) -> None:
    again = upstream(pack, None, UnitKind.TOWN)
    assert creation(again).data() == creation(standard).data()
    assert creation(again).hash == creation(standard).hash


def test_rule_h2_a_plan_names_what_it_rests_on(standard: Upstream) -> None:
    header = creation(standard).header
    assert header["unit"] == UNIT
    assert header["tenant_revision"] is None
    assert header["upstream_revision"] == standard.revision
    assert header["policy_revision"] == standard.policy_revision


def test_a_creation_makes_every_item_of_the_standard(standard: Upstream) -> None:
    plan = creation(standard)
    assert plan
    for section in COLLECTIONS:
        assert plan.changes.counts[section] == len(getattr(standard.centre, section))


def test_rule_h4_every_action_is_a_chinese_sentence_without_path_syntax(standard: Upstream) -> None:
    for action in creation(standard).changes.actions:
        assert not set(action.sentence) & set("[]*_"), action.sentence
        assert "zhou:" not in action.sentence


def test_the_json_of_a_plan_says_the_same_as_its_sentences(standard: Upstream) -> None:
    data = json.loads(json.dumps(creation(standard).data(), ensure_ascii=False))
    assert [action["sentence"] for action in data["actions"]] == [
        action.sentence for action in creation(standard).changes.actions
    ]
    assert {action["reason"] for action in data["actions"]} == {"TEMPLATE_CHANGED"}


def test_rule_e3_missing_mandatory_facts_are_findings_that_do_not_block(standard: Upstream) -> None:
    plan = creation(standard)
    missing = {found.path for found in plan.changes.findings if found.reason is Reason.MISSING_REQUIRED}
    assert "profile.hotline" in missing
    assert plan.applicable
    assert all(found.severity == "warning" for found in plan.changes.findings)


def test_rule_h6_an_unchanged_centre_gets_an_empty_plan_with_its_reason(standard: Upstream) -> None:
    plan = plan_centre(UNIT, standard.centre, standard, standard)
    assert not plan
    assert plan.data()["reason"] == "NOT_AFFECTED"


def test_rule_b3_local_changes_stand_while_the_standard_stands(standard: Upstream) -> None:
    item = standard.centre.items[0].model_copy(update={"name": "本地名稱"})
    ours = standard.centre.model_copy(update={"items": (item, *standard.centre.items[1:])})
    plan = plan_centre(UNIT, ours, standard, standard)
    assert not plan
    (kept,) = plan.changes.actions
    assert kept.reason is Reason.LOCAL_KEPT
    assert kept.sentence.endswith("本地為「本地名稱」，本地內容保留")


def test_rule_j5_no_plan_leads_back_to_an_older_release(standard: Upstream) -> None:
    newer = replace(standard, release="f" * 64, number=standard.number + 1)
    plan = plan_centre(UNIT, standard.centre, newer, standard)
    assert not plan.applicable
    assert plan.blocked is not None
    assert "不能以計劃退到第 1 版" in plan.blocked


def test_a_standard_that_changes_nothing_here_still_moves_the_centre_on(standard: Upstream) -> None:
    newer = replace(standard, release="f" * 64, number=standard.number + 1)
    plan = plan_centre(UNIT, standard.centre, standard, newer)
    assert plan
    assert plan.reason is Reason.NOT_AFFECTED
    assert plan.changes.actions == ()


def test_a_dangling_reference_on_the_result_is_an_error(standard: Upstream) -> None:
    item = standard.centre.items[0].model_copy(update={"windows": frozenset({"zhou:gone"})})
    centre = standard.centre.model_copy(update={"items": (item, *standard.centre.items[1:])})
    plan = plan_centre(UNIT, None, None, replace(standard, centre=centre))
    assert [found.reason for found in plan.errors] == [Reason.REF_BROKEN]
    assert not plan.applicable


def test_a_street_does_not_get_what_is_only_for_townships(pack: Pack) -> None:
    street, town = (upstream(pack, None, kind).centre for kind in (UnitKind.STREET, UnitKind.TOWN))
    withheld = {item.key for item in town.items} - {item.key for item in street.items}
    assert withheld == {item.key for item in pack.centre.items if item.only_for}
    assert withheld


def rule(path: str, policy: Policy, maximum: int | None = None) -> PolicyRule:
    return PolicyRule(path=path, policy=policy, maximum=maximum, reason="理由", source="來源")


def test_a_pattern_on_items_governs_each_item_and_field() -> None:
    assert matches("items[*].name", "items[zhou:a].name")
    assert matches("items[zhou:a]", "items[zhou:a].name")
    assert not matches("items[zhou:b]", "items[zhou:a].name")
    assert not matches("windows[*].name", "items[zhou:a].name")


def test_within_a_layer_the_rule_on_the_field_speaks_before_the_rule_on_the_item() -> None:
    layer = (rule("fixtures[zhou:cabinet]", Policy.MANDATORY), rule("fixtures[*].on_hand", Policy.LOCAL))
    found = governing((layer,), "fixtures[zhou:cabinet].on_hand")
    assert found
    assert found.policy is Policy.LOCAL


def test_between_layers_the_tightest_rule_holds() -> None:
    upper = (rule("items[zhou:a].promised_limit", Policy.BOUNDED, 7),)
    lower = (rule("items[*].promised_limit", Policy.BOUNDED, 5),)
    found = governing((upper, lower), "items[zhou:a].promised_limit")
    assert found
    assert found.maximum == 5


def test_rule_e1_every_loosening_is_named_with_its_place() -> None:
    upper = [rule("signs[*].ground", Policy.LOCKED)]
    lower = [rule("signs[*].ground", Policy.LOCKED), rule("signs[zhou:x].ground", Policy.DEFAULT)]
    assert [place for place, _ in loosened(upper, lower)] == [1]


def test_a_sound_pattern_has_no_fault_and_an_unsound_one_says_why() -> None:
    assert pattern_fault("envelope") is None
    assert "是集合" in (pattern_fault("items.name") or "")
    assert "沒有「nothing」" in (pattern_fault("nothing") or "")


def test_a_county_bound_without_a_figure_is_wider_than_one_with() -> None:
    upper = (rule("items[*].promised_limit", Policy.BOUNDED, 7),)
    ((index, text),) = loosened(upper, [rule("items[*].promised_limit", Policy.BOUNDED)])
    assert (index, "不得放寬" in text) == (0, True)


def test_rule_h3_each_finding_has_the_code_of_its_kind(standard: Upstream) -> None:
    centre = standard.centre
    windows = (*centre.windows[:-1], centre.windows[-1].model_copy(update={"number": 1}))
    budget = tuple(line.model_copy(update={"share": 10_000}) for line in centre.budget)
    posts = (centre.posts[0].model_copy(update={"window": "zhou:nowhere"}), *centre.posts[1:])
    broken = centre.model_copy(update={"windows": windows, "budget": budget, "posts": posts})
    found = creation(replace(standard, centre=broken)).errors
    told = {error.reason: error.detail for error in found}
    assert "窗口號 1" in told[Reason.UNIQUE_COLLISION]
    assert "zhou:nowhere" in told[Reason.REF_BROKEN]
    assert "各類份額合計" in told[Reason.BOUND_VIOLATION]


def test_rule_e3_a_mandatory_field_that_is_empty_is_missing_like_a_blank_one(standard: Upstream) -> None:
    item = standard.centre.items[0].model_copy(update={"materials": ()})
    centre = standard.centre.model_copy(update={"items": (item, *standard.centre.items[1:])})
    found = {finding.path: finding for finding in missing(standard, centre)}
    assert found[f"items[{item.key}].materials"].reason is Reason.MISSING_REQUIRED
    assert "items[zhou:policy-consultation].materials" not in found
