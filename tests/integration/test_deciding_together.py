"""Questions that depend on each other are decided at once: in one revision, judged as a whole (rules G3, G6, O3)."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import canonical, content_hash
from provisioning.marks import Choice, NoSuchConflict
from provisioning.specs import Pack
from tests.fixtures.changes import part
from tests.fixtures.releases import evolved, released
from tests.fixtures.standards import MOMENT
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.centres.asking import ledger, shared_together, token_of, units_with
from townhall.centres.deciding import Decision, decide_alike, decide_conflict, decide_conflicts
from townhall.centres.edit import Edit, EditRefused, edit_centre
from townhall.centres.models import Centre, Question, Revision
from townhall.centres.replay import replay
from townhall.centres.rows import require_centre
from townhall.units.models import Unit

ITEM = "zhou:temporary-relief"
ACT = host_act("主任", MOMENT, "測試")
TAKE, KEEP = Decision(Choice.TAKE_STANDARD), Decision(Choice.KEEP_LOCAL)


def timed(pack: Pack, promised: int, review: int) -> tuple[list[Any], list[Any]]:
    """Both halves of a change: the limit that is promised, and what one step may take of it."""
    steps = canonical(part(pack.centre, "items", ITEM))["steps"]
    limited = [one | {"limit": {"days": review}} if one["key"] == "review" else one for one in steps]
    return ["items", ITEM, "promised_limit", {"days": promised}], ["items", ITEM, "steps", limited]


@pytest.fixture
def second(pack: Pack) -> Pack:
    return evolved(pack, *timed(pack, 6, 3), ["items", ITEM, "result", "州第二版的辦理結果"])


def met(session: Session, unit: Unit, edits: list[Any], second: Pack) -> dict[str, str]:
    """The open questions by place, once a centre with edits has met release 2."""
    edit_centre(session, unit, [Edit(*change) for change in edits], seen=None, act=ACT)
    standard = standard_for(unit, released(session, second), {})
    apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=ACT, force="測試")
    return {one.place: one.id for one in session.scalars(select(Question).filter_by(unit_id=unit.code))}


@pytest.fixture
def asked(session: Session, unit: Unit, pack: Pack, second: Pack) -> dict[str, str]:
    """The questions of a centre that is quicker than its standard was, which has become slower."""
    return met(session, unit, [*timed(pack, 4, 1)], second)


LIMIT, STEP = f"items[{ITEM}].promised_limit", f"items[{ITEM}].steps[review].limit"


def days(session: Session, unit: Unit) -> tuple[int, int]:
    item = part(require_centre(session, unit.code), "items", ITEM)
    return item.promised_limit.days, next(step.limit.days for step in item.steps if step.key == "review")


def decisions(session: Session, unit: Unit) -> list[AuditRecord]:
    chosen = select(AuditRecord).filter_by(unit_id=unit.code, action="conflict.decide")
    return list(session.scalars(chosen.order_by(AuditRecord.number)))


def state(session: Session, unit: Unit) -> tuple[Any, ...]:
    """Whatever a decision could have written."""
    session.expire_all()
    revisions = session.scalars(select(Revision.content_hash).filter_by(unit_id=unit.code)).all()
    told = session.scalars(select(AuditRecord.digest).filter_by(unit_id=unit.code)).all()
    asked = session.scalars(select(Question.id).filter_by(unit_id=unit.code).order_by(Question.id)).all()
    return content_hash(require_centre(session, unit.code)), revisions, told, asked


def test_the_limit_and_its_steps_are_questions_of_their_own(asked: dict[str, str]) -> None:
    assert asked.keys() == {LIMIT, STEP}


@pytest.mark.parametrize("place", [LIMIT, STEP])
def test_a_decision_refused_for_another_open_question_names_it_and_the_way_out(
    session: Session, unit: Unit, asked: dict[str, str], place: str
) -> None:
    before = state(session, unit)
    other = "辦事程序" if place == LIMIT else "承諾時限"
    with pytest.raises(EditRefused, match=f"待決的「{other}」互相牽連.*整項一起決定.*都用標準"):
        decide_conflict(session, unit, asked[place], TAKE, act=ACT)
    assert state(session, unit) == before


def test_a_decision_refused_for_itself_names_no_way_out(session: Session, unit: Unit, pack: Pack) -> None:
    limit, (*_, steps) = timed(pack, 4, 1)
    timeless = [{name: value for name, value in step.items() if name != "limit"} for step in steps]
    local = [limit, ["items", ITEM, "steps", timeless], ["items", ITEM, "result", "本地的辦理結果"]]
    second = evolved(pack, timed(pack, 6, 3)[0], local[1], ["items", ITEM, "result", "州第二版的辦理結果"])
    asked = met(session, unit, local, second)
    assert asked.keys() == {LIMIT, f"items[{ITEM}].result"}
    with pytest.raises(EditRefused) as refused:
        decide_conflict(session, unit, asked[LIMIT], Decision(Choice.NEW_VALUE, {"days": 60}), act=ACT)
    (reason,) = refused.value.reasons
    assert "不得超過 7 天" in reason


def test_where_even_the_standard_does_not_fit_what_is_local_the_refusal_says_what_does(
    session: Session, unit: Unit, pack: Pack, second: Pack
) -> None:
    limit, (*_, steps) = timed(pack, 4, 1)
    timeless = [{name: value for name, value in step.items() if name != "limit"} for step in steps]
    asked = met(session, unit, [limit, ["items", ITEM, "steps", timeless]], second)
    with pytest.raises(EditRefused, match="都用標準也不相符；可以留本地"):
        decide_conflict(session, unit, asked[STEP], TAKE, act=ACT)
    decide_conflicts(session, unit, dict.fromkeys(asked.values(), KEEP), act=ACT)
    assert ledger(session, unit).questions == ()


@pytest.mark.parametrize(("decision", "expected"), [(TAKE, (6, 3)), (KEEP, (4, 1))])
def test_rule_g3_what_depends_on_each_other_is_decided_in_one_revision(
    session: Session, unit: Unit, asked: dict[str, str], decision: Decision, expected: tuple[int, int]
) -> None:
    revision = session.get_one(Centre, unit.code).revision
    made = decide_conflicts(session, unit, dict.fromkeys(asked.values(), decision), act=ACT)
    assert made == revision + 1
    assert days(session, unit) == expected
    assert ledger(session, unit).questions == ()


def test_places_may_be_decided_differently_in_one_revision(
    session: Session, unit: Unit, asked: dict[str, str]
) -> None:
    other = Decision(Choice.NEW_VALUE, {"days": 6, "unit": "工作日"})
    decide_conflicts(session, unit, {asked[LIMIT]: other, asked[STEP]: TAKE}, act=ACT)
    assert days(session, unit) == (6, 3)


def test_rule_o3_every_conflict_that_is_decided_has_a_record_of_its_own(
    session: Session, unit: Unit, asked: dict[str, str]
) -> None:
    decide_conflicts(session, unit, dict.fromkeys(asked.values(), TAKE), act=ACT)
    told = decisions(session, unit)
    assert {one.basis["conflict"]: one.path for one in told} == {asked[LIMIT]: LIMIT, asked[STEP]: STEP}
    assert {one.correlation for one in told} == {ACT.correlation}
    assert len({one.basis["revision"] for one in told}) == 1
    changed = {one.path: [field for _, _, field, _, _ in one.changes] for one in told}
    assert changed == {LIMIT: ["promised_limit"], STEP: ["steps"]}


def test_rule_o2_the_records_of_one_revision_lead_to_the_configuration(
    session: Session, unit: Unit, asked: dict[str, str]
) -> None:
    decide_conflicts(session, unit, dict.fromkeys(asked.values(), TAKE), act=ACT)
    assert content_hash(replay(session, unit)) == content_hash(require_centre(session, unit.code))


def test_nothing_is_written_when_the_whole_is_refused(
    session: Session, unit: Unit, asked: dict[str, str]
) -> None:
    before = state(session, unit)
    wrong = {asked[STEP]: TAKE, asked[LIMIT]: Decision(Choice.NEW_VALUE, {"days": 5, "unit": "工作日"})}
    with pytest.raises(EditRefused, match="與承諾時限 5 天不符"):
        decide_conflicts(session, unit, wrong, act=ACT)
    with pytest.raises(NoSuchConflict):
        decide_conflicts(session, unit, {asked[LIMIT]: KEEP, "0" * 16: KEEP}, act=ACT)
    assert state(session, unit) == before


def test_rule_g6_what_is_open_in_one_item_is_one_line_for_all_centres_that_have_it_alike(
    session: Session, unit: Unit, asked: dict[str, str]
) -> None:
    (shared,) = shared_together(session)
    (own,) = ledger(session, unit).together
    questions = [one.mark.question for one in shared.together.questions]
    assert (shared.centres, shared.units, shared.together.label) == (1, (unit,), "臨時救助申請")
    assert shared.together.token == own.token == token_of(reversed(questions))
    assert units_with(session, questions) == [unit]
    assert units_with(session, [*questions, "0" * 16]) == []
    decide_alike(session, unit, questions, TAKE, act=ACT)
    assert len(decisions(session, unit)) == len(asked)
    assert shared_together(session) == []
