"""A centre that is there already, described in a file, brought in as its township's own (rule I6).

The file is one of `townhall export`, or YAML with the sections of a centre. What it says is merged onto the present
standard as if the township had made it of that standard: locks displace it, what is required comes back, all else
stands. Never a second tenant: where a unit has a centre, the file is held against that one.
"""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.differences import Difference, differences
from provisioning.load import load_centre
from provisioning.plan import Plan
from provisioning.planning import plan_centre
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from provisioning.validate import collisions
from townhall.audit.act import Act
from townhall.centres.apply import Outcome, PlanRefused, Standard, apply_plan, pinned, plan_unit, standard_for
from townhall.centres.archive_file import read_archive
from townhall.centres.edit import write_edit
from townhall.centres.models import Centre
from townhall.centres.recording import Deed, record_closed, record_own_deeds
from townhall.centres.rows import require_centre
from townhall.centres.standing import standing
from townhall.centres.status import closed as closed_centre
from townhall.standards.models import CountyOverlay, Release
from townhall.units.models import Unit


@dataclass(frozen=True)
class Adoption:
    """What bringing a described centre in would mean.

    `plan` is that of a township that had made the described centre of the standard; `against` are the places where
    a centre that is there differs from what would come of it, None where there is no centre yet.
    """

    unit: Unit
    standard: Standard
    described: CentreSpec
    plan: Plan
    against: tuple[Difference, ...] | None

    @property
    def new(self) -> bool:
        return self.against is None


def read_described(path: Path, unit: Unit) -> CentreSpec:
    """The centre that a file describes for a unit.

    Raises `ArchiveInvalid` or `PackInvalid` for a file that is not sound, `PlanRefused` for one of another unit.
    """
    if not zipfile.is_zipfile(path):
        centre = load_centre(path.read_bytes(), path.name)
    else:
        archive = read_archive(path)
        if archive.unit != unit.code:
            raise PlanRefused(f"檔案是單位 {archive.unit[:9]} 的，不是 {unit.short_code} 的")
        with zipfile.ZipFile(path) as file:
            centre = CentreSpec.model_validate(json.loads(file.read("centre.json")))
    if foreign := list(_foreign(centre, unit)):
        raise PlanRefused(f"含有其他單位自設的內容：{'、'.join(foreign[:5])}")
    # A merge goes by keys: of two items of one key it would see only the last.
    if doubled := [text for _, text in collisions(centre)]:
        raise PlanRefused("；".join(doubled))
    return centre


def _foreign(centre: CentreSpec, unit: Unit) -> Iterator[str]:
    """Keys that another township or county made (rule A3)."""
    own = ("zhou:", f"xian:{unit.code[:6]}:", f"xiang:{unit.short_code}:")
    for section in COLLECTIONS:
        yield from (item.key for item in getattr(centre, section) if not item.key.startswith(own))


def plan_adoption(
    session: Session,
    unit: Unit,
    described: CentreSpec,
    release: Release,
    overlays: dict[str, CountyOverlay],
) -> Adoption:
    """What would come of a described centre; reads, never writes. A centre that is there keeps its standard."""
    there = standing(session, unit)
    standard = standard_for(unit, release, overlays) if there is None else pinned(session, unit)
    marks = there.marks if there else ()
    base = standard.upstream
    plan = plan_centre(unit.code, described, base, base, marks)
    against = tuple(differences(there.centre, plan.changes.after)) if there else None
    return Adoption(unit, standard, described, plan, against)


def adopt(
    session: Session, adoption: Adoption, *, act: Act, force: str = "", replace: bool = False
) -> Outcome:
    """Bring a described centre in, in the caller's transaction.

    Where there is a centre, `replace` says that its configuration is to become the described one; without it only
    a centre that is the described one already is no reason to refuse. `force` is why locks may displace so much,
    or so much else may happen (rule H7). Raises `PlanRefused`.
    """
    unit, plan = adoption.unit, adoption.plan
    if plan.errors:
        raise PlanRefused("；".join(found.sentence for found in plan.errors))
    if adoption.against == ():
        return Outcome(unit.code, session.get_one(Centre, unit.code).revision, written=False)
    if adoption.against and not replace:
        raise PlanRefused(
            f"{unit.short_code} {unit.name}已有中心，與檔案有 {len(adoption.against)} 處不同；不另建，也不覆蓋"
        )
    if plan.changes.guard and not force.strip():
        raise PlanRefused(f"改動幅度較大，須寫明理由方可執行：{'；'.join(plan.changes.guard)}")
    if adoption.new:
        apply_plan(session, plan_unit(session, unit, adoption.standard), unit, adoption.standard, act=act)
    return _write(session, adoption, act.because(force) if force.strip() else act)


def _write(session: Session, adoption: Adoption, act: Act) -> Outcome:
    """One revision more: what the file says, with a record of it and of all that was done against it (rule O3)."""
    unit, plan = adoption.unit, adoption.plan
    centre = session.get_one(Centre, unit.code, with_for_update=True, populate_existing=True)
    if (reason := closed_centre(centre)) is not None:
        raise PlanRefused(reason)
    before = require_centre(session, unit.code)
    changed = tuple(differences(before, plan.changes.after))
    if not adoption.new and changed != adoption.against:
        raise PlanRefused("計劃已過期：該中心在計劃之後有變動，請重新執行")
    deed = Deed("centre.adopt", facts={"described": content_hash(adoption.described), "plan": plan.hash})
    # What is sorted by key may stand in the file in another order, which means nothing.
    change = (before, plan.changes.after if changed else before)
    standard = adoption.standard.upstream
    number = write_edit(session, unit, centre, standard, change, plan.changes.marks, act, deed)
    record_own_deeds(session, act, unit, plan)
    record_closed(session, act, unit, plan.changes.closed)
    return Outcome(unit.code, number, written=True)
