"""Simulating a release, bringing waves of a rollout on and taking one back, as jobs of the prefecture; bringing
the townships of a county to its overlay, as a job of the county.

Each may be run again after its worker died: a simulation begins anew, a rollout goes on where it was.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from townhall.counties.bringing import bring_county_on, townships
from townhall.database import reading
from townhall.jobs.kinds import JobFailed, Kind, Task
from townhall.rollouts.board import wave_states
from townhall.rollouts.models import Progress, Rollout
from townhall.rollouts.operations import RolloutRefused
from townhall.rollouts.running import run, take_back
from townhall.rollouts.simulation import simulate
from townhall.standards.models import Release
from townhall.units.models import Level

SIMULATE, RUN, TAKE_BACK = "release.simulate", "rollout.run", "rollout.take_back"
BRING_ON = "county.bring_on"

NO_RELEASE, NO_WAVE, NOT_A_COUNTY = "請指定版本", "請指定推行和批次", "這項任務以縣（市）為單位，不帶參數"


def standard_kinds() -> dict[str, Kind]:
    """`release.simulate` takes `release`; `rollout.run` takes `rollout` and `through`, the last wave to bring on;
    `rollout.take_back` takes `rollout`, `wave` and `reason`; `county.bring_on` takes nothing. Numbers are ids of
    rows."""
    return {
        SIMULATE: Kind(_asks_for(NO_RELEASE, release=int), _simulated),
        RUN: Kind(_asks_for(NO_WAVE, rollout=int, through=int), _brought_on),
        TAKE_BACK: Kind(_asks_for(NO_WAVE, rollout=int, wave=int, reason=str), _taken_back),
        BRING_ON: Kind(_asks_for(NOT_A_COUNTY), _county_brought_on),
    }


def _asks_for(words: str, **wanted: type) -> Callable[[Mapping[str, Any]], str | None]:
    def fault(parameters: Mapping[str, Any]) -> str | None:
        sound = parameters.keys() == wanted.keys()
        return (
            None if sound and all(type(parameters[name]) is kind for name, kind in wanted.items()) else words
        )

    return fault


def _simulated(task: Task) -> dict[str, Any]:
    release = task.session.scalars(select(Release).filter_by(id=task.parameters["release"])).one_or_none()
    if release is None:
        raise JobFailed("這一版已不存在")
    _give_up(task)
    made = simulate(_readers(task), task.sessions, release.id, act=task.act, advance=task.progress)
    return {"simulation": made}


def _brought_on(task: Task) -> dict[str, Any]:
    rollout, through = _rollout(task), task.parameters["through"]
    states = wave_states(task.session, rollout)
    waiting = sum(one.counts[Progress.WAITING] for one in states if one.number <= through)
    _give_up(task)
    state = run(task.sessions, rollout.id, act=task.act, through=through, advance=_counting(task, waiting))
    return {"state": state.value}


def _taken_back(task: Task) -> dict[str, Any]:
    rollout, wave = _rollout(task), task.parameters["wave"]
    states = wave_states(task.session, rollout)
    count = sum(one.counts[Progress.APPLIED] for one in states if one.number == wave)
    _give_up(task)
    act = task.act.because(task.parameters["reason"])
    try:
        take_back(task.sessions, rollout.id, wave, act=act, advance=_counting(task, count))
    except RolloutRefused as refusal:
        raise JobFailed(str(refusal)) from refusal
    return {"wave": wave}


def _county_brought_on(task: Task) -> dict[str, Any]:
    if task.unit.level != Level.COUNTY:
        raise JobFailed(NOT_A_COUNTY)
    county, count = task.unit, len(task.session.scalars(townships(task.unit)).all())
    _give_up(task)
    done = bring_county_on(task.sessions, county, act=task.act, advance=_counting(task, count))
    refused = [f"{one.unit.name}：{one.reason}" for one in done if one.reason]
    return {"written": sum(one.written for one in done), "refused": refused}


def _rollout(task: Task) -> Rollout:
    """The rollout that was asked for, if it is one of this prefecture's."""
    wanted = select(Rollout).filter_by(id=task.parameters["rollout"], prefecture_code=task.unit.code)
    found = task.session.scalars(wanted).one_or_none()
    if found is None:
        raise JobFailed("沒有這次推行")
    return found


def _give_up(task: Task) -> None:
    """What was read is kept; the connection is not held through work that takes long."""
    task.session.expunge_all()
    task.session.close()


def _readers(task: Task) -> sessionmaker[Session]:
    """Sessions of the same scope that keep nobody from writing."""
    known = task.sessions.kw
    return sessionmaker(reading(known["bind"]), expire_on_commit=False, info=known["info"])


def _counting(task: Task, total: int) -> Callable[[object], None]:
    done = iter(range(1, total + 1))

    def advance(_told: object) -> None:
        task.progress(next(done, total), total)

    return advance
