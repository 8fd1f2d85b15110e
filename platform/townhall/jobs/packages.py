"""The print package of a centre as a job, and the folder where packages wait to be fetched.

A file lies under its tenant with a name that nobody can guess, and only the row of its job names it. So a package
that a dead worker left half-way is no one's, and goes with the old ones.
"""

import datetime as dt
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from townhall.config import Settings
from townhall.documents.catalogue import folder_name
from townhall.documents.delivery import deliver
from townhall.documents.lettering import faces_of
from townhall.documents.production import binder
from townhall.documents.sources import FontsMissing
from townhall.documents.store import Store
from townhall.jobs.kinds import JobFailed, Kind, Task
from townhall.jobs.models import Job, State
from townhall.script import SCRIPTS

PACKAGE = "documents.package"
KEPT = dt.timedelta(days=7)
TIDIED = 3600.0  # seconds between two looks for what is kept no longer

NO_SCRIPT = "請選擇字形"
NO_CENTRE = "該單位尚未開通中心"
NO_FONTS = "伺服器沒有安裝文件所用的字體，請聯繫平台管理員"
NO_ROOM = "伺服器無法寫入檔案，請聯繫平台管理員"


def package_kind(settings: Settings) -> Kind:
    """Parameters: `script`, in which to print. The result names the file and counts what got in and what did not."""
    return Kind(_fault, lambda task: _package(settings, task))


def _fault(parameters: Mapping[str, Any]) -> str | None:
    sound = parameters.keys() == {"script"} and parameters["script"] in SCRIPTS
    return None if sound else NO_SCRIPT


def _package(settings: Settings, task: Task) -> dict[str, Any]:
    try:
        return _printed(settings, task)
    except LookupError as error:
        raise JobFailed(NO_CENTRE) from error
    except FontsMissing as error:
        raise JobFailed(NO_FONTS) from error
    except OSError as error:
        raise JobFailed(NO_ROOM) from error


def _printed(settings: Settings, task: Task) -> dict[str, Any]:
    script = task.parameters["script"]
    bound = binder(task.session, task.unit, public_url=settings.public_url)
    faces = faces_of(task.session)
    task.session.close()
    path = folder_of(settings, task.unit.code) / f"{secrets.token_hex(16)}.zip"
    report = deliver(
        bound,
        script,
        path,
        workers=settings.workers,
        store=Store(settings.documents),
        faces=faces,
        progress=task.progress,
    )
    counts = {"made": report.made, "failed": len(report.failures), "size": path.stat().st_size}
    return {"file": path.name, "name": f"{folder_name(bound.unit, script)}.zip", **counts}


def folder_of(settings: Settings, unit_id: str) -> Path:
    """Where the packages of a unit are, and nobody else's."""
    return settings.packages / unit_id


def file_of(settings: Settings, job: Job, moment: dt.datetime) -> Path | None:
    """The package that a job made, while it is kept."""
    if job.kind != PACKAGE or job.state != State.DONE or job.ended_at is None:
        return None
    path = folder_of(settings, job.unit_id) / job.result["file"]
    return path if moment < job.ended_at + KEPT and path.is_file() else None


def tidy(settings: Settings, moment: dt.datetime) -> int:
    """Delete what is kept no longer, finished or half-made; gives how many files went."""
    limit = (moment - KEPT).timestamp()
    old = [path for path in settings.packages.glob("*/*") if _written(path) < limit]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # somebody else tidied
        return float("inf")
