"""Rendering of many sheets, a worker a core, streaming; one bad sheet never stops the rest.

Workers are forked from a fork server, a clean process that has imported the renderer and nothing else.
Forking the caller itself would be unsafe: it may have threads, and Pango keeps one for each font map, which
a fork loses. So a script that calls this with several workers needs the usual `if __name__ == "__main__":`.
"""

import atexit
import gc
import os
import time
from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from townhall.documents.errors import DocumentError, Packed, RenderFailed, packed, unpacked
from townhall.documents.fonts import Faces, ensure_faces, read_faces, require_subsetter
from townhall.documents.sheet import Sheet
from townhall.documents.store import Store, sheet_key

if TYPE_CHECKING:
    from townhall.documents.pdf import Renderer

PATIENCE = (
    300.0  # seconds a sheet may take; a booklet of 160 pages takes half a minute, all else less than one
)
PRELOADED = ["__main__", "townhall.documents.pdf"]


class Made(Protocol):
    """Other work for somebody who has a renderer; it must cross between processes."""

    def made(self, renderer: "Renderer") -> bytes:
        """What comes of it. Raises `DocumentError`."""
        ...


Work = Sheet | Made

# What a worker answers: the file, or the bytes when there is no store, or an error taken apart.
Answer = Path | bytes | Packed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sheet: exactly one of `path` (with a store), `data` (without) and `error` is set.

    `stored` says that nothing was rendered because the store had it.
    """

    key: Hashable
    path: Path | None = None
    data: bytes | None = None
    error: DocumentError | None = None
    stored: bool = False

    def read(self) -> bytes:
        """The bytes of the PDF. Raises the sheet's error when there are none."""
        if self.error is not None:
            raise self.error
        return self.path.read_bytes() if self.path is not None else self.data or b""


def render_many(
    sheets: Iterable[tuple[Hashable, Work]],
    *,
    workers: int | None = None,
    store: Store | None = None,
    faces: Faces | None = None,
) -> Iterator[Outcome]:
    """Render sheets, or do other such work, and yield each outcome as soon as it is there, in the order of completion.

    `workers` is the number of processes, one a core by default; with 1 the work is done in this process. No
    more sheets are taken from `sheets` than are being worked on. Raises FontsMissing before the first
    rendering.
    """
    faces = faces or ensure_faces()
    size = crew_size(workers)
    crew: Crew | Solo = Solo(faces, store) if size == 1 else Crew(size, faces, store)
    with crew:
        for key, sheet in sheets:
            if store and isinstance(sheet, Sheet) and (path := store.get(sheet_key(sheet, faces.digest))):
                yield Outcome(key, path=path, stored=True)
                continue
            if crew.full:
                yield crew.collect()
            crew.assign(key, sheet)
        while crew.busy:
            yield crew.collect()


def crew_size(workers: int | None) -> int:
    """How many processes to use; one where this process may not start others, as in a worker of a job queue."""
    return 1 if current_process().daemon else workers or available_cores()


def available_cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


@lru_cache(maxsize=1)
def process_renderer(directory: Path) -> "Renderer":
    """This process's own renderer for the faces in a directory."""
    # Imported late: a caller that only meets stored documents never loads WeasyPrint.
    from townhall.documents.pdf import Renderer

    atexit.register(_forget_renderer)
    return Renderer(read_faces(directory))


def _forget_renderer() -> None:
    """Let go of all that Pango made while its library is still loaded: the interpreter unloads it first."""
    process_renderer.cache_clear()
    gc.collect()


