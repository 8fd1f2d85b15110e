"""Rules that decide as soon as a question arises, leave their record, and are taken back (rule G7)."""

import pytest
from sqlalchemy import select

from provisioning.canonical import content_hash
from provisioning.marks import Choice
from tests.fixtures.changes import part
from tests.fixtures.releases import evolved, released
from tests.fixtures.rollouts import ACT, ITEM, Fleet
from townhall.audit.models import AuditRecord
from townhall.centres.apply import standard_for
from townhall.centres.models import DecisionRule, Question
from townhall.centres.replay import replay
from townhall.centres.rows import require_centre
from townhall.centres.ruling import (
    RuleRefused,
    add_rule,
    bring_on,
    decided_by_rules,
    end_rule,
    rules_over,
    take_back,
)
from townhall.rollouts.models import RolloutState
from townhall.units.models import Unit

# What does not depend on the database is tried on one.
here = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

LOCAL, NEW = "本地的辦理結果", "州第二版的辦理結果"
PATTERN = "items[*].result"


def ruled(fleet: Fleet, place: str = "", choice: Choice = Choice.KEEP_LOCAL, path: str = PATTERN) -> None:
    with fleet.host.sessions.begin() as session:
        unit = session.get_one(Unit, place or fleet.host.units[0].parent_code)
        add_rule(session, unit, path, choice, act=ACT.because("辦理結果由各地自定"))


def standing(fleet: Fleet) -> tuple[str, int]:
    """What the first centre says now, and how many questions it has open."""
    with fleet.host.sessions() as session:
        code = fleet.codes[0]
        questions = session.scalars(select(Question).filter_by(unit_id=code)).all()
        return part(require_centre(session, code), "items", ITEM).result, len(questions)


@here
def test_rule_g7_without_a_rule_the_question_is_open(fleet: Fleet) -> None:
    fleet.run(fleet.begun())
    assert standing(fleet) == (LOCAL, 1)


@pytest.mark.parametrize(("choice", "wanted"), [(Choice.KEEP_LOCAL, LOCAL), (Choice.TAKE_STANDARD, NEW)])
def test_rule_g7_a_rule_decides_and_its_record_names_it(fleet: Fleet, choice: Choice, wanted: str) -> None:
    ruled(fleet, choice=choice)
    assert fleet.run(fleet.begun()) is RolloutState.COMPLETED
    assert standing(fleet) == (wanted, 0)
    with fleet.host.sessions() as session:
        unit, rule = session.get_one(Unit, fleet.codes[0]), session.scalars(select(DecisionRule)).one()
        (record,) = decided_by_rules(session, unit)
        assert (record.basis["rule"], record.basis["choice"]) == (str(rule.id), choice.value)
        assert record.reason == "按規則：辦理結果由各地自定"
        others = session.scalars(select(AuditRecord).filter_by(action="conflict.decide")).all()
        assert [one.unit_id for one in others] == [unit.code]
        replayed = replay(session, unit)
        assert replayed is not None
        assert content_hash(replayed) == content_hash(require_centre(session, unit.code))


@pytest.mark.parametrize("choice", [Choice.KEEP_LOCAL, Choice.TAKE_STANDARD])
def test_rule_g7_what_a_rule_decided_is_taken_back_and_asked_again(fleet: Fleet, choice: Choice) -> None:
    ruled(fleet, choice=choice)
    fleet.run(fleet.begun())
    with fleet.host.sessions.begin() as session:
        unit = session.get_one(Unit, fleet.codes[0])
        (record,) = decided_by_rules(session, unit)
        take_back(session, unit, record.basis["revision"], act=ACT.because("本鄉自己決定"))
    assert standing(fleet) == (LOCAL, 1)
    with fleet.host.sessions.begin() as session:
        unit = session.get_one(Unit, fleet.codes[0])
        assert decided_by_rules(session, unit) == []
        with pytest.raises(RuleRefused, match="不是規則決定的"):
            take_back(session, unit, record.basis["revision"], act=ACT)


