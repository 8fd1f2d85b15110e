"""Where a job meets the database: its tenant entered from its own argument, each step committed here and only here.

Nothing of one job reaches the next. Its sessions are made for it and for its unit alone, and it runs in a context of
its own, so that what it or a library sets in context variables ends with it (security, 2a, "Background jobs").
"""

import contextvars
import datetime as dt
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from townhall.clock import now
from townhall.config import Settings
from townhall.database import create_engine_for, reading
from townhall.documents.papers import keep, pending, read
from townhall.jobs.hold import Hold, Interrupted
from townhall.jobs.kinds import JobFailed, Kind, Task
from townhall.jobs.models import State
from townhall.jobs.operations import Claim, JobLost, due, fail, finish, give_back, take
from townhall.jobs.registry import kinds
from townhall.tenancy import HOST, Scope, enter, scope_of, scoped
from townhall.units.models import Unit

ATTEMPTS = 5  # how often a job is taken before it is given up
AT_ONCE = 20  # jobs looked at in one glance

FAULT = "系統出錯，這個任務沒有完成；錯誤已記錄"
UNKNOWN = "這個版本的程序不認識這種任務"
GAVE_UP = "任務多次被中斷，已停止再試"

Outcome = Mapping[str, Any] | str  # a result, or in Chinese why there is none

_log = logging.getLogger(__name__)


class JobWithoutTenant(ValueError):
    """A job that does not say whose it is: it is not run at all."""


@dataclass(eq=False)
class Runner:
    """Does jobs on one database. `lease` is how long a dead worker is waited for; `stop` is set when this one ends."""

    engine: Engine
    kinds: Mapping[str, Kind]
    lease: dt.timedelta
    stop: threading.Event = field(default_factory=threading.Event)
    _troubled: set[str] = field(default_factory=set)

    def due(self) -> list[tuple[str, str]]:
        """Unit and key of what can be had, oldest first: the one look over all tenants, and at nothing but that."""
        with self._reading(HOST) as session:
            return due(session, now(), AT_ONCE)

    def run_next(self) -> bool:
        """Do the oldest job that can be had; False when there is none."""
        return any(self.run(unit_id, key) for unit_id, key in self.due())

    def follow_next(self) -> bool:
        """Bring the papers of one centre to what it says now; False when no message is unread (rule I5).

        What cannot be followed is logged and left for the next start: it must not keep the others waiting.
        """
        with self._reading(HOST) as session:
            waiting = pending(session, AT_ONCE, self._troubled)
        for code in waiting:
            try:
                self._follow(code)
            except (OperationalError, InterfaceError):
                raise
            except Exception:  # noqa: BLE001 - one centre must not end the worker of all the others
                _log.exception("the papers of %s could not be followed", code)
                self._troubled.add(code)
            else:
                return True
        return False

    def _follow(self, code: str) -> None:
        """Read without holding anybody up, then note it in a moment."""
        with self._reading(scope_of(code)) as session:
            reading = read(session, session.get_one(Unit, code))
        with self.writing(scope_of(code)) as session:
            keep(session, reading, now())

    def run(self, unit_id: str | None, key: str | None) -> State | None:
        """Do one job of a unit; None when it is not to be had. Raises `JobWithoutTenant`."""
        scope = _tenant(unit_id)
        return contextvars.Context().run(self._run, scope, str(unit_id), str(key))

    def _run(self, scope: Scope, unit_id: str, key: str) -> State | None:
        with self.writing(scope) as session:
            claim = take(session, unit_id, key, now(), self.lease)
        if claim is None:
            return None
        with Hold(claim, self.lease, lambda: self.writing(scope), self.stop) as hold:
            try:
                return self._end(scope, claim, self._outcome(scope, claim, hold))
            except JobLost:
                return State.CANCELLED
            except Interrupted:
                with self.writing(scope) as session:
                    give_back(session, claim)
                return State.WAITING

    def _outcome(self, scope: Scope, claim: Claim, hold: Hold) -> Outcome:
        kind = self.kinds.get(claim.kind)
        if kind is None:
            return UNKNOWN
        if claim.attempt > ATTEMPTS:
            return GAVE_UP
        if fault := kind.fault(claim.parameters):
            return fault
        try:
            return self._work(kind, scope, claim, hold)
        except JobFailed as failure:
            _log.warning("%s of %s: %s", claim.path, claim.unit_id, failure, exc_info=failure.__cause__)
            return str(failure)
        except (JobLost, Interrupted):
            raise
        except Exception:  # noqa: BLE001 - whatever a job does, its row must say that it has ended
            _log.exception("%s of %s failed", claim.path, claim.unit_id)
            return FAULT

    def _work(self, kind: Kind, scope: Scope, claim: Claim, hold: Hold) -> Mapping[str, Any]:
        writers = sessionmaker(self.engine, expire_on_commit=False, info=scoped(scope))
        with self._reading(scope) as session:
            unit = session.get_one(Unit, claim.unit_id)
            task = Task(
                session, writers, unit, claim.parameters, hold.progress, claim.act(now()), claim.asker
            )
            return kind.run(task)

    def _end(self, scope: Scope, claim: Claim, outcome: Outcome) -> State:
        with self.writing(scope) as session:
            if isinstance(outcome, str):
                fail(session, claim, outcome, now())
                return State.FAILED
            finish(session, claim, outcome, now())
            return State.DONE

    @contextmanager
    def writing(self, scope: Scope) -> Iterator[Session]:
        """One transaction of a tenant, kept when it ends without a fault."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            enter(session, scope)
            yield session

    @contextmanager
    def _reading(self, scope: Scope) -> Iterator[Session]:
        with Session(reading(self.engine), expire_on_commit=False) as session:
            enter(session, scope)
            yield session


def _tenant(unit_id: object) -> Scope:
    """The scope of a job by its own argument. Raises `JobWithoutTenant`; there is no tenant by default."""
    if not isinstance(unit_id, str):
        raise JobWithoutTenant(f"a job of nobody: {unit_id!r}")
    try:
        return scope_of(unit_id)
    except ValueError as error:
        raise JobWithoutTenant(f"a job of nobody: {unit_id!r}") from error


def runner_of(settings: Settings) -> Runner:
    """The runner of an installation, with an engine of its own: one a process, never carried over a fork."""
    lease = dt.timedelta(seconds=settings.job_lease)
    return Runner(create_engine_for(settings.database_url), kinds(settings), lease)
