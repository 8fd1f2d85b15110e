"""Local edits: fields of a centre set by the township itself, policies held, every edit a revision (rule E8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from provisioning.differences import Difference, differences, patched
from provisioning.labels import FIELD, SECTION
from provisioning.marks import Marks, closed
from provisioning.policy import governing, refusal
from provisioning.reconcile import open_questions
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from provisioning.validate import check_centre
from provisioning.wording import message
from townhall.audit.act import Act
from townhall.centres.apply import pinned
from townhall.centres.models import Centre
from townhall.centres.recording import EDIT, Deed, record_closed, record_edit
from townhall.centres.rows import require_centre
from townhall.centres.status import closed as closed_centre
from townhall.centres.writing import add_revision, marks_in_force, write_rows
from townhall.units.models import Unit


@dataclass(frozen=True, slots=True)
class Edit:
    """One field set to a value in canonical form; `key` is None for the profile and the hall."""

    section: str
    key: str | None
    field: str
    value: Any


class EditRefused(ValueError):
    """Edits that break a policy, a type or a rule; nothing of them is written. `reasons` are Chinese sentences."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("；".join(self.reasons))


def edit_centre(
    session: Session,
    unit: Unit,
    edits: Iterable[Edit],
    *,
    seen: str | None,
    act: Act,
) -> int:
    """Apply edits to a centre in the caller's transaction; gives the number of the revision.

    `seen` is the content hash that the person was looking at; another one now means somebody else was faster.
    Raises `EditRefused` with every reason; then nothing is written. No effective change makes no revision.
    """
    centre = session.get_one(Centre, unit.code, with_for_update=True)
    if seen is not None and seen != centre.content_hash:
        raise EditRefused(["在您填寫期間，他人已修改本中心；請重新打開頁面，核對後再保存"])
    if (reason := closed_centre(centre)) is not None:
        raise EditRefused([reason])
    before = require_centre(session, unit.code)
    standard = pinned(session, unit).upstream
    after = _edited(before, tuple(edits))
    refuse_edit(standard, before, after)
    marks = marks_in_force(session, centre)
    return write_edit(session, unit, centre, standard, (before, after), marks, act, Deed(EDIT))


def write_edit(
    session: Session,
    unit: Unit,
    centre: Centre,
    standard: Upstream,
    change: tuple[CentreSpec, CentreSpec],
    marks: Marks,
    act: Act,
    deed: Deed,
) -> int:
    """Write a configuration (before, after) that is allowed, with its marks; gives the number of the revision.

    Conflicts that it settles are closed with it (rule G5). Where nothing changes there is no revision.
    """
    before, after = change
    still_open = open_questions(unit.code, standard, after, marks)
    if before == after and still_open == marks_in_force(session, centre):
        return centre.revision
    changes = write_rows(session, centre, before, after)
    old = centre.content_hash
    add_revision(session, centre, standard.centre, after, still_open, act)
    record_edit(session, act, unit, centre, deed, changes, old)
    record_closed(session, act, unit, closed(marks, still_open))
    return centre.revision


def _edited(before: CentreSpec, edits: tuple[Edit, ...]) -> CentreSpec:
    if unknown := [edit for edit in edits if not _exists(before, edit)]:
        raise EditRefused(
            f"沒有可以修改的「{edit.section} {edit.key or ''} {edit.field}」" for edit in unknown
        )
    try:
        return patched(before, [[edit.section, edit.key, edit.field, edit.value] for edit in edits])
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise EditRefused(_problem(problem) for problem in problems) from error


def _exists(centre: CentreSpec, edit: Edit) -> bool:
    """Whether an edit points at one field of one thing that is there; keys are not fields (rule A3)."""
    if edit.section not in CentreSpec.model_fields or edit.field == "key":
        return False
    value = getattr(centre, edit.section)
    if edit.section in COLLECTIONS:
        value = next((item for item in value if item.key == edit.key), None)
    elif edit.key is not None:
        return False
    return edit.field in getattr(type(value), "model_fields", {})


def _problem(problem: Any) -> str:
    names = [FIELD.get(part, SECTION.get(part, "")) for part in problem["loc"] if isinstance(part, str)]
    return f"{next((name for name in reversed(names) if name), '')}：{message(problem)}"


def refuse_edit(upstream: Upstream, before: CentreSpec, after: CentreSpec) -> None:
    """Raise `EditRefused` with every policy and rule that a change breaks (rule E8)."""
    changes = tuple(differences(before, after))
    reasons = [reason for change in changes if (reason := _forbidden(upstream, change))]
    known = {text for _, text in check_centre(before)}
    reasons += [text for _, text in check_centre(after) if text not in known]
    if reasons:
        raise EditRefused(reasons)


def _forbidden(upstream: Upstream, change: Difference) -> str | None:
    """Why a policy refuses a change (rules C5, E2, E3, E4)."""
    rule = governing(upstream.policies, change.path)
    return refusal(rule, FIELD.get(change.field, change.field), change.after, change.field)
