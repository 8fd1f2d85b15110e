"""What merging leaves open is decided place by place, and every way of deciding is kept (rules E2, E6, G)."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.marks import Choice, MarkKind, NoSuchConflict, of_kind
from provisioning.specs import Pack, PolicyRule
from provisioning.specs.pack import Policy
from tests.fixtures.releases import LATER, evolved, released
from tests.fixtures.standards import MOMENT
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.centres.deciding import (
    Decision,
    accept,
    decide_alike,
    decide_conflict,
    follow_standard,
    pin,
    restore_suspended,
)
from townhall.centres.edit import Edit, EditRefused, edit_centre
from townhall.centres.models import Centre, Question, Revision
from townhall.centres.replay import replay
from townhall.centres.rows import require_centre
from townhall.centres.writing import marks_in_force
from townhall.units.models import Unit

ITEM = "zhou:temporary-relief"
ACT = host_act("主任", MOMENT, "測試")
HERE = ("items", ITEM, "result")


def edit(session: Session, unit: Unit, field: str, value: object) -> None:
    edit_centre(session, unit, [Edit("items", ITEM, field, value)], seen=None, act=ACT)


def upgrade(session: Session, unit: Unit, pack: Pack) -> None:
    standard = standard_for(unit, released(session, pack), {})
    apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=ACT, force="測試")


def result(session: Session, unit: Unit) -> str:
    return next(item.result for item in require_centre(session, unit.code).items if item.key == ITEM)


def questions(session: Session, unit: Unit) -> list[Question]:
    return list(session.scalars(select(Question).filter_by(unit_id=unit.code)))


@pytest.fixture
def second(pack: Pack) -> Pack:
    return evolved(pack, ["items", ITEM, "result", "州第二版的辦理結果"])


@pytest.fixture
def asked(session: Session, unit: Unit, second: Pack) -> str:
    """The id of the one open conflict of a centre that had written a result of its own."""
    edit(session, unit, "result", "本地的辦理結果")
    upgrade(session, unit, second)
    (question,) = questions(session, unit)
    return question.id


def test_rule_b8_the_local_value_stands_while_a_conflict_is_open(
    session: Session, unit: Unit, asked: str
) -> None:
    assert result(session, unit) == "本地的辦理結果"
    (mark,) = marks_in_force(session, session.get_one(Centre, unit.code))
    assert (mark.id, mark.path, mark.theirs) == (asked, HERE, "州第二版的辦理結果")


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (Decision(Choice.KEEP_LOCAL), "本地的辦理結果"),
        (Decision(Choice.TAKE_STANDARD), "州第二版的辦理結果"),
        (Decision(Choice.NEW_VALUE, "第三種辦理結果"), "第三種辦理結果"),
    ],
)
def test_rule_g3_a_decision_settles_the_place(
    session: Session, unit: Unit, second: Pack, asked: str, decision: Decision, expected: str
) -> None:
    decide_conflict(session, unit, asked, decision, act=ACT)
    assert result(session, unit) == expected
    assert questions(session, unit) == []
    again = plan_unit(session, unit, standard_for(unit, released(session, second), {}))
    assert not again


def test_rule_g3_what_is_put_off_stays_open_with_its_day(session: Session, unit: Unit, asked: str) -> None:
    day = dt.date(2026, 10, 1)
    decide_conflict(session, unit, asked, Decision(Choice.LATER, until=day), act=ACT)
    (question,) = questions(session, unit)
    assert (question.id, question.until) == (asked, day)


def test_rule_g4_after_keeping_the_same_standard_never_asks_again_but_a_different_one_does(
    session: Session, unit: Unit, second: Pack, asked: str
) -> None:
    decide_conflict(session, unit, asked, Decision(Choice.KEEP_LOCAL), act=ACT)
    upgrade(session, unit, evolved(second, ["items", ITEM, "scope", "另一適用範圍"]))
    assert questions(session, unit) == []
    third = evolved(second, ["items", ITEM, "result", "州第三版的辦理結果"])
    upgrade(session, unit, evolved(third))
    assert len(questions(session, unit)) == 1


def test_rule_g2_a_further_release_updates_the_conflict_in_its_place(
    session: Session, unit: Unit, second: Pack, asked: str
) -> None:
    upgrade(session, unit, evolved(second, ["items", ITEM, "result", "州第三版的辦理結果"]))
    (mark,) = marks_in_force(session, session.get_one(Centre, unit.code))
    assert (mark.id, mark.theirs) == (asked, "州第三版的辦理結果")
    assert mark.value not in {"州第二版的辦理結果", mark.theirs}


def test_rule_g5_an_edit_that_agrees_with_the_standard_closes_the_conflict_with_a_record(
    session: Session, unit: Unit, asked: str
) -> None:
    edit(session, unit, "result", "州第二版的辦理結果")
    assert questions(session, unit) == []
    closing = session.scalars(select(AuditRecord).filter_by(unit_id=unit.code, action="conflict.close")).one()
    assert closing.basis == {"conflict": asked}


def test_a_conflict_is_decided_once(session: Session, unit: Unit, asked: str) -> None:
    decide_conflict(session, unit, asked, Decision(Choice.KEEP_LOCAL), act=ACT)
    with pytest.raises(NoSuchConflict, match="已經處理"):
        decide_conflict(session, unit, asked, Decision(Choice.TAKE_STANDARD), act=ACT)


def test_rule_g6_one_decision_serves_every_centre_with_the_same_question(
    session: Session, unit: Unit, asked: str
) -> None:
    question = session.get_one(Question, (unit.code, asked)).question
    decide_alike(session, unit, [question], Decision(Choice.TAKE_STANDARD), act=ACT)
    deciding = session.scalars(
        select(AuditRecord).filter_by(unit_id=unit.code, action="conflict.decide")
    ).one()
    assert deciding.correlation == ACT.correlation
    with pytest.raises(NoSuchConflict, match="已經處理"):
        decide_alike(session, unit, [question], Decision(Choice.TAKE_STANDARD), act=ACT)


def test_rule_e6_a_pinned_value_does_not_follow_in_silence(
    session: Session, unit: Unit, second: Pack
) -> None:
    pin(session, unit, HERE, act=ACT)
    before = result(session, unit)
    upgrade(session, unit, second)
    assert result(session, unit) == before
    (question,) = questions(session, unit)
    assert question.code == "PINNED"


def test_rule_e6_clearing_an_override_returns_to_the_standard(session: Session, unit: Unit) -> None:
    before = result(session, unit)
    edit(session, unit, "result", "本地的辦理結果")
    follow_standard(session, unit, HERE, act=ACT)
    assert result(session, unit) == before


def test_rule_e2_a_lock_suspends_the_local_value_and_unlocking_only_offers_it(
    session: Session, unit: Unit, pack: Pack
) -> None:
    standard = result(session, unit)
    edit(session, unit, "result", "本地的辦理結果")
    lock = PolicyRule(path=f"items[{ITEM}].result", policy=Policy.LOCKED, reason="全州統一", source="州")
    locked = evolved(pack, policies=(*pack.policies, lock))
    upgrade(session, unit, locked)
    assert result(session, unit) == standard
    (mark,) = of_kind(marks_in_force(session, session.get_one(Centre, unit.code)), MarkKind.SUSPENDED)
    assert mark.value == "本地的辦理結果"
    with pytest.raises(EditRefused, match="鎖定"):
        restore_suspended(session, unit, mark.id, act=ACT)
    upgrade(session, unit, evolved(locked, policies=pack.policies))
    assert result(session, unit) == standard
    restore_suspended(session, unit, mark.id, act=ACT)
    assert result(session, unit) == "本地的辦理結果"
    displaced = session.scalars(select(AuditRecord).filter_by(unit_id=unit.code, action="centre.displace"))
    assert len(displaced.all()) == 1


def test_a_deviation_is_accepted_for_a_reason_and_until_a_day(session: Session, unit: Unit) -> None:
    with pytest.raises(EditRefused, match="與標準一致"):
        accept(session, unit, HERE, dt.date(2027, 1, 1), act=ACT)
    edit(session, unit, "result", "本地的辦理結果")
    with pytest.raises(EditRefused, match="寫明理由"):
        accept(session, unit, HERE, dt.date(2027, 1, 1), act=ACT.because(""))
    accept(session, unit, HERE, dt.date(2027, 1, 1), act=ACT)
    (mark,) = marks_in_force(session, session.get_one(Centre, unit.code))
    assert (mark.kind, mark.value, mark.until) == (
        MarkKind.ACCEPTED,
        "本地的辦理結果",
        dt.date(2027, 1, 1),
    )


def test_rule_o2_the_audit_of_upgrades_and_decisions_leads_to_the_configuration(
    session: Session, unit: Unit, asked: str
) -> None:
    decide_conflict(session, unit, asked, Decision(Choice.NEW_VALUE, "第三種辦理結果"), act=ACT)
    assert content_hash(replay(session, unit)) == content_hash(require_centre(session, unit.code))


def test_rule_i3_applying_the_same_plan_again_returns_the_first_outcome(
    session: Session, unit: Unit, second: Pack
) -> None:
    standard = standard_for(unit, released(session, second), {})
    plan = plan_unit(session, unit, standard)
    first = apply_plan(session, plan, unit, standard, act=ACT)
    again = apply_plan(session, plan, unit, standard, act=host_act("他人", LATER))
    assert (first.written, again.written, again.revision) == (True, False, first.revision)
    assert len(session.scalars(select(Revision).filter_by(unit_id=unit.code)).all()) == 2
