"""What a sort of job is: a name, a check of what is asked for, and a function that any worker can run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from townhall.audit.act import Act
from townhall.units.models import Unit

Progress = Callable[[int, int], None]  # steps done, steps in all


class JobFailed(Exception):
    """A job came to nothing for a reason that whoever asked can understand; the message says it in Chinese."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a job is given. All of its sessions are for its unit and what lies below, and for nothing else.

    `session` only reads; give it up before work that takes long. `sessions` are for effects of their own, each to
    be such that doing it again does nothing. `progress` raises when the job is not to go on. `act` is the host's
    staff; `asker` is for what the person who asked has decided, and a worker only carries out.
    """

    session: Session
    sessions: sessionmaker[Session]
    unit: Unit
    parameters: Mapping[str, Any]
    progress: Progress
    act: Act
    asker: Act


@dataclass(frozen=True, slots=True)
class Kind:
    """`fault` says in Chinese what is wrong with parameters, or None. `run` gives the result, plain data.

    A job may be run again after its worker died: all that `run` leaves behind must be there once then too.
    """

    fault: Callable[[Mapping[str, Any]], str | None]
    run: Callable[[Task], Mapping[str, Any]]
