"""What a plan changes on paper: only documents whose content differs, and the paper on which it is signed (H2, N1)."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from provisioning.plan import Plan
from provisioning.specs import Pack
from tests.fixtures.releases import evolved, released
from townhall.centres.apply import Standard, plan_unit, standard_for
from townhall.documents.countersign import countersign_sheet
from townhall.documents.impact import Change, Impact, impact
from townhall.units.models import Unit

ITEM = "zhou:temporary-relief"
Planned = tuple[Plan, Standard, Impact]


@pytest.fixture
def planned(session: Session, unit: Unit, pack: Pack) -> Callable[..., Planned]:
    def make(*changes: list[Any], **parts: Any) -> Planned:
        standard = standard_for(unit, released(session, evolved(pack, *changes, **parts)), {})
        plan = plan_unit(session, unit, standard)
        return plan, standard, impact(session, unit, plan, standard)

    return make


def told(found: Impact) -> set[tuple[str, str]]:
    return {(one.document.key, one.change.value) for one in found.documents}


def test_rule_n1_only_documents_that_say_what_changed_are_changed(planned: Callable[..., Planned]) -> None:
    _, _, found = planned(["items", ITEM, "result", "另一種辦理結果"])
    said = {"guide", "item-flow", "booklet-window", "booklet-centre"}
    assert told(found) == {(key, "更改") for key in said}
    assert {one.label for one in found.documents} == {"臨時救助申請", "民政事務窗口", ""}
    assert found.copies == sum(one.document.copies for one in found.documents)
    assert found.money == {}


def test_rule_n1_a_change_that_no_document_says_changes_none(planned: Callable[..., Planned]) -> None:
    plan, _, found = planned(["items", ITEM, "optional", True])
    assert plan
    assert found.documents == ()


def test_rule_n1_a_withdrawn_item_takes_its_papers_down(planned: Callable[..., Planned]) -> None:
    _, _, found = planned(["items", ITEM, "*", None])
    gone = [one for one in found.documents if one.change is Change.GONE]
    assert {one.document.key for one in gone} == {"guide", "guide-brief", "one-time-notice", "item-flow"}
    assert {one.copies for one in gone} == {0}


def test_rule_n1_another_template_changes_every_document_that_is_set_with_it(
    planned: Callable[..., Planned], pack: Pack
) -> None:
    templates = {**pack.templates, "hall-plan.css": pack.templates["hall-plan.css"] + "p { margin: 1mm; }"}
    _, _, found = planned(templates=templates)
    assert told(found) == {("hall-plan", "更改")}


def test_rule_h2_money_is_told_by_category(planned: Callable[..., Planned], pack: Pack) -> None:
    before, (first, *_) = pack.centre.envelope, pack.centre.budget
    _, _, found = planned(["envelope", None, "*", before - 10_000_000])
    assert sum(found.money.values()) == -10_000_000
    assert first.category in found.money


def test_rule_h2_the_paper_to_sign_bears_the_digest_and_every_sentence(
    planned: Callable[..., Planned], unit: Unit
) -> None:
    plan, standard, found = planned(["items", ITEM, "result", "<b>另一種</b>"])
    sheet = countersign_sheet(unit, standard.release, plan, found, "0123456789abcdef", dt.date(2026, 9, 1))
    assert "0123456789abcdef" in sheet.html
    assert "2026年9月1日" in sheet.html
    assert "&lt;b&gt;另一種&lt;/b&gt;" in sheet.html
    assert "<b>另一種" not in sheet.html
    assert sheet.html.count("<li>") >= len(plan.changes.actions)
    assert "辦事指南〔臨時救助申請〕" in sheet.html
