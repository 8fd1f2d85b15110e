"""A job is asked for, taken, done and recorded once, whoever is at it; one of nobody is refused (bars T6, A1, R4)."""

import contextvars
import datetime as dt
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.marks import Choice
from tests.fixtures.jobs import LEASE, Workshop
from townhall.audit.act import host_act
from townhall.audit.operations import broken
from townhall.centres.deciding import Decision
from townhall.centres.models import Centre
from townhall.clock import now
from townhall.config import Settings
from townhall.jobs import hold
from townhall.jobs.broker import TASK, celery_of
from townhall.jobs.conflicts import DECIDE, asked_for
from townhall.jobs.kinds import JobFailed, Kind, Task
from townhall.jobs.models import Job, State
from townhall.jobs.operations import (
    ENDED,
    OPEN_AT_MOST,
    TOO_MANY,
    JobLost,
    JobRefused,
    ask,
    backlog,
    cancel,
    due,
    fail,
    finish,
    renew,
    report,
    take,
)
from townhall.jobs.packages import NO_CENTRE, NO_SCRIPT, PACKAGE
from townhall.jobs.provisioning import PROVISION
from townhall.jobs.registry import kinds
from townhall.jobs.runner import ATTEMPTS, FAULT, GAVE_UP, UNKNOWN, JobWithoutTenant
from townhall.jobs.standards import BRING_ON, RUN, SIMULATE, TAKE_BACK
from townhall.tenancy import Scope, ScopeMissing, ScopeViolation, current, scope_of

PREFECTURE = "522300000000"
NOBODY = [
    None,
    "",
    "0",
    "522301001",
    "52230100100x",
    "５２２３０１００１０００",
    522301001000,
    b"522301001000",
]


def kind(run: Any, fault: str | None = None) -> Kind:
    return Kind(lambda _parameters: fault, run)


def probe(workshop: Workshop, run: Any) -> tuple[str, str]:
    """A waiting job of the first centre that does as it is told here."""
    workshop.kinds["probe"] = kind(run)
    return workshop.codes[0], workshop.ask(workshop.codes[0], "probe", {})


def nothing(_task: Task) -> Mapping[str, Any]:
    return {}


@pytest.mark.parametrize("name", kinds(Settings()))
def test_bar_t6_every_kind_of_job_without_a_tenant_refuses(workshop: Workshop, name: str) -> None:
    parameters: dict[str, Any] = {
        PACKAGE: {"script": "hant"},
        PROVISION: {"pack": "qianxinan", "units": workshop.codes},
        DECIDE: asked_for(["0" * 16], Decision(Choice.KEEP_LOCAL), "試"),
        SIMULATE: {"release": 1},
        RUN: {"rollout": 1, "through": 1},
        TAKE_BACK: {"rollout": 1, "wave": 1, "reason": "試"},
        BRING_ON: {},
    }[name]
    key = workshop.ask(workshop.codes[0], name, parameters)
    carried = celery_of(workshop.settings.model_copy(update={"broker": "memory://"})).tasks[TASK]
    for unit_id in NOBODY:
        with pytest.raises(JobWithoutTenant):
            workshop.runner.run(unit_id, key)  # type: ignore[arg-type]
        with pytest.raises(JobWithoutTenant):
            carried(unit_id, key)
    assert workshop.job(workshop.codes[0], key).state == State.WAITING


def test_a_job_of_another_unit_is_not_there(workshop: Workshop) -> None:
    unit_id, key = probe(workshop, nothing)
    assert workshop.runner.run(workshop.codes[1], key) is None
    assert workshop.runner.run(unit_id, key) is State.DONE


def test_bar_a1_asking_and_ending_write_one_record_each(workshop: Workshop) -> None:
    unit_id, key = probe(workshop, lambda _task: {"made": 3})
    assert workshop.acts(unit_id) == ["job.ask"]
    assert workshop.runner.run(unit_id, key) is State.DONE
    assert workshop.acts(unit_id) == ["job.ask", "job.finish"]
    job = workshop.job(unit_id, key)
    assert (job.result, job.leased_until, job.message) == ({"made": 3}, None, "")
    with workshop.host.sessions() as session:
        assert broken(session, unit_id) is None


