"""Holding on to a job while it is being done: the lease renewed, progress told, and heard when it is not to go on."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from townhall.clock import now
from townhall.jobs.operations import Claim, JobLost, renew, report

PACE = 0.5  # seconds between two reports of progress
BEATS = 3  # renewals in one lease

Writing = Callable[[], AbstractContextManager[Session]]

_log = logging.getLogger(__name__)


class Interrupted(Exception):
    """The worker is to end; its job goes back."""


class Hold:
    """A thread beside the work, so that a step may take longer than the lease; when the process dies, it stops too."""

    def __init__(self, claim: Claim, lease: dt.timedelta, writing: Writing, stop: threading.Event) -> None:
        self._claim, self._lease, self._writing, self._stop = claim, lease, writing, stop
        self._over, self._lost = threading.Event(), threading.Event()
        self._told = 0.0
        self._thread = threading.Thread(target=self._renew, name=f"hold-{claim.key[:8]}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def progress(self, done: int, total: int) -> None:
        """Say how far the work has come. Raises `JobLost` or `Interrupted` when it is not to go on."""
        if self._stop.is_set():
            raise Interrupted
        if self._lost.is_set():
            raise JobLost(self._claim.path)
        moment = time.monotonic()
        if moment - self._told < PACE:
            return
        self._told = moment
        with self._writing() as session:
            if not report(session, self._claim, done, total):
                raise JobLost(self._claim.path)

    def _renew(self) -> None:
        while not self._over.wait(self._lease.total_seconds() / BEATS):
            try:
                with self._writing() as session:
                    if not renew(session, self._claim, now() + self._lease):
                        self._lost.set()
                        return
            except DBAPIError:
                _log.warning("lease of %s not renewed", self._claim.path, exc_info=True)
