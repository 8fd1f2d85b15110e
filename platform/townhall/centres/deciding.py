"""Deciding what merging left open, and what else a township may say of a place (rules E2, E6, G3 to G6)."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.labels import FIELD
from provisioning.marks import (
    SETTLED,
    Choice,
    Mark,
    MarkKind,
    Marks,
    NoSuchConflict,
    decide,
    identity,
    of_kind,
    open_conflict,
    ordered,
)
from provisioning.reconcile import tree_of
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec
from provisioning.tree import Path, centre_of, centre_tree, grown, node_at, placed, value_at, written
from provisioning.wording import message
from townhall.audit.act import Act
from townhall.centres.apply import pinned
from townhall.centres.edit import EditRefused, refuse_edit, write_edit
from townhall.centres.models import Centre, Question
from townhall.centres.recording import Deed
from townhall.centres.rows import require_centre
from townhall.centres.status import closed as closed_centre
from townhall.centres.writing import marks_in_force
from townhall.units.models import Unit


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides about a conflict: a value in canonical form for `NEW_VALUE`, a day for `LATER`.

    `rule` is the identifier of the rule that decides, empty for a person (rule G7).
    """

    choice: Choice
    value: Any = None
    until: dt.date | None = None
    rule: str = ""


def typable(mark: Mark) -> bool:
    """Whether another value can be typed in one line: a text, a number, a time limit."""
    return any(isinstance(value, str | int) or _limit(value) for value in (mark.ours, mark.theirs))


def typed(mark: Mark, text: str) -> Any:
    """What was typed, as the place holds it (a time limit in days); None when it is not one."""
    kind = mark.ours if mark.ours is not None else mark.theirs
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
    if _limit(kind):
        return None if number is None else {**kind, "days": number}
    if isinstance(kind, int) and not isinstance(kind, bool):
        return number
    return text or None


def _limit(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"days", "unit"}


@dataclass(frozen=True)
class _Desk:
    """A centre that is being decided about, locked for this transaction."""

    unit: Unit
    centre: Centre
    standard: Upstream
    before: CentreSpec
    marks: Marks


def decide_conflict(session: Session, unit: Unit, identifier: str, decision: Decision, *, act: Act) -> int:
    """Decide one open conflict; as `decide_conflicts`."""
    return decide_conflicts(session, unit, {identifier: decision}, act=act)


def decide_conflicts(session: Session, unit: Unit, decisions: Mapping[str, Decision], *, act: Act) -> int:
    """Decide open conflicts of a centre, by id, in the caller's transaction; gives the number of the revision.

    It is one revision and judged as a whole, so that places that depend on each other can be decided; each
    decision has its own record (rule O3). Raises `NoSuchConflict` when one is not open any more, `EditRefused` for
    what may not stand; then nothing is written.
    """
    desk = _desk(session, unit)
    chosen = [(open_conflict(desk.marks, identifier), decision) for identifier, decision in decisions.items()]
    tree, marks = _decided(desk, chosen)
    try:
        return _write(session, desk, tree, marks, act, *(_deed(mark, decision) for mark, decision in chosen))
    except EditRefused as refusal:
        ways = _ways_out(desk, [mark for mark, _ in chosen], refusal.places)
        raise EditRefused([*refusal.reasons, *ways], refusal.places) from refusal


def _decided(desk: _Desk, chosen: Iterable[tuple[Mark, Decision]]) -> tuple[Any, Marks]:
    """The centre as a tree and its marks, once every decision is taken."""
    tree, marks, standard = centre_tree(desk.before), desk.marks, tree_of(desk.standard)
    for mark, decision in chosen:
        value = grown(node_at(mark.path), decision.value)
        tree, marks = decide(tree, standard, marks, mark, decision.choice, value, decision.until)
    return tree, marks


def _deed(mark: Mark, decision: Decision) -> Deed:
    data = mark.data()
    facts = {
        "conflict": mark.id,
        "choice": decision.choice.value,
        "until": decision.until.isoformat() if decision.until else None,
        "rule": decision.rule,
        "base": data["value"],
        "theirs": data["theirs"],
    }
    return Deed(
        "conflict.decide", written(mark.path), facts | ({"origin": mark.origin} if mark.origin else {})
    )


def _ways_out(desk: _Desk, marks: list[Mark], broken: Iterable[str]) -> Iterator[str]:
    """Of items that would be at odds with themselves: what else is open in them, and how it can be decided."""
    for item in dict.fromkeys(mark.path[:2] for mark in marks):
        if not any(place.startswith(written(item)) for place in broken):
            continue
        inside = [one for one in of_kind(desk.marks, MarkKind.CONFLICT) if one.path[:2] == item]
        others = [one for one in inside if one not in marks]
        if not _agree(desk, inside):
            yield "本項另有與標準不同的本地內容，都用標準也不相符；可以留本地"
        elif others:
            names = "、".join(dict.fromkeys(f"「{FIELD.get(one.path[:3][-1], '整項')}」" for one in others))
            yield f"這與同一處待決的{names}互相牽連，須一起決定：請在「整項一起決定」中選「都用標準」，之後仍可再改"


def _agree(desk: _Desk, marks: Iterable[Mark]) -> bool:
    """Whether all of these could follow the standard together."""
    tree, _ = _decided(desk, [(mark, Decision(Choice.TAKE_STANDARD)) for mark in marks])
    try:
        refuse_edit(desk.standard, desk.before, _centre_of(desk, tree))
    except EditRefused:
        return False
    return True