def test_bar_a1_a_request_that_is_rolled_back_leaves_neither_job_nor_record(workshop: Workshop) -> None:
    unit_id = workshop.codes[0]
    with workshop.host.sessions() as session:
        ask(session, host_act("測試", now()), workshop.kinds, unit_id, PACKAGE, {"script": "hant"})
        session.rollback()
    assert (workshop.acts(unit_id), workshop.open()) == ([], 0)


def test_bar_a1_an_end_that_cannot_be_kept_leaves_no_record(workshop: Workshop) -> None:
    unit_id, key = probe(workshop, nothing)
    with workshop.host.sessions.begin() as session:
        claim = take(session, unit_id, key, now(), LEASE)
    assert claim is not None
    with workshop.host.sessions() as session:
        finish(session, claim, {}, now())
        session.get_one(Job, (unit_id, key)).done = -1
        with pytest.raises(IntegrityError):
            session.commit()
    assert workshop.acts(unit_id) == ["job.ask"]
    assert workshop.job(unit_id, key).state == State.RUNNING


def test_who_asks_twice_is_given_the_job_that_waits(workshop: Workshop) -> None:
    unit_id = workshop.codes[0]
    first = workshop.ask(unit_id, PACKAGE, {"script": "hant"})
    assert workshop.ask(unit_id, PACKAGE, {"script": "hant"}) == first
    assert workshop.ask(unit_id, PACKAGE, {"script": "hans"}) != first
    assert workshop.ask(unit_id, PACKAGE, {"script": "hant"}, login="別人") != first
    assert workshop.acts(unit_id) == ["job.ask"] * 3


def test_a_unit_has_only_so_many_open_jobs_and_others_are_not_held_up(workshop: Workshop) -> None:
    for number in range(OPEN_AT_MOST):
        workshop.ask(workshop.codes[0], PACKAGE, {"script": "hant"}, login=f"p{number}")
    with pytest.raises(JobRefused, match=TOO_MANY):
        workshop.ask(workshop.codes[0], PACKAGE, {"script": "hant"}, login="p")
    assert workshop.ask(workshop.codes[1], PACKAGE, {"script": "hant"})


@pytest.mark.parametrize("parameters", [{}, {"script": "latin"}, {"script": "hant", "unit": "x"}])
def test_what_makes_no_sense_is_not_asked_for(workshop: Workshop, parameters: Mapping[str, Any]) -> None:
    with pytest.raises(JobRefused, match=NO_SCRIPT):
        workshop.ask(workshop.codes[0], PACKAGE, parameters)


def test_of_many_workers_that_reach_for_a_job_one_gets_it(workshop: Workshop) -> None:
    ran: list[int] = []
    unit_id, key = probe(workshop, lambda _task: ran.append(1) or {})
    with ThreadPoolExecutor(8) as workers:
        ends = list(workers.map(lambda _: workshop.runner.run(unit_id, key), range(16)))
    assert (ends.count(State.DONE), ends.count(None), len(ran)) == (1, 15, 1)
    assert workshop.acts(unit_id) == ["job.ask", "job.finish"]


def test_a_job_whose_lease_ran_out_is_taken_again_and_the_first_taker_writes_nothing(
    workshop: Workshop,
) -> None:
    unit_id, key = probe(workshop, nothing)
    later = now() + 2 * LEASE
    with workshop.host.sessions.begin() as session:
        first = take(session, unit_id, key, now(), LEASE)
        assert take(session, unit_id, key, now(), LEASE) is None
        assert due(session, now(), 9) == []
        assert due(session, later, 9) == [(unit_id, key)]
        second = take(session, unit_id, key, later, LEASE)
    assert first is not None
    assert second is not None
    with workshop.host.sessions() as session:
        assert not renew(session, first, later)
        assert not report(session, first, 1, 2)
        with pytest.raises(JobLost):
            finish(session, first, {}, later)
        with pytest.raises(JobLost):
            fail(session, first, FAULT, later)
        session.rollback()
        finish(session, second, {}, later)
        session.commit()
    assert workshop.acts(unit_id) == ["job.ask", "job.finish"]


