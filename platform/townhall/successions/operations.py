"""Carrying out a merger or a split: all units in the caller's one transaction, or nothing (rules P2, P3, I2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.differences import ITEM
from provisioning.estate import Fate, How, Kind
from provisioning.refusals import Refusal, SuccessionRefused
from provisioning.specs.centre import COLLECTIONS
from provisioning.succession import MERGE, Result, SuccessionPlan
from provisioning.tree import Path, written
from townhall.accounts.federation import AUTHOR
from townhall.accounts.models import Membership, Pass, Role, User
from townhall.accounts.operations import grant_role, withdraw_role
from townhall.accounts.passes import cancel as cancel_invitation
from townhall.approvals.models import Approval
from townhall.approvals.operations import lapse
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.centres.models import Centre, Outbox, Question
from townhall.centres.recording import OPEN, Deed, record_edit
from townhall.centres.rows import require_centre
from townhall.centres.standing import standing
from townhall.centres.status import Status
from townhall.centres.writing import add_revision, write_rows
from townhall.jobs.models import Job
from townhall.jobs.operations import cancel as cancel_job
from townhall.pictures.models import Picture, PictureKind
from townhall.pictures.operations import picture_of
from townhall.successions.reading import Wish, plan_succession
from townhall.units.models import Unit
from townhall.units.succession import Succession

STALE = "計劃已過期：所涉單位在計劃之後有變動，請重新查看"
LAPSED = "單位已撤併"


@dataclass(frozen=True)
class _Deed:
    """A plan that is being carried out, by whom."""

    session: Session
    act: Act
    plan: SuccessionPlan


def carry_out(session: Session, act: Act, wish: Wish, seen: str) -> SuccessionPlan:
    """Carry out the plan of a hash, in the caller's transaction; gives the plan.

    Raises `SuccessionRefused` when it cannot be carried out or is no longer the plan of that hash (rule I1).
    """
    _hold(session, wish)
    plan = plan_succession(session, wish, act.moment)
    if plan.hash != seen:
        raise SuccessionRefused((Refusal("STALE", STALE),))
    if plan.errors:
        raise SuccessionRefused(Refusal("ERRORS", text) for text in plan.errors)
    deed = _Deed(session, act if act.reason.strip() else act.because(wish.note), plan)
    revisions = {result.party.code: _take_over(deed, result) for result in plan.results}
    for fate in plan.fates:
        if (carry := _CARRIERS.get(fate.kind)) is not None:
            carry(deed, fate)
    for source in plan.sources:
        _end(deed, source.code, revisions)
    return plan


def _hold(session: Session, wish: Wish) -> None:
    """Keep everybody else from the centres, always in one order, so that nobody waits in a circle."""
    wanted = select(Centre).where(Centre.unit_id.in_(wish.codes)).order_by(Centre.unit_id)
    list(session.scalars(wanted.with_for_update(), execution_options={"populate_existing": True}))


def _take_over(deed: _Deed, result: Result) -> int:
    """Bring an heir to what it has afterwards; gives the number of its revision."""
    session, code = deed.session, result.party.code
    unit, centre = session.get_one(Unit, code), session.get_one(Centre, code)
    before = require_centre(session, code)
    stands = standing(session, unit)
    if stands is None or content_hash(before) != centre.content_hash:
        text = f"{unit.name}的數據與其修訂記錄不符，請先以 doctor 檢查"
        raise SuccessionRefused((Refusal("ROWS_DIFFER", text),))
    changes = write_rows(session, centre, before, result.centre)
    old = centre.content_hash
    add_revision(session, centre, stands.base.centre, result.centre, result.marks, deed.act)
    told = Deed("unit.merge" if deed.plan.act == MERGE else "unit.split", facts=_facts(deed))
    record_edit(session, deed.act, unit, centre, told, changes, old)
    _record_questions(deed, result)
    return centre.revision


def _facts(deed: _Deed) -> dict[str, Any]:
    plan = deed.plan
    return {
        "plan": plan.hash,
        "sources": [one.code for one in plan.sources],
        "successors": [one.party.code for one in plan.results],
        "date": plan.date.isoformat(),
        "note": plan.note,
    }


def _record_questions(deed: _Deed, result: Result) -> None:
    """Each question that is left open has a record of its own (rule O3)."""
    for mark in result.asked:
        told = mark.data()
        facts = {"plan": deed.plan.hash, "reason": mark.code, "conflict": mark.id, "origin": mark.origin}
        changes = [[*_where(mark.path), told["ours"], told["theirs"]]]
        record(
            deed.session,
            deed.act,
            result.party.code,
            OPEN,
            path=written(mark.path),
            changes=changes,
            basis=facts,
        )


def _where(path: Path) -> tuple[str, str | None, str]:
    """Section, key and field as the audit keeps them."""
    own = path[0] in COLLECTIONS
    rest = path[2:] if own else path[1:]
    return path[0], path[1] if own else None, rest[0] if rest else ITEM


def _end(deed: _Deed, code: str, revisions: dict[str, int]) -> None:
    """Close a source for good: nothing of it is deleted, and nothing more is written to it (rule P3)."""
    session, plan, act = deed.session, deed.plan, deed.act
    centre = session.get_one(Centre, code)
    before = centre.status
    centre.status, centre.updated_at = Status.ENDED.value, act.moment
    # Its questions have gone on or are answered; the fleet's are counted from this table.
    session.execute(delete(Question).where(Question.unit_id == code))
    for place, heir in enumerate(_heirs(plan)):
        row = Succession(
            code=code,
            successor=heir,
            place=place,
            act=plan.act,
            ended_on=plan.date,
            note=plan.note,
            plan=plan.hash,
            revision=revisions[heir],
            created_at=act.moment,
        )
        session.add(row)
    session.flush()
    changes = [["", None, "status", before, Status.ENDED.value]]
    basis = _facts(deed) | {"content": centre.content_hash}
    record(session, act, code, "unit.end", changes=changes, basis=basis)


def _heirs(plan: SuccessionPlan) -> list[str]:
    """The primary one first, then as they were named."""
    codes = [result.party.code for result in plan.results]
    return sorted(codes, key=lambda code: code != plan.primary)


# What the host keeps of a source ---------------------------------------------------------------------------


def _move_picture(deed: _Deed, fate: Fate) -> None:
    """The heir gets a picture of its own; that of the source stays with its history."""
    old = picture_of(deed.session, fate.source, PictureKind(fate.key))
    if fate.how is How.RETIRED or old is None:
        return
    columns = ("key", "mime", "width", "height", "digest", "data")
    values = {name: getattr(old, name) for name in columns}
    deed.session.add(Picture(unit_id=fate.unit, placed_at=deed.act.moment, **values))
    changes = [["", None, f"picture.{fate.key}", None, old.digest]]
    basis = {"plan": deed.plan.hash, "from": fate.source}
    record(deed.session, deed.act, fate.unit, "centre.picture", changes=changes, basis=basis)


def _move_role(deed: _Deed, fate: Fate) -> None:
    """A person goes over with the role, and signs in anew."""
    login, _, role = fate.key.rpartition(":")
    wanted = select(Membership).join(User).where(User.login == login)
    held = deed.session.scalars(
        wanted.where(Membership.unit_id == fate.source, Membership.role == role)
    ).one()
    user, kept, author = held.user, held.role, held.granted_by
    withdraw_role(deed.session, deed.act, held)
    if fate.how is How.RETIRED:
        return
    made = grant_role(deed.session, deed.act, user, Role(kept), fate.unit)
    if author == AUTHOR:
        # What a provider gave, it must be able to take away.
        made.granted_by = author


def _cancel_invitation(deed: _Deed, fate: Fate) -> None:
    cancel_invitation(deed.session, deed.act, deed.session.get_one(Pass, fate.key))


def _lapse(deed: _Deed, fate: Fate) -> None:
    approval = deed.session.get_one(Approval, (fate.source, fate.key))
    lapse(deed.session, deed.act, approval, LAPSED)


def _cancel_job(deed: _Deed, fate: Fate) -> None:
    cancel_job(deed.session, deed.act, deed.session.get_one(Job, (fate.source, fate.key)))


def _drop_message(deed: _Deed, fate: Fate) -> None:
    revision, _, kind = fate.key.partition(":")
    here = (Outbox.unit_id == fate.source) & (Outbox.revision == int(revision)) & (Outbox.kind == kind)
    deed.session.execute(update(Outbox).where(here).values(done_at=deed.act.moment))


_CARRIERS: dict[str, Callable[[_Deed, Fate], None]] = {
    Kind.PICTURE: _move_picture,
    Kind.MEMBERSHIP: _move_role,
    Kind.INVITATION: _cancel_invitation,
    Kind.APPROVAL: _lapse,
    Kind.JOB: _cancel_job,
    Kind.MESSAGE: _drop_message,
}
