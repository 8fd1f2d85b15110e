"""The process in which templates become text: `python -m townhall.documents.seclusion`, talking through its stdin.

It knows no database, no settings, no environment and no files, and is given plain data only, as JSON; so even a way
out of the sandbox would lead to an empty room.
"""

import json
import os
import resource
from collections import OrderedDict
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from jinja2 import DictLoader, TemplateError, TemplateNotFound

from townhall.documents.confinement import allowance, confine
from townhall.documents.sandbox import Sandbox, rendered

MEMORY = 256 * 2**20  # bytes; at work on our own templates it has 20 MB
ALLOWANCE = 1.0  # processor seconds a template; our own take a thirtieth of that, once
KEPT = 64  # sets of templates

Job = dict[str, Any]
_KNOWN: OrderedDict[str, Sandbox] = OrderedDict()


def main() -> None:
    """Serve until the other end closes."""
    connection = Connection(os.dup(0))
    confine(MEMORY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    connection.send_bytes(b"ready")
    with suppress(EOFError, OSError):
        while True:
            connection.send_bytes(json.dumps(answer(json.loads(connection.recv_bytes()))).encode())


def answer(job: Job) -> Job:
    """The text of one template, or what went wrong: `missing`, `faulty`, or `unknown` for templates not yet sent."""
    sandbox = _sandbox(job)
    if sandbox is None:
        return {"unknown": True}
    try:
        with allowance(ALLOWANCE):
            return {"text": rendered(sandbox, job["name"], job["context"])}
    except TemplateNotFound as error:
        return {"missing": str(error.name)}
    except TemplateError as error:
        return {"faulty": str(error.message)}
    except Exception as error:  # noqa: BLE001 - what a template computes can fail in any way that Python has
        return {"faulty": type(error).__name__}


def _sandbox(job: Job) -> Sandbox | None:
    """The sandbox over the templates of a job, kept by their digest."""
    if "sources" in job:
        _KNOWN[job["digest"]] = Sandbox(DictLoader(job["sources"]), escaping=job["escaping"])
    if job["digest"] in _KNOWN:
        _KNOWN.move_to_end(job["digest"])
    if len(_KNOWN) > KEPT:
        _KNOWN.popitem(last=False)
    return _KNOWN.get(job["digest"])


if __name__ == "__main__":
    main()
