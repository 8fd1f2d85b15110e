"""Work on what strangers send, done in a process of its own that can exhaust nothing but itself.

The child gets bytes and gives bytes. It has neither the environment of this program, with its keys, nor any handle of
it, and its memory and time end before anybody notices.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable

from townhall.intake.refusals import EXHAUSTING, Refused

MEMORY = 256_000_000  # bytes of address space
SECONDS = 10  # of processor time, and twice as many on the clock
REFUSED = 3
# What a Python needs to start and to find its packages and fonts.
_KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TZ", "XDG_CACHE_HOME", "FONTCONFIG_FILE")


def worked(module: str, data: bytes, *arguments: str, memory: int = MEMORY, seconds: int = SECONDS) -> bytes:
    """What a module's `main` makes of some bytes within limits.

    Raises `Refused` with the child's own reason, or because it was brought to its limits.
    """
    command = [sys.executable, "-m", module, *arguments]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"TOWNHALL_CHILD_MEMORY": str(memory), "TOWNHALL_CHILD_SECONDS": str(seconds)}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, input=data, capture_output=True, env=environment, timeout=2 * seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(EXHAUSTING) from error
    if done.returncode == REFUSED:
        told = json.loads(done.stdout)
        raise Refused(told["reason"], **told["values"])
    if done.returncode:
        raise Refused(EXHAUSTING)
    return done.stdout


def child(work: Callable[[bytes], bytes]) -> None:
    """The life of a child: confine itself, read all, do the work, write what it made or why it refused."""
    memory, seconds = (int(os.environ[f"TOWNHALL_CHILD_{name}"]) for name in ("MEMORY", "SECONDS"))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        made, code = work(sys.stdin.buffer.read()), 0
    except Refused as refusal:
        told = {"reason": refusal.reason, "values": refusal.values}
        made, code = json.dumps(told).encode(), REFUSED
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    os._exit(code)  # what a library wants to tidy up at the end may not fit into the limits
