"""Jobs through a broker: Celery carries unit and key of a job, and the row decides as it does without.

A message may come twice, late or never. Coming twice does nothing, since the row can be taken once; for what never
came, or came while a dead worker still held the job, `sweep` sends it again.
"""

import logging
import os
import threading
import time
from functools import lru_cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from townhall.clock import now
from townhall.config import Settings, SettingsInvalid
from townhall.jobs.models import Job
from townhall.jobs.packages import TIDIED, tidy
from townhall.jobs.runner import Runner, runner_of

if TYPE_CHECKING:
    from celery import Celery

TASK = "townhall.job"
QUEUE = "townhall"
REPEATED = 300.0  # seconds after which a message that led to nothing is sent again
CONNECTING = 2.0  # seconds that a page waits for the broker

_log = logging.getLogger(__name__)


class WorkerEnded(RuntimeError):
    """The Celery worker has ended by itself; its exit code."""


def celery_of(settings: Settings) -> "Celery":
    """The Celery application of an installation. Raises `SettingsInvalid` where Celery is not installed."""
    try:
        from celery import Celery
    except ImportError as error:
        raise SettingsInvalid(
            "已填 TOWNHALL_BROKER，還須安裝 Celery：pip install 'townhall[celery]'"
        ) from error
    app = Celery("townhall", broker=settings.broker, set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        # The message is given up only when the job has ended; one whose process was killed comes again.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=CONNECTING,
        task_publish_retry=False,
    )
    if str(settings.broker).startswith("redis"):
        app.conf.broker_transport_options = {"socket_connect_timeout": CONNECTING, "socket_timeout": 30}
    # Not shared: another application in the same process would get it too.
    app.task(name=TASK, shared=False)(_task(settings))
    return app


def _task(settings: Settings) -> Any:
    @lru_cache(maxsize=1)
    def runner(_process: int) -> Runner:
        """One a process: an engine must not be carried over a fork."""
        return runner_of(settings)

    def carry(unit_id: str | None = None, key: str | None = None) -> str | None:
        return runner(os.getpid()).run(unit_id, key)

    return carry


def reach(settings: Settings) -> None:
    """Speak to the broker. Raises whatever its client raises when it does not answer."""
    with celery_of(settings).connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=CONNECTING)


def shown_broker(settings: Settings) -> str:
    """The broker's address for people to read, without its password."""
    with celery_of(settings).connection_for_write() as connection:
        return str(connection.as_uri())


class Post:
    """Sends the news of jobs; without a broker there is none to send, workers look for themselves."""

    def __init__(self, settings: Settings) -> None:
        self._celery = celery_of(settings) if settings.broker else None

    def announce(self, session: Session, job: Job) -> None:
        """Send the news as soon as the transaction that asks for a job is kept, and not before."""
        if self._celery is None:
            return
        unit_id, key = job.unit_id, job.key
        event.listen(session, "after_commit", lambda _session: self.send(unit_id, key), once=True)

    def send(self, unit_id: str, key: str) -> None:
        """Send the news of a job; a broker that is away is left to the sweep."""
        assert self._celery is not None  # noqa: S101 # nosec B101 # asked only where there is a broker
        try:
            self._celery.send_task(TASK, (unit_id, key))
        except Exception:  # noqa: BLE001 - whatever the broker does, the row is kept and will be found
            _log.warning("broker not usable, job %s waits", key, exc_info=True)


def work(settings: Settings, stop: threading.Event) -> None:
    """A Celery worker in a process of its own, and the sweep beside it, until told to stop.

    Raises `WorkerEnded` when the worker ends by itself, for whoever supervises this to start it anew.
    """
    worker = get_context("spawn").Process(target=_serve, args=(settings,))
    worker.start()
    try:
        sweep = Sweep(settings)
        while not stop.wait(settings.job_lease / 2):
            sweep.once()
            if not worker.is_alive():
                raise WorkerEnded(worker.exitcode)
            sweep.follow(stop, settings.job_lease / 2)
    finally:
        worker.terminate()  # Celery then ends the job at hand first
        worker.join()


def _serve(settings: Settings) -> None:
    options = ["--loglevel=WARNING", f"--concurrency={max(1, settings.job_workers)}"]
    celery_of(settings).worker_main(["worker", *options, "--without-gossip", "--without-mingle"])


class Sweep:
    """Sends again what waits although nobody came for it, deletes old files now and then, follows papers."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._post, self._runner = settings, Post(settings), runner_of(settings)
        self._sent: dict[tuple[str, str], float] = {}
        self._tidied = 0.0

    def once(self) -> None:
        """One look; a database that is away is looked at again later."""
        try:
            waiting = self._runner.due()
        except DBAPIError as error:
            _log.warning("database not usable: %s", error.orig)
            return
        moment = time.monotonic()
        fresh = {job: at for job, at in self._sent.items() if job in waiting and moment - at < REPEATED}
        for job in waiting:
            if job not in fresh:
                self._post.send(*job)
        self._sent = dict.fromkeys(waiting, moment) | fresh
        self._tidy(moment)

    def follow(self, stop: threading.Event, seconds: float) -> None:
        """Follow papers for some seconds at most, so that the next look is not kept waiting."""
        until = time.monotonic() + seconds
        try:
            while not stop.is_set() and time.monotonic() < until and self._runner.follow_next():
                pass
        except DBAPIError as error:
            _log.warning("database not usable: %s", error.orig)

    def _tidy(self, moment: float) -> None:
        if not self._tidied or moment - self._tidied > TIDIED:
            self._tidied = moment
            tidy(self._settings, now())
