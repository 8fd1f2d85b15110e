"""Where this process has templates worked on: in another one, which may use little and knows nothing (P1).

Only plain data goes in, checked at this door. What takes too long, or more memory than a page is worth, costs that
process its life and the asker an error; everybody else goes on.
"""

import atexit
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import Empty, LifoQueue
from typing import Any, Self

from townhall.documents.confinement import ending
from townhall.documents.errors import DocumentError

SEATS = 2  # so that one bad template does not stop all others
START = 60.0  # seconds for a new process, on a machine that has much else to do
PATIENCE = (
    30.0  # seconds on the clock, as at the bench; what only computes is ended after `seclusion.ALLOWANCE`
)
LONGEST_ANSWER = 2**25  # bytes
BANNED = 300.0  # seconds for which a template that ran away is not tried again

PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Templates:
    """A set of templates by name. `escaping` is for HTML; what is not HTML is escaped by the page it is put into."""

    sources: tuple[tuple[str, str], ...]
    escaping: bool = True

    @cached_property
    def digest(self) -> str:
        """Names them between the processes."""
        return sha256(json.dumps([self.sources, self.escaping]).encode()).hexdigest()


class Runaway(DocumentError):
    """A template took more time or memory than it may."""

    code = "RUNAWAY"


def require_plain(value: Any, place: str = "內容") -> None:
    """Raise `TypeError` for anything but texts, numbers, booleans, None, and lists and dicts of such by text.

    Exactly these types: a text that is more than a text could bring methods of its own.
    """
    if type(value) is dict:
        for name, inner in value.items():
            if type(name) is not str:  # JSON would make one of it without a word
                raise TypeError(f"{place}：{type(name).__name__}")
            require_plain(inner, f"{place}.{name}")
    elif type(value) is list:
        for inner in value:
            require_plain(inner, f"{place}[]")
    elif type(value) not in PLAIN:
        raise TypeError(f"{place}：{type(value).__name__}")


class _Seat:
    """One secluded process."""

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            self._process = _started(theirs)
        if not self._connection.poll(START):
            self.close()
            raise Runaway("模板進程未能啟動")
        self._connection.recv_bytes()

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """One answer. Raises `EOFError` when the process ends instead, `TimeoutError` when nothing comes."""
        self._connection.send_bytes(json.dumps(job).encode())
        if not self._connection.poll(PATIENCE):
            raise TimeoutError
        answer: dict[str, Any] = json.loads(self._connection.recv_bytes(LONGEST_ANSWER))
        return answer

    def close(self) -> int:
        """End the process; gives its exit code, which is negative for a signal."""
        self._connection.close()
        try:
            return self._process.wait(0.2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _started(theirs: Connection) -> "subprocess.Popen[bytes]":
    """The interpreter with our module search path and nothing else of our surroundings."""
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, "-m", "townhall.documents.seclusion"],
        stdin=theirs.fileno(),
        stdout=nothing,
        stderr=nothing,
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"},
    )


class Booth:
    """Seats for templates at work; processes start when first needed."""

    def __init__(self, seats: int = SEATS) -> None:
        self._free: LifoQueue[_Seat | None] = LifoQueue()
        for _ in range(seats):
            self._free.put(None)
        self._banned: dict[tuple[str, str], float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def text(self, templates: Templates, name: str, context: Mapping[str, Any]) -> str:
        """The text of a template.

        Raises `DocumentError` for a faulty template, `Runaway` for one that took too much, at once when it did so
        a moment ago; `TypeError` for a context that is not plain.
        """
        require_plain(context)
        if self._banned.get((templates.digest, name), 0) > time.monotonic():
            raise Runaway(f"模板「{name}」剛才超過時限，暫不再試")
        return _judged(name, self._asked(templates, name, context))

    def close(self) -> None:
        """End what is not at work."""
        while True:
            try:
                seat = self._free.get_nowait()
            except Empty:
                return
            if seat:
                seat.close()

    def _asked(self, templates: Templates, name: str, context: Mapping[str, Any]) -> dict[str, Any]:
        seat, kept = self._taken(), None
        try:
            seat = seat or _Seat()
            answer = _answer(seat, templates, name, context)
            kept = seat
            return answer
        except (EOFError, OSError) as end:  # a TimeoutError is an OSError
            self._banned[templates.digest, name] = time.monotonic() + BANNED
            late, code = isinstance(end, TimeoutError), seat.close() if seat else None
            raise Runaway(f"模板「{name}」{'超過時限' if late else ending(code)}，已停止") from end
        finally:
            if seat and kept is None:  # whatever came between: nobody may read an answer to another question
                seat.close()
            self._free.put(kept)

    def _taken(self) -> _Seat | None:
        try:
            return self._free.get(timeout=PATIENCE)
        except Empty:
            raise Runaway("模板進程全部忙碌，請稍後再試") from None


def _answer(seat: _Seat, templates: Templates, name: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Templates travel once to each process."""
    job = {"digest": templates.digest, "name": name, "context": context}
    answer = seat.ask(job)
    if "unknown" in answer:
        return seat.ask(job | {"sources": dict(templates.sources), "escaping": templates.escaping})
    return answer


def _judged(name: str, answer: dict[str, Any]) -> str:
    if "missing" in answer:
        raise DocumentError(f"模板包缺少模板「{answer['missing']}」")
    if "faulty" in answer:
        raise DocumentError(f"模板「{name}」有誤：{answer['faulty']}")
    return str(answer["text"])


_BOOTH = Booth()
atexit.register(_BOOTH.close)
# A process that was forked has no business with the children of its parent.
os.register_at_fork(after_in_child=lambda: _BOOTH.__init__())  # type: ignore[misc]


def booth() -> Booth:
    """This process's own."""
    return _BOOTH
