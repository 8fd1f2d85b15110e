"""Taking one revision back (rules M1 to M3)."""

from sqlalchemy.orm import Session

from provisioning.marks import Marks, after_merge
from provisioning.merge import merge
from provisioning.specs import CentreSpec
from provisioning.tree import centre_of, centre_tree
from townhall.audit.act import Act
from townhall.centres.apply import Outcome, PlanRefused
from townhall.centres.models import Centre, Revision
from townhall.centres.recording import Deed, record_edit
from townhall.centres.rows import require_centre
from townhall.centres.standing import Standing, at_revision
from townhall.centres.status import closed as closed_centre
from townhall.centres.writing import add_revision, marks_in_force, write_rows
from townhall.units.models import Unit
from townhall.units.succession import taken_over


def roll_back(session: Session, unit: Unit, number: int, *, act: Act) -> Outcome:
    """Take a revision back in the caller's transaction: what was done after it stays (rule M1).

    A new revision; nothing is erased (rule M3). Raises `PlanRefused` for the first revision, which can only be
    archived, and for a centre in which nothing may be changed.
    """
    centre = session.get_one(Centre, unit.code, with_for_update=True, populate_existing=True)
    if (reason := closed_centre(centre)) is not None:
        raise PlanRefused(reason)
    if number <= 1:
        raise PlanRefused("第 1 次修訂是開通本身，不能回滾；不再需要的中心請歸檔")
    if taken_over(session, unit.code, number):
        raise PlanRefused("這次修訂是撤併，涉及其他單位，不能在本中心單獨回滾")
    done, earlier = at_revision(session, unit, number), at_revision(session, unit, number - 1)
    now = require_centre(session, unit.code)
    after, marks = _taken_back(unit, done, earlier, now, marks_in_force(session, centre))
    _point_back(session, centre, number)
    changes = write_rows(session, centre, now, after)
    old = centre.content_hash
    add_revision(session, centre, earlier.base.centre, after, marks, act)
    deed = Deed("centre.roll_back", facts={"undone": number})
    record_edit(session, act, unit, centre, deed, changes, old)
    return Outcome(unit.code, centre.revision, written=True)


def _taken_back(
    unit: Unit, done: Standing, earlier: Standing, now: CentreSpec, standing: Marks
) -> tuple[CentreSpec, Marks]:
    """The merge of rule M1: base is the state after the revision, theirs the state before it."""
    merged = merge(centre_tree(done.centre), centre_tree(now), centre_tree(earlier.centre))
    # Marks that came later stay; those of the revision itself make way for those from before it, but for what
    # the revision left as it was and a later one has settled.
    later = tuple(mark for mark in standing if mark not in done.marks)
    before = tuple(mark for mark in earlier.marks if mark not in done.marks or mark in standing)
    marks = after_merge(unit.code, (*before, *later), merged.touches)
    kept = {mark.id for mark in marks}
    still_open = tuple(mark for mark in before if mark.id not in kept)
    return centre_of(merged.tree, like=now), (*marks, *still_open)


def _point_back(session: Session, centre: Centre, number: int) -> None:
    """The pins return to what they were before the revision, unless a later one has moved them on."""
    done = session.get_one(Revision, (centre.unit_id, number))
    earlier = session.get_one(Revision, (centre.unit_id, number - 1))
    if (centre.release_id, centre.overlay_id) == (done.release_id, done.overlay_id):
        centre.release_id, centre.overlay_id = earlier.release_id, earlier.overlay_id
