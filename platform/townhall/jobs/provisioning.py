"""Opening centres over a whole prefecture as a job of the prefecture: repeatable, so that a new worker can go on."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from townhall.centres.provision import Step, provision
from townhall.jobs.kinds import JobFailed, Kind, Task
from townhall.rollouts.publication import settled_release
from townhall.standards.operations import newest_overlays
from townhall.units.models import Level, Unit
from townhall.units.succession import still_there

PROVISION = "centres.provision"

NO_UNITS = "請給出模板包和要開通的鄉鎮"
NO_RELEASE = "模板包還沒有已發布的版本"


def provision_kind() -> Kind:
    """Parameters: `pack`, and `units`, codes of townships below the unit. The result counts what became of them."""
    return Kind(_fault, _provisioned)


def _fault(parameters: Mapping[str, Any]) -> str | None:
    units, pack = parameters.get("units"), parameters.get("pack")
    sound = isinstance(pack, str) and isinstance(units, list) and all(isinstance(one, str) for one in units)
    return None if sound and units and parameters.keys() == {"pack", "units"} else NO_UNITS


def _provisioned(task: Task) -> dict[str, Any]:
    release = settled_release(task.session, task.parameters["pack"])
    if release is None:
        raise JobFailed(NO_RELEASE)
    units, overlays = _units(task), newest_overlays(task.session, release)
    task.session.expunge_all()
    task.session.close()
    steps = iter(range(1, len(units) + 1))

    def advance(_step: Step) -> None:
        task.progress(next(steps), len(units))

    report = provision(task.sessions, units, release, overlays, act=task.act, advance=advance)
    return {result.value: count for result, count in report.counts.items()}


def _units(task: Task) -> list[Unit]:
    """The townships asked for that are there; a centre outside the job's unit cannot be written anyway."""
    chosen = select(Unit).where(Unit.level == Level.TOWNSHIP.value, still_there()).order_by(Unit.code)
    wanted = set(task.parameters["units"])
    return [unit for unit in task.session.scalars(chosen) if unit.code in wanted]
