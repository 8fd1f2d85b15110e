"""What a process may use that works on templates from elsewhere: so much memory, so much time for each piece of work.

The kernel holds the limits, so nothing that a template does can stretch them. Whoever gave the work sees the process
end, says so, and takes a new one.
"""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager


def confine(memory: int) -> None:
    """Bind this process for good: `memory` bytes of its own, no core file."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(YIELDING)


# Requests that print nothing come first.
YIELDING = 5


@contextmanager
def allowance(seconds: float) -> Iterator[None]:
    """Processor seconds for one piece of work; a process that uses more is ended by SIGPROF."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def ending(code: int | None) -> str:
    """Why a process ended, in words."""
    return "超過時限" if code == -signal.SIGPROF else f"進程意外終止（{code}）"
