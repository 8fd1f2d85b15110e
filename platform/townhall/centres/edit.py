"""Local edits: fields of a centre set by the township itself, policies held, every edit a revision (rule E8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import update
from sqlalchemy.orm import Session

from provisioning.canonical import canonical, content_hash
from provisioning.differences import Difference, delta, differences, patched
from provisioning.labels import FIELD, SECTION
from provisioning.policy import governing, refusal
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from provisioning.validate import check_centre
from provisioning.wording import message
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.centres.apply import pinned
from townhall.centres.lifecycle import closed
from townhall.centres.models import Centre, Revision, Window
from townhall.centres.rows import MODELS, require_centre, row_of
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
    if (reason := closed(centre)) is not None:
        raise EditRefused([reason])
    before = require_centre(session, unit.code)
    standard = pinned(session, unit)
    after = _edited(before, tuple(edits))
    changes = tuple(differences(before, after))
    _refuse(standard.upstream, before, after, changes)
    if not changes:
        return centre.revision
    _vacate_numbers(session, unit, changes)
    for change in changes:
        _write(session, centre, after, change)
    _revise(session, centre, standard.upstream.centre, after, act)
    made = [[change.section, change.key, change.field, change.before, change.after] for change in changes]
    basis = {"before": content_hash(before), "after": centre.content_hash, "revision": centre.revision}
    record(session, act, unit.code, "centre.edit", changes=made, basis=basis)
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


def _refuse(
    upstream: Upstream, before: CentreSpec, after: CentreSpec, changes: tuple[Difference, ...]
) -> None:
    reasons = [reason for change in changes if (reason := _forbidden(upstream, change))]
    known = {text for _, text in check_centre(before)}
    reasons += [text for _, text in check_centre(after) if text not in known]
    if reasons:
        raise EditRefused(reasons)


def _forbidden(upstream: Upstream, change: Difference) -> str | None:
    """Why a policy refuses a change (rules C5, E2, E3, E4)."""
    rule = governing(upstream.policies, change.path)
    return refusal(rule, FIELD.get(change.field, change.field), change.after, change.field)


def _vacate_numbers(session: Session, unit: Unit, changes: tuple[Difference, ...]) -> None:
    """Numbers that change make room first: two windows may swap theirs, which are unique at every moment."""
    leaving = [change.key for change in changes if (change.section, change.field) == ("windows", "number")]
    here = (Window.unit_id == unit.code) & Window.key.in_(leaving)
    if leaving:
        session.execute(update(Window).where(here).values(number=-Window.number))


def _write(session: Session, centre: Centre, after: CentreSpec, change: Difference) -> None:
    """Bring the row of one difference to what the configuration says."""
    if change.section not in COLLECTIONS:
        setattr(centre, change.section, canonical(getattr(after, change.section)))
        return
    model: Any = MODELS[change.section]
    items = getattr(after, change.section)
    position, item = next((place, item) for place, item in enumerate(items) if item.key == change.key)
    row = row_of(change.section, canonical(item), position)
    here = (model.unit_id == centre.unit_id) & (model.key == change.key)
    session.execute(update(model).where(here).values({change.field: row[change.field]}))


def _revise(session: Session, centre: Centre, standard: CentreSpec, after: CentreSpec, act: Act) -> None:
    centre.revision += 1
    centre.content_hash = content_hash(after)
    centre.updated_at = act.moment
    session.add(
        Revision(
            unit_id=centre.unit_id,
            number=centre.revision,
            release_id=centre.release_id,
            overlay_id=centre.overlay_id,
            content_hash=centre.content_hash,
            changes=delta(standard, after),
            plan_hash=None,
            reason=act.reason[:120],
            actor=act.author,
            created_at=act.moment,
        )
    )
    session.flush()