@here
def test_rule_g7_two_rules_that_disagree_decide_nothing(fleet: Fleet) -> None:
    ruled(fleet)
    ruled(fleet, fleet.codes[0], Choice.TAKE_STANDARD, f"items[{ITEM}].result")
    fleet.run(fleet.begun())
    assert standing(fleet) == (LOCAL, 1)


@here
def test_rule_g7_a_rule_of_another_unit_or_place_or_one_that_has_ended_decides_nothing(fleet: Fleet) -> None:
    ruled(fleet, fleet.codes[1])
    ruled(fleet, path="items[*].scope")
    ruled(fleet, "522300000000")
    with fleet.host.sessions.begin() as session:
        unit = session.get_one(Unit, fleet.codes[0])
        (rule,) = (one for one in rules_over(session, unit) if one.path == PATTERN)
        end_rule(session, rule, act=ACT)
        with pytest.raises(RuleRefused, match="已經停用"):
            end_rule(session, rule, act=ACT)
    fleet.run(fleet.begun())
    assert standing(fleet) == (LOCAL, 1)


@here
@pytest.mark.parametrize(
    ("path", "choice", "reason", "words"),
    [
        ("items[*].nowhere", Choice.KEEP_LOCAL, "x", "沒有「nowhere」這個欄位"),
        ("things", Choice.KEEP_LOCAL, "x", "沒有「things」這個區段"),
        (PATTERN, Choice.NEW_VALUE, "x", "只能是留本地或用標準"),
        (PATTERN, Choice.KEEP_LOCAL, " ", "須寫明理由"),
    ],
)
def test_a_rule_that_cannot_stand_is_refused(
    fleet: Fleet, path: str, choice: Choice, reason: str, words: str
) -> None:
    with fleet.host.sessions.begin() as session:
        unit = session.get_one(Unit, fleet.codes[0])
        with pytest.raises(RuleRefused, match=words):
            add_rule(session, unit, path, choice, act=ACT.because(reason))
        assert session.scalars(select(DecisionRule)).all() == []


@here
def test_the_same_rule_twice_is_one_and_its_opposite_is_refused(fleet: Fleet) -> None:
    ruled(fleet)
    ruled(fleet)
    with fleet.host.sessions() as session:
        assert len(session.scalars(select(DecisionRule)).all()) == 1
    with pytest.raises(RuleRefused, match="請先停用它"):
        ruled(fleet, choice=Choice.TAKE_STANDARD)


@here
def test_rule_g7_what_was_open_before_or_was_taken_back_is_left_to_people(fleet: Fleet) -> None:
    """The question of the first centre stands when the rule comes, and when the next release does."""
    fleet.run(fleet.begun())
    ruled(fleet)
    third = evolved(fleet.second, ["items", ITEM, "delivery", "州第三版的送達"])
    with fleet.host.sessions.begin() as session:
        unit, release = session.get_one(Unit, fleet.codes[0]), released(session, third)
        bring_on(session, unit, standard_for(unit, release, {}), act=ACT)
    assert standing(fleet) == (LOCAL, 1)


@here
def test_rule_g7_of_several_decisions_one_is_taken_back_and_the_others_stand(fleet: Fleet) -> None:
    fleet.edit(0, "scope", "本地的範圍")
    fleet.second = evolved(fleet.second, ["items", ITEM, "scope", "州的範圍"])
    ruled(fleet)
    ruled(fleet, path="items[*].scope")
    fleet.run(fleet.begun())
    assert standing(fleet) == (LOCAL, 0)
    with fleet.host.sessions.begin() as session:
        unit = session.get_one(Unit, fleet.codes[0])
        earlier = min(decided_by_rules(session, unit), key=lambda one: one.basis["revision"])
        take_back(session, unit, earlier.basis["revision"], act=ACT.because("本鄉自己決定"))
        place = earlier.path
    with fleet.host.sessions() as session:
        assert [one.place for one in session.scalars(select(Question))] == [place]
