"""An upgrade is taken back, later local work stays, and every past state can be shown (rules M1 to M4)."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.specs import Pack
from tests.fixtures.releases import LATER, evolved, released
from tests.fixtures.standards import MOMENT
from townhall.audit.act import host_act
from townhall.centres.apply import PlanRefused, apply_plan, plan_unit, standard_for
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre, Question, Revision
from townhall.centres.replay import replay
from townhall.centres.rollback import roll_back
from townhall.centres.rows import require_centre
from townhall.centres.standing import as_of, at_revision
from townhall.units.models import Unit

ITEM = "zhou:temporary-relief"
BEFORE, AFTER = host_act("主任", MOMENT, "測試"), host_act("主任", LATER, "測試")


def edit(session: Session, unit: Unit, field: str, value: object) -> None:
    edit_centre(session, unit, [Edit("items", ITEM, field, value)], seen=None, act=AFTER)


def digest(session: Session, unit: Unit) -> str:
    return content_hash(require_centre(session, unit.code))


@pytest.fixture
def upgraded(session: Session, unit: Unit, pack: Pack) -> str:
    """A centre brought to release 2; gives its content hash from before."""
    before = digest(session, unit)
    second = evolved(
        pack,
        ["items", ITEM, "result", "州第二版的辦理結果"],
        ["items", "zhou:minimum-living-allowance", "*", None],
    )
    standard = standard_for(unit, released(session, second), {})
    apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=AFTER)
    assert digest(session, unit) != before
    return before


def test_rule_m2_without_later_edits_the_earlier_state_returns(
    session: Session, unit: Unit, upgraded: str
) -> None:
    roll_back(session, unit, 2, act=AFTER)
    assert digest(session, unit) == upgraded
    first, last = (session.get_one(Revision, (unit.code, number)) for number in (1, 3))
    assert (last.release_id, last.overlay_id, last.changes) == (first.release_id, first.overlay_id, [])


@pytest.mark.usefixtures("upgraded")
def test_rule_m1_later_local_edits_survive_a_rollback(session: Session, unit: Unit) -> None:
    edit(session, unit, "scope", "後來改的適用範圍")
    roll_back(session, unit, 2, act=AFTER)
    item = next(item for item in require_centre(session, unit.code).items if item.key == ITEM)
    assert item.scope == "後來改的適用範圍"
    assert item.result != "州第二版的辦理結果"
    assert session.scalars(select(Question).filter_by(unit_id=unit.code)).all() == []


@pytest.mark.usefixtures("upgraded")
def test_rule_m1_a_later_edit_of_the_same_field_is_a_question(session: Session, unit: Unit) -> None:
    edit(session, unit, "result", "後來改的辦理結果")
    roll_back(session, unit, 2, act=AFTER)
    item = next(item for item in require_centre(session, unit.code).items if item.key == ITEM)
    assert item.result == "後來改的辦理結果"
    (question,) = session.scalars(select(Question).filter_by(unit_id=unit.code))
    assert question.code == "CONFLICT_MM"


@pytest.mark.usefixtures("upgraded")
def test_rule_m3_a_rollback_is_a_revision_and_erases_nothing(session: Session, unit: Unit) -> None:
    after = digest(session, unit)
    roll_back(session, unit, 2, act=AFTER)
    numbers = session.scalars(select(Revision.number).filter_by(unit_id=unit.code).order_by(Revision.number))
    assert list(numbers) == [1, 2, 3]
    assert at_revision(session, unit, 2).content_hash == after
    assert session.get_one(Centre, unit.code).revision == 3
    assert content_hash(replay(session, unit)) == digest(session, unit)


def test_rule_m4_the_state_of_any_day_can_be_shown(session: Session, unit: Unit, upgraded: str) -> None:
    then = as_of(session, unit, MOMENT)
    assert then is not None
    assert content_hash(then.centre) == upgraded
    now = as_of(session, unit, LATER)
    assert now is not None
    assert content_hash(now.centre) == digest(session, unit)
    assert as_of(session, unit, MOMENT - dt.timedelta(days=1)) is None


def test_the_creation_of_a_centre_cannot_be_rolled_back(session: Session, unit: Unit) -> None:
    with pytest.raises(PlanRefused, match="開通本身"):
        roll_back(session, unit, 1, act=AFTER)
    with pytest.raises(LookupError, match="沒有第 7 次修訂"):
        roll_back(session, unit, 7, act=AFTER)
