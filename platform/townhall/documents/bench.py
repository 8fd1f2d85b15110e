"""Where this process has pages laid out and drawn: in one other process, which may use so much and no more (P1, P2).

A page may come from anybody's template, and laying it out can take for ever. What takes too long costs that process
its life and the asker an error; the next asker gets a new one.
"""

import gc
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

from townhall.documents.confinement import allowance, confine, ending
from townhall.documents.errors import DocumentError, Packed, RenderFailed, packed, unpacked
from townhall.documents.fonts import Faces, require_subsetter
from townhall.documents.pool import PRELOADED, process_renderer
from townhall.documents.sheet import Sheet

T = TypeVar("T")

MEMORY = 400 * 2**20  # bytes
ALLOWANCE = 2.0  # processor seconds; the slowest measured document takes less than one
START, PATIENCE = 120.0, 30.0  # seconds on the clock, on a machine that has much else to do


@dataclass
class _Worker:
    process: ForkServerProcess
    connection: Connection

    ended: int | None = None

    def dismiss(self) -> int | None:
        """End the process, if it has not ended by itself; gives its exit code."""
        if self.connection.closed:
            return self.ended
        self.connection.close()
        self.process.join(0.2)
        self.process.kill()
        self.process.join()
        self.ended = self.process.exitcode
        self.process.close()
        return self.ended


class Bench:
    """One confined process for the faces of one directory, started when first needed; for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._worker: _Worker | None = None
        self._directory: Path | None = None

    def rendered(self, faces: Faces, sheet: Sheet) -> bytes:
        """The PDF of a sheet. Raises what the renderer raises, `RenderFailed` when it took too much."""
        return self.done(faces, _rendered, faces.directory, sheet)

    def done(self, faces: Faces, work: Callable[..., T], *arguments: Any) -> T:
        """What a function of ours gives in that process; it and its arguments are sent there.

        Raises the `DocumentError` that it raises, `RenderFailed` for any other fault and when it took too much.
        """
        with self._lock:
            worker, self._worker = self._ready(faces), None
            answer = _asked(worker, work, arguments)
            self._worker = worker
        if isinstance(answer, _Fault):
            raise unpacked(answer.parts)
        return cast("T", answer)

    def close(self) -> None:
        """End the process."""
        if self._worker:
            self._worker.dismiss()
        self._worker = None

    def _ready(self, faces: Faces) -> _Worker:
        if self._directory != faces.directory or (self._worker and not self._worker.process.is_alive()):
            self.close()  # other faces, or it came to its end between two pieces of work
        self._directory = faces.directory
        return self._worker or _started(faces)


def _started(faces: Faces) -> _Worker:
    faces.activate()
    require_subsetter()
    context = get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, faces.directory), daemon=True)
    process.start()
    theirs.close()
    worker = _Worker(process, ours)
    _received(worker, START)
    return worker


def _asked(worker: _Worker, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """An answer; whatever comes in between, nobody may read it as the answer to another question."""
    answered = False
    try:
        worker.connection.send((work, arguments))
        answer = _received(worker, PATIENCE)
        answered = True
        return answer
    except OSError as end:
        raise _failure(worker, end) from end
    finally:
        if not answered:
            worker.dismiss()


def _received(worker: _Worker, seconds: float) -> Any:
    try:
        if not worker.connection.poll(seconds):
            raise TimeoutError
        return worker.connection.recv()
    except (EOFError, OSError) as end:
        raise _failure(worker, end) from end


def _failure(worker: _Worker, end: Exception) -> RenderFailed:
    code = worker.dismiss()
    return RenderFailed(f"排版失敗：{'超過時限' if isinstance(end, TimeoutError) else ending(code)}，已停止")


def serve(connection: Connection, directory: Path) -> None:
    """The life of the process: do what arrives until the other end closes."""
    process_renderer(directory)
    gc.freeze()
    confine(MEMORY)
    connection.send(None)
    with suppress(EOFError, OSError):
        while True:
            work, arguments = connection.recv()
            connection.send(_attempt(work, arguments))


def _attempt(work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        with allowance(ALLOWANCE):
            return work(*arguments)
    except DocumentError as error:
        return _Fault(packed(error))
    except Exception as error:  # noqa: BLE001 - whatever one sheet does, the others must still be rendered
        return _Fault(packed(RenderFailed(f"排版失敗：{type(error).__name__}：{error}")))


def _rendered(directory: Path, sheet: Sheet) -> bytes:
    return process_renderer(directory).render(sheet)


@dataclass(frozen=True, slots=True)
class _Fault:
    parts: Packed


_BENCH = Bench()
# A process that was forked has no business with the children of its parent.
os.register_at_fork(after_in_child=lambda: _BENCH.__init__())  # type: ignore[misc]


def bench() -> Bench:
    """This process's own."""
    return _BENCH