class Solo:
    """Works in this process: a sheet is rendered when its outcome is collected."""

    def __init__(self, faces: Faces, store: Store | None) -> None:
        self._faces, self._store = faces, store
        self._waiting: list[tuple[Hashable, Work]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.clear()

    @property
    def busy(self) -> bool:
        """Whether a sheet is waiting."""
        return bool(self._waiting)

    full = busy

    def assign(self, key: Hashable, sheet: Work) -> None:
        """Take a sheet."""
        self._waiting.append((key, sheet))

    def collect(self) -> Outcome:
        """Render the sheet that is waiting."""
        key, sheet = self._waiting.pop()
        return _outcome(key, _attempt(process_renderer(self._faces.directory), sheet, self._store))


@dataclass(slots=True)
class Worker:
    """A process with the sheet it is working on."""

    process: ForkServerProcess
    connection: Connection
    key: Hashable = None
    busy: bool = field(default=False)
    deadline: float = 0.0

    def assign(self, key: Hashable, sheet: Work) -> None:
        """Hand over a sheet."""
        self.key, self.busy, self.deadline = key, True, time.monotonic() + PATIENCE
        # A worker that has died is noticed when its answer is collected.
        with suppress(OSError):
            self.connection.send(sheet)

    def dismiss(self) -> int | None:
        """End the process, at once when it is busy; return its exit code."""
        if self.busy:
            self.process.kill()
        self.connection.close()
        self.process.join()
        code = self.process.exitcode
        self.process.close()
        return code


class Crew:
    """Worker processes, started when first needed and replaced when they die."""

    def __init__(self, size: int, faces: Faces, store: Store | None) -> None:
        self._size, self._faces, self._store = size, faces, store
        self._workers: list[Worker] = []
        self._context = get_context("forkserver")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.dismiss()
        self._workers.clear()

    @property
    def busy(self) -> bool:
        """Whether any sheet is being worked on."""
        return any(worker.busy for worker in self._workers)

    @property
    def full(self) -> bool:
        """Whether every worker has a sheet."""
        return sum(worker.busy for worker in self._workers) >= self._size

    def assign(self, key: Hashable, sheet: Work) -> None:
        """Give a sheet to an idle worker, or to a new one."""
        idle = next((worker for worker in self._workers if not worker.busy), None)
        (idle or self._start()).assign(key, sheet)

    def collect(self) -> Outcome:
        """The next outcome; waits for it."""
        busy = {worker.connection: worker for worker in self._workers if worker.busy}
        patience = min(worker.deadline for worker in busy.values()) - time.monotonic()
        ready = wait(list(busy), max(patience, 0))
        if not ready:
            return self._lose(min(busy.values(), key=lambda worker: worker.deadline), "超過時限")
        return self._receive(next(worker for connection, worker in busy.items() if connection is ready[0]))

    def _start(self) -> Worker:
        self._faces.activate()
        require_subsetter()
        self._context.set_forkserver_preload(PRELOADED)
        ours, theirs = self._context.Pipe()
        arguments = (theirs, self._faces.directory, self._store)
        process = self._context.Process(target=serve, args=arguments, daemon=True)
        process.start()
        theirs.close()
        self._workers.append(Worker(process, ours))
        return self._workers[-1]

    def _receive(self, worker: Worker) -> Outcome:
        try:
            answer = worker.connection.recv()
        except (EOFError, OSError):
            return self._lose(worker, "排版進程意外終止")
        worker.busy = False
        return _outcome(worker.key, answer)

    def _lose(self, worker: Worker, reason: str) -> Outcome:
        self._workers.remove(worker)
        code = worker.dismiss()
        return Outcome(worker.key, error=RenderFailed(f"排版失敗：{reason}（{code}）"))


def serve(connection: Connection, directory: Path, store: Store | None) -> None:
    """A worker's life: render what arrives until the other end closes."""
    renderer = process_renderer(directory)
    # What is loaded by now lives as long as the process; collecting it over and over is wasted.
    gc.freeze()
    with suppress(EOFError, OSError):
        while True:
            connection.send(_attempt(renderer, connection.recv(), store))


def _attempt(renderer: "Renderer", work: Work, store: Store | None) -> Answer:
    try:
        data = renderer.render(work) if isinstance(work, Sheet) else work.made(renderer)
    except DocumentError as error:
        return packed(error)
    except Exception as error:  # noqa: BLE001 - whatever one sheet does, the others must still be rendered
        return packed(RenderFailed(f"排版失敗：{type(error).__name__}：{error}"))
    if store and isinstance(work, Sheet):
        return store.put(sheet_key(work, renderer.faces.digest), data)
    return data


def _outcome(key: Hashable, answer: Answer) -> Outcome:
    if isinstance(answer, bytes):
        return Outcome(key, data=answer)
    if isinstance(answer, Path):
        return Outcome(key, path=answer)
    return Outcome(key, error=unpacked(answer))
