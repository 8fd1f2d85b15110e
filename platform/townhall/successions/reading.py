"""Townships as they take part in a merger or a split: read whole, with all that the host keeps of them."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.estate import Holding, Kind, Party
from provisioning.refusals import Refusal, SuccessionRefused
from provisioning.succession import MERGE, Assigned, SuccessionPlan, merge_plan, split_plan
from townhall.accounts.models import Membership
from townhall.accounts.passes import open_invitations
from townhall.approvals.models import Approval, Verdict
from townhall.centres.models import Centre, Outbox
from townhall.centres.standing import standings
from townhall.centres.status import CLOSED, Status
from townhall.jobs.models import OPEN, Job
from townhall.pictures.models import Picture
from townhall.tenancy import current, scope_of
from townhall.units.models import Level, Unit

CHINA = dt.timezone(dt.timedelta(hours=8))
_PREFECTURE = 4  # digits of a code that name the prefecture


@dataclass(frozen=True)
class Wish:
    """A merger or a split as somebody asks for it; codes have 12 digits, `shares` are fen by heir."""

    act: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    date: dt.date
    note: str
    primary: str = ""
    shares: Mapping[str, int] | None = None
    assigned: Assigned = field(default_factory=dict)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every unit that takes part, once."""
        return tuple(dict.fromkeys((*self.sources, *self.targets)))

    def data(self) -> dict[str, Any]:
        """As plain JSON, to be put before a second person."""
        return {
            "act": self.act,
            "sources": list(self.sources),
            "targets": list(self.targets),
            "date": self.date.isoformat(),
            "note": self.note,
            "primary": self.primary,
            "shares": dict(self.shares) if self.shares is not None else None,
            "assigned": [[kind, key, unit] for (kind, key), unit in sorted(self.assigned.items())],
        }


def wish_of(data: Mapping[str, Any]) -> Wish:
    """The wish that `Wish.data` described."""
    return Wish(
        data["act"],
        tuple(data["sources"]),
        tuple(data["targets"]),
        dt.date.fromisoformat(data["date"]),
        data["note"],
        data["primary"],
        data["shares"],
        {(kind, key): unit for kind, key, unit in data["assigned"]},
    )


def plan_succession(session: Session, wish: Wish, moment: dt.datetime) -> SuccessionPlan:
    """The plan for a wish as things stand now; reads, never writes.

    Raises `SuccessionRefused` (rule P1), `LookupError` for a code of no township within the session's scope.
    """
    units = {code: _township(session, code) for code in wish.codes}
    refusals = tuple(_refusals(session, wish, units, moment))
    if refusals:
        raise SuccessionRefused(refusals)
    found = _parties(session, units, moment)
    sources = [found[code] for code in wish.sources]
    targets = [found[code] for code in wish.targets]
    told: dict[str, Any] = {"date": wish.date, "note": wish.note}
    if wish.act == MERGE:
        return merge_plan(sources, targets[0] if targets else None, **told)
    source = sources[0] if sources else None
    return split_plan(
        source, targets, wish.primary or None, shares=wish.shares, assigned=wish.assigned, **told
    )


def _township(session: Session, code: str) -> Unit:
    unit = session.get(Unit, code)
    if unit is None or unit.level != Level.TOWNSHIP.value or not current(session).covers(code):
        raise LookupError(f"沒有代碼為 {code} 的鄉鎮")
    return unit


def _refusals(
    session: Session, wish: Wish, units: Mapping[str, Unit], moment: dt.datetime
) -> Iterator[Refusal]:
    """What the pure rules cannot see."""
    if wish.act == MERGE and len(wish.targets) > 1:
        yield Refusal("MANY_TARGETS", "合併只能有一個承接單位；要分給幾個單位請用分設")
    if wish.act != MERGE and len(wish.sources) > 1:
        yield Refusal("MANY_SOURCES", "一次只能分設一個單位")
    if wish.date > moment.astimezone(CHINA).date():
        yield Refusal("DATE_AHEAD", "生效日期不能在今天之後：撤併在執行時即生效")
    if not wish.note.strip():
        yield Refusal("NO_NOTE", "請寫明撤併的依據或說明")
    if len({code[:_PREFECTURE] for code in units}) > 1:
        yield Refusal("PREFECTURES_DIFFER", "各單位不在同一州（市），不能撤併")
    opened = set(session.scalars(select(Centre.unit_id).where(Centre.unit_id.in_(units))))
    for code, unit in units.items():
        if code not in opened:
            yield Refusal("NOT_OPENED", f"{unit.name}尚未開通中心，不能參與撤併")
    for code in wish.sources:
        if session.scalars(select(Unit.code).where(Unit.parent_code == code).limit(1)).first():
            yield Refusal("HAS_BELOW", f"{units[code].name}之下還有村、社區，請先調整其隸屬")


def _parties(session: Session, units: Mapping[str, Unit], moment: dt.datetime) -> dict[str, Party]:
    stands = standings(session, units.values())
    rows = session.scalars(select(Centre).where(Centre.unit_id.in_(units)))
    status = {row.unit_id: Status(row.status) for row in rows}
    return {
        code: Party(
            code,
            unit.name,
            stands[code].base,
            stands[code].centre,
            stands[code].marks,
            tuple(_holdings(session, unit, moment)),
            _active(status[code]),
        )
        for code, unit in units.items()
    }


def _active(status: Status) -> bool:
    """A suspended centre may still be wound up or take over; what is archived or ended is closed for good."""
    return status not in CLOSED - {Status.SUSPENDED}


def _holdings(session: Session, unit: Unit, moment: dt.datetime) -> Iterator[Holding]:
    code = unit.code
    for key in session.scalars(select(Picture.key).where(Picture.unit_id == code).order_by(Picture.key)):
        yield Holding(Kind.PICTURE, key, key)
    for held in session.scalars(select(Membership).filter_by(unit_id=code).order_by(Membership.id)):
        yield Holding(Kind.MEMBERSHIP, f"{held.user.login}:{held.role}", f"{held.user.name} {held.role}")
    for one in open_invitations(session, scope_of(code), moment):
        yield Holding(Kind.INVITATION, one.id, str(one.role))
    pending = select(Approval).filter_by(unit_id=code, verdict=Verdict.PENDING.value)
    for approval in session.scalars(pending.order_by(Approval.key)):
        yield Holding(Kind.APPROVAL, approval.key, approval.reason[:60])
    open_jobs = select(Job).where(Job.unit_id == code, Job.state.in_(OPEN)).order_by(Job.key)
    for job in session.scalars(open_jobs):
        yield Holding(Kind.JOB, job.key, job.kind)
    unsent = select(Outbox).where(Outbox.unit_id == code, Outbox.done_at.is_(None)).order_by(Outbox.revision)
    for message in session.scalars(unsent):
        yield Holding(Kind.MESSAGE, f"{message.revision}:{message.kind}", f"第 {message.revision} 次修訂")
