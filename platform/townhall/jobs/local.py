"""Jobs without a broker: workers that look into the database for what waits.

A server has processes of its own for that, started anew from nothing (`spawn`): no thread, lock or connection of the
server is carried into them. What waited when everything stopped is simply found again.
"""

import logging
import signal
import threading
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from sqlalchemy.exc import DBAPIError

from townhall.clock import now
from townhall.config import Settings
from townhall.jobs.packages import TIDIED, tidy
from townhall.jobs.runner import Runner, runner_of

PAUSE = 1.0  # seconds between two looks when nothing waits
PATIENCE = 15.0  # seconds that a worker has to give its job back

_log = logging.getLogger(__name__)


def work(settings: Settings, stop: threading.Event) -> None:
    """Do what waits, again and again, until told to stop; the job at hand then goes back."""
    runner, tidied = runner_of(settings), 0.0
    runner.stop = stop
    while not stop.is_set():
        if time.monotonic() - tidied > TIDIED or not tidied:
            tidied = time.monotonic()
            tidy(settings, now())
        if not attempt(runner):
            stop.wait(PAUSE)
    runner.engine.dispose()


def drain(settings: Settings) -> int:
    """Do what waits now and what comes meanwhile, then follow the papers; gives how many jobs that were."""
    runner, count = runner_of(settings), 0
    while runner.run_next():
        count += 1
    while runner.follow_next():
        pass
    runner.engine.dispose()
    return count


def attempt(runner: Runner) -> bool:
    """Do one job or, when none waits, follow one centre's papers.

    A database that is away or a fault outside the job costs a pause and not the worker.
    """
    try:
        return runner.run_next() or runner.follow_next()
    except DBAPIError as error:
        _log.warning("database not usable: %s", error.orig)
    except Exception:  # noqa: BLE001 - one job must not end the worker of all the others
        _log.exception("a job could not be run")
    return False


class Pool:
    """The workers of a server: replaced when they die, gone when the server is, however it ends."""

    def __init__(self, settings: Settings, size: int) -> None:
        self._settings, self._size = settings, size
        self._context = get_context("spawn")
        self._workers: dict[SpawnProcess, Connection] = {}
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._replace, name="jobs", daemon=True)

    @property
    def pids(self) -> list[int]:
        """The processes that work now."""
        return [worker.pid for worker in list(self._workers) if worker.pid]

    def start(self) -> None:
        """Start the workers; gives no warning of faults in them, their log does."""
        for _ in range(self._size):
            self._start_one()
        self._watch.start()

    def stop(self) -> None:
        """Let every worker give its job back and end; one that does not is killed."""
        self._stopping.set()
        self._watch.join()
        for connection in self._workers.values():
            connection.close()
        for worker in self._workers:
            worker.join(PATIENCE)
            worker.kill()
            worker.join()

    def _start_one(self) -> None:
        ours, theirs = self._context.Pipe()
        worker = self._context.Process(target=serve, args=(self._settings, theirs))
        worker.start()
        theirs.close()
        self._workers[worker] = ours

    def _replace(self) -> None:
        while not self._stopping.wait(PAUSE):
            for sentinel in wait([worker.sentinel for worker in self._workers], 0):
                dead = next(worker for worker in self._workers if worker.sentinel == sentinel)
                _log.warning("worker %s ended (%s), starting another", dead.pid, dead.exitcode)
                self._workers.pop(dead).close()
                self._start_one()


def serve(settings: Settings, connection: Connection) -> None:
    """A worker's life: until the server closes its end, which it does by dying too. Ctrl-C is the server's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = threading.Event()
    threading.Thread(target=_listen, args=(connection, stop), daemon=True).start()
    work(settings, stop)


def _listen(connection: Connection, stop: threading.Event) -> None:
    wait([connection])
    stop.set()