def test_work_that_takes_longer_than_the_lease_keeps_its_job(workshop: Workshop) -> None:
    slow, enough = threading.Event(), threading.Event()

    def run(_task: Task) -> Mapping[str, Any]:
        slow.set()
        assert enough.wait(30)
        return {}

    unit_id, key = probe(workshop, run)
    workshop.runner.lease = dt.timedelta(seconds=0.6)
    with ThreadPoolExecutor(1) as worker:
        ending = worker.submit(workshop.runner.run, unit_id, key)
        assert slow.wait(30)
        first = workshop.job(unit_id, key).leased_until
        workshop.wait(lambda: workshop.job(unit_id, key).leased_until != first)
        assert workshop.runner.due() == []
        enough.set()
        assert ending.result(30) is State.DONE
    assert workshop.job(unit_id, key).attempts == 1


def test_a_job_that_is_cancelled_stops_at_its_next_step(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "PACE", 0)

    def run(task: Task) -> Mapping[str, Any]:
        task.progress(1, 3)
        with workshop.host.sessions.begin() as session:
            cancel(session, host_act("測試", now()), session.get_one(Job, (task.unit.code, key)))
        task.progress(2, 3)
        raise AssertionError("went on")

    unit_id, key = probe(workshop, run)
    assert workshop.runner.run(unit_id, key) is State.CANCELLED
    assert workshop.acts(unit_id) == ["job.ask", "job.cancel"]
    job = workshop.job(unit_id, key)
    assert (job.state, job.done, job.total) == (State.CANCELLED, 1, 3)
    with workshop.host.sessions() as session, pytest.raises(JobRefused, match=ENDED):
        cancel(session, host_act("測試", now()), session.get_one(Job, (unit_id, key)))


def test_a_job_that_finishes_although_it_was_cancelled_leaves_nothing(workshop: Workshop) -> None:
    def run(task: Task) -> Mapping[str, Any]:
        with workshop.host.sessions.begin() as session:
            cancel(session, host_act("測試", now()), session.get_one(Job, (task.unit.code, key)))
        return {"made": 1}

    unit_id, key = probe(workshop, run)
    assert workshop.runner.run(unit_id, key) is State.CANCELLED
    assert workshop.job(unit_id, key).result == {}
    assert workshop.acts(unit_id) == ["job.ask", "job.cancel"]


def test_a_worker_that_is_told_to_stop_gives_its_job_back_at_once(workshop: Workshop) -> None:
    def run(task: Task) -> Mapping[str, Any]:
        workshop.runner.stop.set()
        task.progress(1, 2)
        raise AssertionError("went on")

    unit_id, key = probe(workshop, run)
    assert workshop.runner.run(unit_id, key) is State.WAITING
    assert workshop.runner.due() == [(unit_id, key)]
    assert workshop.acts(unit_id) == ["job.ask"]


def _refuse(_task: Task) -> Mapping[str, Any]:
    raise JobFailed(NO_CENTRE)


def _break(_task: Task) -> Mapping[str, Any]:
    raise RuntimeError("a secret path /etc/shadow")


@pytest.mark.parametrize(("run", "said"), [(_refuse, NO_CENTRE), (_break, FAULT)])
def test_a_job_that_fails_says_so_once_and_no_more_than_a_reader_may_know(
    workshop: Workshop, run: Any, said: str
) -> None:
    unit_id, key = probe(workshop, run)
    assert workshop.runner.run(unit_id, key) is State.FAILED
    assert workshop.job(unit_id, key).message == said
    assert workshop.acts(unit_id) == ["job.ask", "job.fail"]


def test_a_kind_that_this_program_does_not_know_fails_in_words(workshop: Workshop) -> None:
    unit_id, key = probe(workshop, nothing)
    del workshop.kinds["probe"]
    assert workshop.runner.run(unit_id, key) is State.FAILED
    assert workshop.job(unit_id, key).message == UNKNOWN


