"""The life of a centre: prepared, active, suspended, archived, restored. One column, and the rules between."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from provisioning.constraints import missing
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.centres.apply import pinned
from townhall.centres.models import Centre
from townhall.centres.rows import require_centre
from townhall.centres.status import WORDS, Status
from townhall.units.models import Unit

# From where each step leads where; what is not here is refused.
STEPS: dict[str, dict[Status, Status]] = {
    "activate": {Status.PREPARING: Status.ACTIVE},
    "suspend": {Status.PREPARING: Status.SUSPENDED, Status.ACTIVE: Status.SUSPENDED},
    "resume": {Status.SUSPENDED: Status.PREPARING},
    "archive": {Status.SUSPENDED: Status.ARCHIVED},
    "restore": {Status.ARCHIVED: Status.SUSPENDED},
}


class StepRefused(ValueError):
    """A step that cannot be taken now; `reasons` are Chinese sentences."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__("；".join(reasons))


def step_fault(centre: Centre | None, step: str) -> str | None:
    """Why a step cannot be taken, in Chinese, or None."""
    if centre is None:
        return "該單位尚未開通中心"
    if Status(centre.status) not in STEPS[step]:
        return f"本中心{WORDS[Status(centre.status)]}，不能進行這一步"
    return None


def take(session: Session, act: Act, unit: Unit, step: str) -> Status:
    """Take a step in the caller's transaction. Raises `StepRefused`.

    `activate` wants every mandatory fact to be there (rule E3); `resume` leads back to preparation, from where
    activation asks for them again.
    """
    centre = session.get(Centre, unit.code, with_for_update=True, populate_existing=True)
    if fault := step_fault(centre, step):
        raise StepRefused(fault)
    assert centre is not None  # noqa: S101 # nosec B101 # `step_fault` has said so
    if step == "activate" and (reasons := list(_missing(session, unit))):
        raise StepRefused(*reasons)
    before = Status(centre.status)
    after = STEPS[step][before]
    centre.status = after.value
    centre.updated_at = act.moment
    session.flush()
    changes = [["", None, "status", before.value, after.value]]
    record(session, act, unit.code, f"centre.{step}", changes=changes)
    return after


def _missing(session: Session, unit: Unit) -> Iterator[str]:
    """The facts that an active centre must have: those of the centre itself, not of each item's guide."""
    found = missing(pinned(session, unit).upstream, require_centre(session, unit.code))
    return (one.sentence for one in found if one.path.startswith("profile."))
