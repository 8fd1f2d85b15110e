"""Following a centre's revisions with its documents: what each says now, and which have come to say something else.

Read from the outbox after the commit, at least once: what was done before has the same content and does nothing
(rules I5, N1). Writes and flushes; the edge commits.
"""

import datetime as dt
import hashlib
from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS, MANUAL
from townhall.centres.models import Centre, Outbox
from townhall.centres.rollback import at_revision
from townhall.centres.writing import DOCUMENTS
from townhall.documents.commission import Issue
from townhall.documents.errors import DocumentError
from townhall.documents.models import Paper
from townhall.documents.production import SCRIPTS, Binder, Order, binder
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
    page = (sheet.html, sheet.stylesheet, sheet.width, sheet.height, sheet.bleed)
    return hashlib.sha256(repr(page).encode()).hexdigest()


def pending(session: Session, limit: int) -> list[str]:
    """The units within the session's scope that have unread messages about their documents, oldest first."""
    waiting = select(Outbox.unit_id).where(Outbox.done_at.is_(None), Outbox.kind == DOCUMENTS)
    found = session.scalars(waiting.order_by(Outbox.created_at, Outbox.unit_id).limit(limit))
    return list(dict.fromkeys(found))


def follow(session: Session, unit: Unit, moment: dt.datetime) -> int:
    """Bring the list of a centre's papers to its newest revision; gives how many came to say something else."""
    messages = session.scalars(
        select(Outbox)
        .where(Outbox.unit_id == unit.code, Outbox.kind == DOCUMENTS, Outbox.done_at.is_(None))
        .with_for_update()
    ).all()
    if not messages:
        return 0
    centre = session.get_one(Centre, unit.code, populate_existing=True)
    bound = _undated(binder(session, unit, public_url=None, draft=True))
    papers = {paper.identity: paper for paper in session.scalars(select(Paper).filter_by(unit_id=unit.code))}
    if not papers:
        papers = _first(session, unit, centre, bound)
    now = {identity: digest for identity, (_, digest) in contents(bound).items()}
    changed = [identity for identity in {*papers, *now} if _digest(papers, identity) != now.get(identity)]
    for identity in changed:
        _note(session, papers, identity, now.get(identity), centre)
    for message in messages:
        message.done_at = moment
    session.flush()
    return len(changed)


def _undated(bound: Binder) -> Binder:
    issue = Issue(
        date=_NO_DAY, number="", draft=True, demonstration=bound.issue.demonstration, public_url=None
    )
    return replace(bound, issue=issue)


def _first(session: Session, unit: Unit, centre: Centre, bound: Binder) -> dict[str, Paper]:
    """What the documents said when the centre was opened: the first content of each."""
    opened = replace(bound, centre=as_rows(at_revision(session, unit, 1).centre))
    facts = {"number": 1, "revision": 1, "changed_at": centre.created_at}
    papers = {
        identity: Paper(unit_id=unit.code, identity=identity, digest=digest, **facts)
        for identity, (_, digest) in contents(opened).items()
    }
    session.add_all(papers.values())
    return papers


def _digest(papers: dict[str, Paper], identity: str) -> str | None:
    return papers[identity].digest if identity in papers else None


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


def changed_since(session: Session, unit: Unit, revision: int) -> list[Paper]:
    """The documents of a centre that came to say something else after a revision, the newest first."""
    later = select(Paper).where(Paper.unit_id == unit.code, Paper.revision > revision, Paper.number > 1)
    return list(session.scalars(later.order_by(Paper.revision.desc(), Paper.identity)))
