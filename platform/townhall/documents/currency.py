"""Whether a paper on a wall still says what its centre says now.

Nothing is kept for this. A paper bears the release and the revision at which it was printed, and for every document
it is known since which revision it says what it says (`papers`, rule N1): a paper printed then or later is current,
whatever else the centre has changed meanwhile. Where several changes were followed at once the last of them counts,
so a paper printed between them may be called outdated though it is not; never the other way round.
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from townhall.centres.models import Outbox, Revision
from townhall.centres.writing import DOCUMENTS
from townhall.documents.models import Paper
from townhall.script import SCRIPTS
from townhall.standards.models import Release

_PRINTED = re.compile(rf"([1-9][0-9]{{0,5}})\.([1-9][0-9]{{0,5}})-([a-z0-9-]{{1,40}})-({'|'.join(SCRIPTS)})")


class Currency(StrEnum):
    """What can be said of a paper."""

    CURRENT = "現行"
    OUTDATED = "已過期"
    WITHDRAWN = "已停用"  # the centre has no such document any more
    UNSETTLED = "正在核對"  # a change has not been followed yet
    UNKNOWN = "查無此版本"


@dataclass(frozen=True, slots=True)
class Printed:
    """What a paper says of itself: release and revision, document and script; its subject is in the address."""

    release: int
    revision: int
    document: str
    script: str

    def identity(self, subject: str | None) -> str:
        """The document's identity within its centre, as its order has it."""
        return f"{self.document}/{subject or ''}/{self.script}"


@dataclass(frozen=True, slots=True)
class Since:
    """From which version on a document says what it says now, and when it came to say so."""

    version: str
    moment: dt.datetime


def edition_mark(number: str, document: str, script: str) -> str:
    """How a paper names itself in an address: 1.2-guide-hant."""
    return f"{number}-{document}-{script}"


def printed_mark(text: str) -> Printed | None:
    """The same, read again; None for anything else."""
    found = _PRINTED.fullmatch(text)
    return Printed(int(found[1]), int(found[2]), found[3], found[4]) if found else None


def currency(session: Session, unit_id: str, paper: Printed, subject: str | None) -> Currency:
    """What can be said of a paper of a document that the centre has, or once had."""
    if not _was_printable(session, unit_id, paper):
        return Currency.UNKNOWN
    if _unread(session, unit_id):
        return Currency.UNSETTLED
    known = session.get(Paper, (unit_id, paper.identity(subject)))
    if known is None:
        return Currency.UNKNOWN if _followed(session, unit_id) else Currency.CURRENT
    if known.digest is None:
        return Currency.WITHDRAWN
    return Currency.CURRENT if paper.revision >= known.revision else Currency.OUTDATED


def since(session: Session, unit_id: str, identities: Iterable[str]) -> dict[str, Since | None]:
    """Since when each document says what it says; None of one that nobody has followed yet."""
    known = _followed_since(session, unit_id)
    first = None if known else _opening(session, unit_id)
    return {identity: known.get(identity, first) for identity in identities}


def _followed_since(session: Session, unit_id: str) -> dict[str, Since]:
    here = (Revision.unit_id == Paper.unit_id) & (Revision.number == Paper.revision)
    found = (
        select(Paper.identity, Paper.revision, Paper.changed_at, Release.number)
        .join(Revision, here)
        .join(Release, Release.id == Revision.release_id)
        .where(Paper.unit_id == unit_id)
    )
    return {
        identity: Since(f"{release}.{revision}", moment)
        for identity, revision, moment, release in session.execute(found)
    }


def _opening(session: Session, unit_id: str) -> Since:
    first = select(Release.number, Revision.created_at).join(Revision, Revision.release_id == Release.id)
    release, moment = session.execute(first.where(Revision.unit_id == unit_id, Revision.number == 1)).one()
    return Since(f"{release}.1", moment)


def _was_printable(session: Session, unit_id: str, paper: Printed) -> bool:
    release = select(Release.number).join(Revision, Revision.release_id == Release.id)
    here = (Revision.unit_id == unit_id) & (Revision.number == paper.revision)
    return session.scalar(release.where(here)) == paper.release


def _unread(session: Session, unit_id: str) -> bool:
    waiting = select(func.count()).select_from(Outbox)
    messages = waiting.where(Outbox.unit_id == unit_id, Outbox.kind == DOCUMENTS, Outbox.done_at.is_(None))
    return bool(session.scalar(messages))


def _followed(session: Session, unit_id: str) -> bool:
    return bool(session.scalar(select(func.count()).select_from(Paper).where(Paper.unit_id == unit_id)))
