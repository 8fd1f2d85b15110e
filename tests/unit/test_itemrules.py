"""Contradictions inside one service item, each found and named (domain 2.1)."""

from typing import Any

import pytest

from provisioning.itemrules import item_faults
from provisioning.specs import Duration, Material, Pack, ServiceItem, Step
from provisioning.specs.item import CaseType, MaterialNeed
from provisioning.specs.values import DayUnit


@pytest.fixture
def item(pack: Pack) -> ServiceItem:
    """A promised item of the pack that is in order."""
    return next(item for item in pack.centre.items if item.key == "zhou:temporary-relief")


def faults(item: ServiceItem, **changes: Any) -> list[tuple[tuple[str | int, ...], str]]:
    return list(item_faults(item.model_copy(update=changes)))


def test_an_item_in_order_has_no_fault(item: ServiceItem) -> None:
    assert faults(item) == []


def test_an_immediate_case_cannot_take_days(item: ServiceItem) -> None:
    assert (("case_type",), "即辦件的承諾時限應為當場辦結，反之亦然") in faults(
        item, case_type=CaseType.IMMEDIATE
    )


def test_a_promise_longer_than_the_law_allows_is_named_with_both_figures(item: ServiceItem) -> None:
    found = dict(faults(item, legal_limit=Duration(days=3)))
    assert found[("promised_limit",)] == "承諾時限 5 工作日超過法定時限 3 工作日"


def test_rule_a7_limits_in_different_units_are_not_compared(item: ServiceItem) -> None:
    found = dict(faults(item, legal_limit=Duration(days=60, unit=DayUnit.CALENDAR)))
    assert "無法比較" in found[("promised_limit",)]


def test_steps_that_do_not_add_up_to_the_promise_are_a_fault(item: ServiceItem) -> None:
    steps = (
        *item.steps,
        Step(key="more", name="多一步", actor="窗口", action="再等", limit=Duration(days=4)),
    )
    assert "各步驟時限合計 9 天，與承諾時限 5 天不符" in dict(faults(item, steps=steps)).values()


def test_a_step_in_another_unit_is_a_fault(item: ServiceItem) -> None:
    first = item.steps[0].model_copy(update={"limit": Duration(days=1, unit=DayUnit.CALENDAR)})
    assert ("steps", 0, "limit") in dict(faults(item, steps=(first, *item.steps[1:])))


def test_a_joint_case_needs_three_bodies(item: ServiceItem) -> None:
    joint = {"case_type": CaseType.JOINT, "joint_bodies": frozenset({"甲", "乙"})}
    assert ("joint_bodies",) in dict(faults(item, **joint))
    assert faults(item, case_type=CaseType.JOINT, joint_bodies=frozenset({"甲", "乙", "丙"})) == []


def test_a_visit_needs_its_reason(item: ServiceItem) -> None:
    assert ("visits",) in dict(faults(item, visit_reason=None))
    assert faults(item, visits=0, visit_reason=None) == []


@pytest.mark.parametrize(
    ("need", "condition"), [(MaterialNeed.CONDITIONAL, None), (MaterialNeed.REQUIRED, "某種情形")]
)
def test_a_conditional_paper_and_its_condition_come_together(
    item: ServiceItem, need: MaterialNeed, condition: str | None
) -> None:
    paper = Material(key="paper", name="某證明", need=need, condition=condition, source="申請人自備")
    assert ("materials", 0, "condition") in dict(faults(item, materials=(paper,)))
