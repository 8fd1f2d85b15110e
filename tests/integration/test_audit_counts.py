"""What is counted on screens is counted in the audit: one record a deed (rule O3)."""

import datetime as dt
from collections import Counter

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.marks import Choice, MarkKind, of_kind
from provisioning.plan import Plan, Reason
from provisioning.specs import PolicyRule
from provisioning.specs.pack import Policy
from tests.fixtures.releases import evolved, released
from tests.fixtures.rollouts import ACT, EDITOR, ITEM, SIX, Fleet
from townhall.audit.models import AuditRecord
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.centres.asking import ledger, shared_questions, units_asked, units_with
from townhall.centres.deciding import Decision, decide_alike, decide_conflict
from townhall.centres.edit import Edit, edit_centre, removal
from townhall.centres.models import Centre, Question, Revision
from townhall.centres.writing import marks_in_force

SCREEN = "zhou:screen"
OPEN, LATER_DAY = "conflict.open", dt.date(2027, 1, 1)


def records(session: Session) -> Counter[str]:
    return Counter(session.scalars(select(AuditRecord.action)))


def told(plans: list[Plan], reason: Reason) -> int:
    return sum(action.reason is reason for plan in plans for action in plan.changes.actions)


@pytest.fixture
def plans(fleet: Fleet) -> list[Plan]:
    """Six centres brought to a release that asks three of them, locks a value of two, requires what one took away."""
    fleet.edit(2, "result", "本地的辦理結果")
    fleet.edit(3, "result", "第四個鄉的辦理結果")
    fleet.edit(3, "scope", "第四個鄉的適用範圍")
    with fleet.host.sessions.begin() as session:
        gone = [removal("fixtures", SCREEN), removal("objects", SCREEN)]
        edit_centre(session, fleet.host.units[4], gone, seen=None, act=EDITOR)
    said = {"reason": "全州統一", "source": "州"}
    rules = (
        PolicyRule(path=f"items[{ITEM}].scope", policy=Policy.LOCKED, **said),
        PolicyRule(path=f"fixtures[{SCREEN}]", policy=Policy.MANDATORY, **said),
    )
    kept = tuple(one for one in fleet.second.policies if one.path not in {rule.path for rule in rules})
    target = evolved(fleet.second, policies=(*rules, *kept))
    made = []
    with fleet.host.sessions.begin() as session:
        release = released(session, target)
        for unit in fleet.host.units[:SIX]:
            standard = standard_for(unit, release, {})
            plan = plan_unit(session, unit, standard)
            force = "演練" if plan.changes.guard else ""
            apply_plan(session, plan, unit, standard, act=ACT, force=force)
            made.append(plan)
    return made


def open_now(session: Session) -> int:
    """The open questions as each place that shows them counts them: all must agree."""
    rows = session.scalar(select(func.count()).select_from(Question)) or 0
    shared = sum(one.centres for one in shared_questions(session))
    each = sum(len(ledger(session, unit).questions) for unit in units_asked(session))
    assert rows == shared == each
    return rows


def test_rule_o3_what_an_upgrade_asked_displaced_restored_and_forced_is_counted_alike(
    fleet: Fleet, plans: list[Plan]
) -> None:
    with fleet.host.sessions() as session:
        found = records(session)
        suspended = sum(len(ledger(session, unit).suspended) for unit in fleet.host.units[:SIX])
        assert found[OPEN] == open_now(session) == sum(len(plan.changes.conflicts) for plan in plans) == 3
        assert found["centre.displace"] == suspended == told(plans, Reason.LOCKED_DISPLACED) == 2
        assert found["centre.restore_required"] == told(plans, Reason.REQUIRED_RESTORED) == 1
        assert found["centre.force"] == sum(bool(plan.changes.guard) for plan in plans) == 2
        assert found["centre.apply"] == SIX


def test_rule_o3_every_decision_has_a_record_and_what_is_left_is_what_was_opened(
    fleet: Fleet, plans: list[Plan]
) -> None:
    assert len(plans) == SIX
    with fleet.host.sessions.begin() as session:
        (alike, single) = shared_questions(session)
        units = units_with(session, [alike.question])
        later = Decision(Choice.LATER, until=LATER_DAY)
        (put_off,) = (one.mark.id for one in ledger(session, units[0]).questions)
        decide_conflict(session, units[0], put_off, later, act=ACT)
        assert open_now(session) == 3
        for unit in units:
            decide_alike(session, unit, [alike.question], Decision(Choice.TAKE_STANDARD), act=ACT)
        assert open_now(session) == 1
        ruled = Decision(Choice.KEEP_LOCAL, rule="keep-results")
        decide_conflict(session, single.units[0], single.mark.id, ruled, act=ACT)
        assert open_now(session) == 0
        decisions = session.scalars(select(AuditRecord).filter_by(action="conflict.decide")).all()
    assert Counter(one.basis["choice"] for one in decisions) == {"延後": 1, "用模板": 2, "留本地": 1}
    assert [one.basis["rule"] for one in decisions if one.basis["rule"]] == ["keep-results"]
    assert len({(one.unit_id, one.basis["conflict"]) for one in decisions}) == 3


def test_rule_o3_a_conflict_that_settles_itself_is_counted_as_closed(fleet: Fleet, plans: list[Plan]) -> None:
    assert plans[0].changes.conflicts
    edit = Edit("items", ITEM, "result", "州第二版的辦理結果")
    with fleet.host.sessions.begin() as session:
        edit_centre(session, fleet.host.units[0], [edit], seen=None, act=EDITOR)
        found = records(session)
        assert found[OPEN] - found["conflict.close"] == open_now(session) == 2
        centre = session.get_one(Centre, fleet.host.units[0].code)
        assert list(of_kind(marks_in_force(session, centre), MarkKind.CONFLICT)) == []
        assert session.get_one(Revision, (centre.unit_id, centre.revision)).actor == EDITOR.author