def test_a_job_that_kills_every_worker_is_given_up(workshop: Workshop) -> None:
    unit_id, key = probe(workshop, nothing)
    moment = now() - dt.timedelta(hours=1)
    for number in range(ATTEMPTS):
        with workshop.host.sessions.begin() as session:
            assert take(session, unit_id, key, moment + number * 2 * LEASE, LEASE)
    assert workshop.runner.run(unit_id, key) is State.FAILED
    assert workshop.job(unit_id, key).message == GAVE_UP


LEFT_BEHIND: contextvars.ContextVar[str] = contextvars.ContextVar("left_behind", default="")


def test_what_a_job_sets_in_the_context_ends_with_it(workshop: Workshop) -> None:
    seen: list[str] = []

    def run(task: Task) -> Mapping[str, Any]:
        seen.append(LEFT_BEHIND.get())
        LEFT_BEHIND.set(task.unit.code)
        return {}

    workshop.kinds["probe"] = kind(run)
    for code in workshop.codes[:3]:
        workshop.ask(code, "probe", {})
    LEFT_BEHIND.set("the caller's")
    while workshop.runner.run_next():
        pass
    assert seen == ["", "", ""]


def test_the_sessions_of_a_job_reach_its_own_unit_only(workshop: Workshop) -> None:
    own, foreign = workshop.codes[:2]

    def run(task: Task) -> Mapping[str, Any]:
        assert task.session.scalars(select(Centre.unit_id)).all() == [own]
        with task.sessions() as session:
            assert session.scalars(select(Centre.unit_id)).all() == [own]
            with pytest.raises(ScopeViolation):
                session.add(Job(unit_id=foreign, key="k"))
        return {}

    unit_id, key = probe(workshop, run)
    assert workshop.runner.run(unit_id, key) is State.DONE, workshop.job(unit_id, key).message


def test_every_transaction_of_a_job_is_told_its_own_tenant(workshop: Workshop) -> None:
    def run(task: Task) -> Mapping[str, Any]:
        with task.sessions() as session:
            session.scalars(select(Centre.unit_id)).all()
        task.progress(1, 1)
        return {}

    unit_id, key = probe(workshop, run)
    told: list[Scope] = []

    def note(session: Session, *_: object) -> None:
        told.append(current(session))

    event.listen(Session, "after_begin", note)
    try:
        assert workshop.runner.run(unit_id, key) is State.DONE
    finally:
        event.remove(Session, "after_begin", note)
    assert len(told) >= 5  # taken, read, written, reported, finished
    assert set(told) == {scope_of(unit_id)}


def test_nobody_takes_a_job_in_a_session_of_nobody(workshop: Workshop) -> None:
    unit_id, key = probe(workshop, nothing)
    with Session(workshop.host.engine) as session, pytest.raises(ScopeMissing):
        take(session, unit_id, key, now(), LEASE)


def test_a_job_over_many_units_belongs_to_the_prefecture_and_does_each_once(workshop: Workshop) -> None:
    more = [unit.code for unit in workshop.host.units[:8]]
    key = workshop.ask(PREFECTURE, PROVISION, {"pack": "qianxinan", "units": more})
    assert workshop.runner.run(PREFECTURE, key) is State.DONE
    assert workshop.job(PREFECTURE, key).result == {"created": 3, "unchanged": 5}
    with workshop.host.sessions() as session:
        assert set(session.scalars(select(Centre.unit_id))) == set(more)


def test_the_backlog_is_forsaken_only_when_nobody_works(workshop: Workshop) -> None:
    unit_id, key = probe(workshop, nothing)
    workshop.ask(workshop.codes[1], "probe", {})
    moment = now() + dt.timedelta(minutes=5)
    with workshop.host.sessions.begin() as session:
        assert not backlog(session, now()).forsaken
        assert backlog(session, moment).forsaken
        assert take(session, unit_id, key, moment, LEASE)
        found = backlog(session, moment)
    assert (found.waiting, found.running, found.forsaken) == (1, 1, False)