def decide_alike(
    session: Session, unit: Unit, questions: Collection[str], decision: Decision, *, act: Act
) -> int:
    """As `decide_conflicts`, about questions that other centres have too (rule G6): all of them, or `NoSuchConflict`."""
    wanted = select(Question.id).filter_by(unit_id=unit.code).where(Question.question.in_(questions))
    found = session.scalars(wanted.order_by(Question.place)).all()
    if len(found) != len(questions):
        raise NoSuchConflict(SETTLED)
    return decide_conflicts(session, unit, dict.fromkeys(found, decision), act=act)


def pin(session: Session, unit: Unit, path: Path, *, act: Act) -> int:
    """Hold a place at its present value on purpose: a standard that moves away becomes a question (rule E6)."""
    desk = _desk(session, unit)
    value = value_at(centre_tree(desk.before), path)
    mark = Mark(MarkKind.PIN, path, identity(unit.code, path, "pin"), value, reason=act.reason)
    return _mark(session, desk, path, MarkKind.PIN, mark, act, "centre.pin")


def unpin(session: Session, unit: Unit, path: Path, *, act: Act) -> int:
    """Let a place follow the standard again."""
    return _mark(session, _desk(session, unit), path, MarkKind.PIN, None, act, "centre.unpin")


def accept(session: Session, unit: Unit, path: Path, until: dt.date, *, act: Act) -> int:
    """Accept that a place differs from the standard, for a reason and until a day.

    The acceptance holds for the value it was given for: another value is a deviation again. Raises `EditRefused`
    without a reason, or where nothing differs.
    """
    desk = _desk(session, unit)
    value = value_at(centre_tree(desk.before), path)
    if not act.reason.strip():
        raise EditRefused(["認可偏差須寫明理由"])
    if value == value_at(tree_of(desk.standard), path):
        raise EditRefused(["這裏與標準一致，沒有需要認可的偏差"])
    mark = Mark(
        MarkKind.ACCEPTED, path, identity(unit.code, path, "accepted"), value, until=until, reason=act.reason
    )
    return _mark(session, desk, path, MarkKind.ACCEPTED, mark, act, "deviation.accept")


def withdraw_acceptance(session: Session, unit: Unit, path: Path, *, act: Act) -> int:
    """Take an acceptance back."""
    return _mark(session, _desk(session, unit), path, MarkKind.ACCEPTED, None, act, "deviation.withdraw")


def follow_standard(session: Session, unit: Unit, path: Path, *, act: Act) -> int:
    """Clear what the township has made of a place: it inherits again, and no pin holds it (rule E6)."""
    desk = _desk(session, unit)
    tree = placed(centre_tree(desk.before), path, value_at(tree_of(desk.standard), path))
    marks = tuple(mark for mark in desk.marks if not (mark.kind is MarkKind.PIN and mark.path == path))
    return _write(session, desk, tree, marks, act, Deed("centre.follow", written(path)))


def restore_suspended(session: Session, unit: Unit, identifier: str, *, act: Act) -> int:
    """Bring back a value that a lock had suspended, once the lock is gone (rule E2).

    Raises `EditRefused` while the place is still locked.
    """
    desk = _desk(session, unit)
    mark = next((one for one in of_kind(desk.marks, MarkKind.SUSPENDED) if one.id == identifier), None)
    if mark is None:
        raise EditRefused(["這個停用的值已經不在，請重新打開頁面"])
    tree = placed(centre_tree(desk.before), mark.path, mark.value)
    marks = tuple(one for one in desk.marks if one is not mark)
    facts = {"suspended": mark.id}
    return _write(session, desk, tree, marks, act, Deed("centre.resume_value", written(mark.path), facts))


def _desk(session: Session, unit: Unit) -> _Desk:
    centre = session.get_one(Centre, unit.code, with_for_update=True, populate_existing=True)
    if (reason := closed_centre(centre)) is not None:
        raise EditRefused([reason])
    before = require_centre(session, unit.code)
    return _Desk(unit, centre, pinned(session, unit).upstream, before, marks_in_force(session, centre))


def _mark(
    session: Session, desk: _Desk, path: Path, kind: MarkKind, mark: Mark | None, act: Act, deed: str
) -> int:
    """Put a mark of a kind on a place, in the stead of one that is there, or take it away."""
    others = tuple(one for one in desk.marks if not (one.kind is kind and one.path == path))
    marks = ordered((*others, mark)) if mark else others
    facts = {"until": mark.until.isoformat() if mark and mark.until else None}
    return _write(session, desk, centre_tree(desk.before), marks, act, Deed(deed, written(path), facts))


def _write(session: Session, desk: _Desk, tree: Any, marks: Marks, act: Act, *deeds: Deed) -> int:
    after = _centre_of(desk, tree)
    refuse_edit(desk.standard, desk.before, after)
    stand = {"marks": identity([mark.data() for mark in marks])}
    told = (replace(deed, facts={**deed.facts, **stand}) for deed in deeds)
    return write_edit(session, desk.unit, desk.centre, desk.standard, (desk.before, after), marks, act, *told)


def _centre_of(desk: _Desk, tree: Any) -> CentreSpec:
    try:
        return centre_of(tree, like=desk.before)
    except ValidationError as error:
        raise EditRefused(map(message, error.errors(include_url=False))) from error
