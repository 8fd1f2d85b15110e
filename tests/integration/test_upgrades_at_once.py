"""Several people bring centres on to another release at the same time, each on a connection of their own (rule I4)."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.plan import Plan
from tests.fixtures.releases import LATER, evolved, released
from tests.fixtures.rollouts import ITEM, Fleet
from townhall.audit.act import Act, host_act
from townhall.audit.models import AuditRecord
from townhall.centres.apply import Outcome, PlanStale, Standard, apply_plan, plan_unit, standard_for
from townhall.centres.models import Centre, Outbox, Question, Revision
from townhall.centres.rows import require_centre
from townhall.standards.models import Release
from townhall.units.models import Unit

ONE, OTHER = host_act("甲", LATER, "甲升級"), host_act("乙", LATER, "乙升級")
SOON, LONG = 0.5, 60.0  # seconds: nobody who waits is through by then, everybody who does not wait is


@pytest.fixture
def releases(fleet: Fleet) -> list[Release]:
    """Releases 2 and 3, which say different things of one place."""
    third = evolved(fleet.second, ["items", ITEM, "result", "州第三版的辦理結果"])
    with fleet.host.sessions.begin() as session:
        return [released(session, fleet.second), released(session, third)]


Planned = tuple[Unit, Plan, Standard]


def planned(fleet: Fleet, place: int, release: Release) -> Planned:
    unit = fleet.host.units[place]
    standard = standard_for(unit, release, {})
    with fleet.host.sessions() as session:
        return unit, plan_unit(session, unit, standard), standard


def applied(session: Session, given: Planned, act: Act) -> Outcome:
    unit, plan, standard = given
    return apply_plan(session, plan, unit, standard, act=act)


def upgraded(fleet: Fleet, given: Planned, act: Act, begin: Barrier | None = None) -> Outcome | str:
    """What came of it: the outcome, or the words of the refusal."""
    if begin is not None:
        begin.wait(LONG)
    try:
        with fleet.host.sessions.begin() as session:
            return applied(session, given, act)
    except PlanStale as stale:
        return str(stale)


@contextmanager
def meanwhile(fleet: Fleet, given: Planned, act: Act) -> Iterator[Future[Outcome | str]]:
    """An upgrade that somebody else begins now; it is through when the block has ended."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(upgraded, fleet, given, act)
        yield future
        future.result(LONG)


def check_only(fleet: Fleet, won: Planned, act: Act) -> None:
    """All that is written of the centre since its opening and its edits is what one plan said."""
    unit, plan, standard = won
    with fleet.host.sessions() as session:
        centre = session.get_one(Centre, unit.code)
        rows = content_hash(require_centre(session, unit.code))
        assert centre.content_hash == rows == content_hash(plan.changes.after)
        assert centre.release_id == standard.release.id
        revisions = session.scalars(select(Revision).filter_by(unit_id=unit.code, plan_hash=plan.hash)).all()
        assert [(one.number, one.actor) for one in revisions] == [(centre.revision, act.author)]
        records = select(AuditRecord.login).filter_by(unit_id=unit.code, action="centre.apply")
        assert session.scalars(records).all() == [act.login]
        outbox = session.scalars(select(Outbox.revision).filter_by(unit_id=unit.code)).all()
        assert outbox.count(centre.revision) == 1
        assert [number for number in outbox if number > centre.revision] == []
        questions = session.scalars(select(Question.id).filter_by(unit_id=unit.code)).all()
        assert sorted(questions) == sorted(mark.id for mark in plan.changes.marks)


@pytest.mark.parametrize("winner", [0, 1])
def test_rule_i4_who_comes_second_to_one_centre_waits_and_learns_that_the_plan_is_stale(
    fleet: Fleet, releases: list[Release], winner: int
) -> None:
    won, lost = planned(fleet, 0, releases[winner]), planned(fleet, 0, releases[1 - winner])
    with fleet.host.sessions() as session:
        assert applied(session, won, ONE).written
        with meanwhile(fleet, lost, OTHER) as second:
            with pytest.raises(NotYet):
                second.result(SOON)
            session.commit()
    assert second.result() == "計劃已過期：該中心在計劃之後有變動，請重新生成計劃"
    check_only(fleet, won, ONE)


def test_rule_i4_of_two_people_who_begin_at_once_exactly_one_upgrades(
    fleet: Fleet, releases: list[Release]
) -> None:
    for place in range(4):
        plans = [planned(fleet, place, release) for release in releases]
        begin = Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(upgraded, [fleet] * 2, plans, [ONE, OTHER], [begin] * 2))
        won = [number for number, outcome in enumerate(found) if isinstance(outcome, Outcome)]
        assert len(won) == 1, found
        assert str(found[1 - won[0]]).startswith("計劃已過期"), found
        check_only(fleet, plans[won[0]], (ONE, OTHER)[won[0]])


def test_rule_i4_of_two_people_with_the_very_same_plan_one_writes_and_both_get_its_outcome(
    fleet: Fleet, releases: list[Release]
) -> None:
    """Who comes second has nothing left to do: the plan has been applied (rule I3)."""
    given = planned(fleet, 0, releases[0])
    begin = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(upgraded, [fleet] * 2, [given] * 2, [ONE, OTHER], [begin] * 2))
    outcomes = [outcome for outcome in found if isinstance(outcome, Outcome)]
    assert sorted(outcome.written for outcome in outcomes) == [False, True], found
    assert len({outcome.revision for outcome in outcomes}) == 1
    check_only(fleet, given, ONE if outcomes[0].written else OTHER)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_rule_i4_an_open_upgrade_of_one_centre_keeps_nobody_from_another(
    fleet: Fleet, releases: list[Release]
) -> None:
    mine, theirs = planned(fleet, 0, releases[0]), planned(fleet, 1, releases[0])
    with fleet.host.sessions() as session:
        assert applied(session, mine, ONE).written
        with meanwhile(fleet, theirs, OTHER) as second:
            outcome = second.result(LONG)
            assert isinstance(outcome, Outcome)
            assert outcome.written
        check_only(fleet, theirs, OTHER)
        session.rollback()
    assert fleet.numbers() == [1, 2, 1, 1, 1, 1]
