"""Bringing the rows of a centre to a configuration, and the revision that says so. Nothing here decides anything."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Table, Update, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from provisioning.canonical import canonical, content_hash
from provisioning.differences import ITEM, ORDER, Difference, delta, differences
from provisioning.marks import Mark, MarkKind, Marks, mark_of, of_kind
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS, MANUAL, RECORDS
from provisioning.tree import written
from townhall.audit.act import Act
from townhall.centres.models import Centre, Outbox, Question, Revision, Window
from townhall.centres.rows import MODELS, plain, row_of
from townhall.database import table_of
from townhall.tenancy import judged, require

DOCUMENTS = "documents"


def write_rows(session: Session, centre: Centre, before: CentreSpec, after: CentreSpec) -> list[Difference]:
    """Bring the rows from one configuration to another; gives what differed."""
    found = list(differences(before, after))
    for name in RECORDS:
        if getattr(before, name) != getattr(after, name):
            setattr(centre, name, canonical(getattr(after, name)))
    for section in COLLECTIONS:
        if changes := [one for one in found if one.section == section]:
            _write_section(session, centre.unit_id, section, after, changes)
    return found


def _write_section(
    session: Session, unit_id: str, section: str, after: CentreSpec, changes: list[Difference]
) -> None:
    touched = {one.key for one in changes}
    rows = {
        item.key: row_of(section, plain(item), place)
        for place, item in enumerate(getattr(after, section))
        if item.key in touched
    }
    if gone := [one.key for one in changes if one.field == ITEM and one.after is None]:
        session.connection().execute(_leaving(section), _named(unit_id, gone))
    if section == "windows":
        _vacate_numbers(session, unit_id, changes)
    fields: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for one in changes:
        if one.key is not None and one.field != ITEM:
            fields[one.field][one.key] = rows[one.key][one.field]
    for field, values in fields.items():
        _set(session, unit_id, section, field, values)
    if new := [rows[one.key] for one in changes if one.field == ITEM and one.key in rows]:
        session.connection().execute(
            insert(table_of(MODELS[section])), [{**row, "unit_id": unit_id} for row in new]
        )
    if section in MANUAL and any(one.field in {ITEM, ORDER} for one in changes):
        _write_positions(session, unit_id, section, after)


def _set(session: Session, unit_id: str, section: str, field: str, values: Mapping[str, Any]) -> None:
    """One field of several rows, by key: past the objects of the ORM, of which there are none of these tables."""
    given = [
        {**row, "new": value} for row, value in zip(_named(unit_id, values), values.values(), strict=True)
    ]
    session.connection().execute(_setting(section, field), given)


def _named(unit_id: str, keys: Iterable[str | None]) -> list[dict[str, Any]]:
    """Rows as the statements below call them."""
    return [{"of_unit_id": unit_id, "of_key": key} for key in keys]


def _here(table: Table) -> ColumnElement[bool]:
    return (table.c.unit_id == bindparam("of_unit_id")) & (table.c.key == bindparam("of_key"))


@cache
def _setting(section: str, field: str) -> Update:
    table = table_of(MODELS[section])
    return update(table).where(_here(table)).values({field: bindparam("new")})


@cache
def _leaving(section: str) -> Delete:
    table = table_of(MODELS[section])
    return delete(table).where(_here(table))


@cache
def _vacating() -> Update:
    table = table_of(Window)
    return update(table).where(_here(table)).values(number=-table.c.number)


@cache
def _standing(section: str) -> Select[Any]:
    table = table_of(MODELS[section])
    wanted = select(table.c.key, table.c.position).where(table.c.unit_id == bindparam("of_unit_id"))
    return judged(wanted)


def _vacate_numbers(session: Session, unit_id: str, changes: Iterable[Difference]) -> None:
    """Numbers that change make room first: two windows may swap theirs, which are unique at every moment."""
    if leaving := [one.key for one in changes if one.field == "number"]:
        session.connection().execute(_vacating(), _named(unit_id, leaving))


def _write_positions(session: Session, unit_id: str, section: str, after: CentreSpec) -> None:
    wanted = {item.key: place for place, item in enumerate(getattr(after, section))}
    require(session, unit_id)
    standing = session.connection().execute(_standing(section), {"of_unit_id": unit_id})
    moved = {key: wanted[key] for key, position in standing if wanted[key] != position}
    if moved:
        _set(session, unit_id, section, "position", moved)


def add_revision(
    session: Session,
    centre: Centre,
    standard: CentreSpec,
    after: CentreSpec,
    marks: Marks,
    act: Act,
    *,
    plan_hash: str | None = None,
) -> Revision:
    """The next revision of a centre, with its marks in force and what is to be done about it in the outbox."""
    last = session.get_one(Revision, (centre.unit_id, centre.revision))
    pins = (centre.release_id, centre.overlay_id)
    # A standard may change how papers look, or who issues them, where no row changes.
    changed = (last.content_hash, last.release_id, last.overlay_id) != (
        (digest := content_hash(after)),
        *pins,
    )
    centre.revision += 1
    centre.content_hash = digest
    centre.updated_at = act.moment
    revision = Revision(
        unit_id=centre.unit_id,
        number=centre.revision,
        release_id=centre.release_id,
        overlay_id=centre.overlay_id,
        content_hash=digest,
        changes=delta(standard, after),
        marks=[mark.data() for mark in marks] or None,
        plan_hash=plan_hash,
        reason=act.reason[:120],
        actor=act.author,
        created_at=act.moment,
    )
    session.add(revision)
    session.flush()
    if changed:
        tell_documents(session, centre, act)
    _write_questions(session, centre.unit_id, marks, act)
    session.flush()
    return revision


def tell_documents(session: Session, centre: Centre, act: Act) -> None:
    """Leave the message that the newest revision of a centre may have changed its papers (rule I5)."""
    message = {"unit_id": centre.unit_id, "revision": centre.revision, "created_at": act.moment}
    session.add(Outbox(kind=DOCUMENTS, **message))


def marks_in_force(session: Session, centre: Centre) -> Marks:
    """The marks of a centre: those of its newest revision."""
    revision = session.get_one(Revision, (centre.unit_id, centre.revision))
    return marks_of(revision.marks)


def marks_of(stored: list[Any] | None) -> Marks:
    """Stored marks as values."""
    return tuple(mark_of(data) for data in stored or ())


def _write_questions(session: Session, unit_id: str, marks: Marks, act: Act) -> None:
    """The open questions as the marks have them; one that was open keeps the moment it was opened."""
    standing = {row.id: row for row in session.scalars(select(Question).filter_by(unit_id=unit_id))}
    wanted = {mark.id: mark for mark in of_kind(marks, MarkKind.CONFLICT)}
    for identifier, row in standing.items():
        if identifier not in wanted:
            session.delete(row)
    for identifier, mark in wanted.items():
        row = standing.get(identifier) or Question(unit_id=unit_id, id=identifier, opened_at=act.moment)
        _put(row, mark)
        session.add(row)


def _put(row: Question, mark: Mark) -> None:
    row.question, row.place, row.code, row.until = mark.question, written(mark.path), mark.code, mark.until
