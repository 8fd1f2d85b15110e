"""Following a centre's revisions with its documents: what each says now, and which have come to say something else.

Read from the outbox after the commit, at least once: what was done before has the same content and does nothing
(rules I5, N1). Writes and flushes; the edge commits.
"""

import datetime as dt
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS, MANUAL
from townhall.centres.apply import standard_of
from townhall.centres.models import Centre, Outbox, Revision
from townhall.centres.standing import at_revision
from townhall.centres.writing import DOCUMENTS
from townhall.documents.commission import Issue
from townhall.documents.errors import DocumentError
from townhall.documents.models import Paper
from townhall.documents.production import SCRIPTS, Binder, Order, binder
from townhall.standards.operations import pack_of
from townhall.units.models import Unit

# Date and number stand on every paper and are no part of what it says.
_NO_DAY = dt.date(2000, 1, 1)


def as_rows(centre: CentreSpec) -> CentreSpec:
    """In the order in which rows are read: what has no order of its own stands by its key (rule D1)."""
    unordered = {name: getattr(centre, name) for name in COLLECTIONS if name not in MANUAL}
    sorted_ = {name: tuple(sorted(items, key=lambda item: item.key)) for name, items in unordered.items()}
    return centre.model_copy(update=sorted_)


def contents(bound: Binder, scripts: Collection[str] = SCRIPTS) -> dict[str, tuple[Order, str]]:
    """Every document of a centre with the hash of what it says, by its identity."""
    return {order.identity: (order, _content(bound, order)) for order in bound.orders(tuple(scripts))}


def _content(bound: Binder, order: Order) -> str:
    """The hash of a composed page, or of why there is none: to fill a blank makes a document another one too."""
    try:
        sheet = bound.sheet(order)
    except DocumentError as error:
        return hashlib.sha256(str(error).encode()).hexdigest()
    page = (sheet.html, sheet.stylesheet, sheet.width, sheet.height, sheet.bleed, sheet.slug)
    return hashlib.sha256(repr(page).encode()).hexdigest()


def pending(session: Session, limit: int, aside: Collection[str] = ()) -> list[str]:
    """The units but those `aside` that have unread messages about their documents, oldest first."""
    waiting = select(Outbox.unit_id).where(Outbox.done_at.is_(None), Outbox.kind == DOCUMENTS)
    waiting = waiting.where(Outbox.unit_id.not_in(aside)).group_by(Outbox.unit_id)
    return list(session.scalars(waiting.order_by(func.min(Outbox.created_at), Outbox.unit_id).limit(limit)))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the documents of a centre say at a revision, by identity.

    `opened` is what they said when the centre was opened, where nobody has followed them yet.
    """

    unit_id: str
    revision: int
    now: dict[str, str]
    opened: dict[str, str] | None


def read(session: Session, unit: Unit) -> Reading:
    """Read what a centre's documents say. It takes a second or so, so no lock may be held meanwhile.

    The revision is read first: what is written in between then belongs to a later one, and is read again.
    """
    revision = session.scalars(select(Centre.revision).filter_by(unit_id=unit.code)).one()
    bound = _undated(binder(session, unit, public_url=None, draft=True))
    known = session.scalar(select(func.count()).select_from(Paper).filter_by(unit_id=unit.code))
    first = None if known else _at_opening(session, unit, bound)
    return Reading(unit.code, revision, _said(bound), _said(first) if first else None)


def keep(session: Session, reading: Reading, moment: dt.datetime) -> int:
    """Note what has come to be said and that the messages are read; gives how many documents say something else.

    A centre that has changed since is left for another reading, which its own message asks for.
    """
    here = (Outbox.unit_id == reading.unit_id) & (Outbox.kind == DOCUMENTS) & Outbox.done_at.is_(None)
    messages = session.scalars(select(Outbox).where(here).with_for_update()).all()
    centre = session.get_one(Centre, reading.unit_id, populate_existing=True)
    if not messages or centre.revision != reading.revision:
        return 0
    known = session.scalars(select(Paper).filter_by(unit_id=reading.unit_id))
    papers = {paper.identity: paper for paper in known} or _opened(session, reading, centre)
    there = {identity: paper.digest for identity, paper in papers.items()}
    changed = [one for one in {*there, *reading.now} if there.get(one) != reading.now.get(one)]
    for identity in changed:
        _note(session, papers, identity, reading.now.get(identity), centre)
    for message in messages:
        message.done_at = moment
    session.flush()
    return len(changed)


def _at_opening(session: Session, unit: Unit, bound: Binder) -> Binder:
    """The binder of revision 1, with the standard of then."""
    pins = session.get_one(Revision, (unit.code, 1))
    standard = standard_of(session, unit, pins.release_id, pins.overlay_id)
    invented = bool(standard.overlay and standard.overlay.content.get("demonstration"))
    return replace(
        bound,
        centre=as_rows(at_revision(session, unit, 1).centre),
        pack=pack_of(standard.release),
        issue=replace(bound.issue, demonstration=invented),
    )


def _undated(bound: Binder) -> Binder:
    issue = Issue(
        date=_NO_DAY, number="", draft=True, demonstration=bound.issue.demonstration, public_url=None
    )
    return replace(bound, issue=issue)


def _said(bound: Binder) -> dict[str, str]:
    return {identity: digest for identity, (_, digest) in contents(bound).items()}


def _opened(session: Session, reading: Reading, centre: Centre) -> dict[str, Paper]:
    """The first content of each document."""
    facts = {"number": 1, "revision": 1, "changed_at": centre.created_at}
    papers = {
        identity: Paper(unit_id=centre.unit_id, identity=identity, digest=digest, **facts)
        for identity, digest in (reading.opened or {}).items()
    }
    session.add_all(papers.values())
    return papers


def _note(
    session: Session, papers: dict[str, Paper], identity: str, digest: str | None, centre: Centre
) -> None:
    paper = papers.get(identity) or Paper(unit_id=centre.unit_id, identity=identity, number=0)
    paper.digest, paper.number = digest, paper.number + 1
    paper.revision, paper.changed_at = centre.revision, centre.updated_at
    session.add(paper)


def said(session: Session, unit: Unit, order: Order) -> Paper | None:
    """What is known of one document; None until its centre's first change has been followed."""
    return session.get(Paper, (unit.code, order.identity))
