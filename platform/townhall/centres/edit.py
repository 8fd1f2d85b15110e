"""Local edits: what a township sets, adds, takes away or reorders; policies held, every edit a revision (rule E8)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import canonical
from provisioning.differences import ITEM, ORDER, Difference, differences, patched
from provisioning.labels import FIELD, SECTION, item_label
from provisioning.marks import Marks, closed
from provisioning.policy import governing, refusal
from provisioning.reconcile import open_questions
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec, Keyed
from provisioning.specs.centre import COLLECTIONS, MANUAL
from provisioning.validate import by_key, check_centre
from provisioning.wording import message
from townhall.audit.act import Act
from townhall.centres.apply import pinned
from townhall.centres.models import Centre, Revision
from townhall.centres.recording import EDIT, Deed, record_closed, record_edit, shared_out
from townhall.centres.rows import require_centre
from townhall.centres.status import closed as closed_centre
from townhall.centres.writing import add_revision, marks_in_force, write_rows
from townhall.units.models import Unit


@dataclass(frozen=True, slots=True)
class Edit:
    """One field set to a value in canonical form; `key` is None for the profile and the hall.

    The field `*` is an item as a whole, `order` the order of a collection: see `removal`, `addition`, `ordering`.
    `again` is set on an item that stood here before, or that the standard has: it comes back under its own key.
    """

    section: str
    key: str | None
    field: str
    value: Any
    again: bool = False


def removal(section: str, key: str) -> Edit:
    """One item taken away; what is required stays (rule C5)."""
    return Edit(section, key, ITEM, None)


def addition(section: str, item: Keyed) -> Edit:
    """One item of the township's own, at the end; its key is `local_key`'s and was never used here (rule A3)."""
    return Edit(section, item.key, ITEM, canonical(item))


def comeback(section: str, item: Keyed) -> Edit:
    """One item that was taken away, back under its own key: it is the same one (rule A3)."""
    return Edit(section, item.key, ITEM, canonical(item), again=True)


def ordering(section: str, keys: Iterable[str]) -> Edit:
    """A collection that is ordered by hand, in another order; every key once (rule D1).

    What the same edits add stands at the end, or where it is named.
    """
    return Edit(section, None, ORDER, list(keys))


def local_key(unit: Unit, name: str) -> str:
    """The key of an item that a township adds: its own code, then a name in small letters, digits and hyphens."""
    return f"xiang:{unit.code[:9]}:{name}"


def next_key(session: Session, unit: Unit) -> str:
    """A key for an item that a township adds, which was never used here; its number is no rank."""
    used = {*_standing_keys(require_centre(session, unit.code)), *_keys_of_old(session, unit)}
    return next(key for number in count(1) if (key := local_key(unit, f"own-{number}")) not in used)


class EditRefused(ValueError):
    """Edits that break a policy, a type or a rule; nothing of them is written. `reasons` are Chinese sentences.

    `places` says by key where the configuration would be at odds with itself; nothing of policies and types.
    """

    def __init__(self, reasons: Iterable[str], places: Iterable[str] = ()) -> None:
        self.reasons, self.places = tuple(reasons), tuple(places)
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
    centre = session.get_one(Centre, unit.code, with_for_update=True, populate_existing=True)
    if seen is not None and seen != centre.content_hash:
        raise EditRefused(["在您填寫期間，他人已修改本中心；請重新打開頁面，核對後再保存"])
    if (reason := closed_centre(centre)) is not None:
        raise EditRefused([reason])
    before = require_centre(session, unit.code)
    standard = pinned(session, unit).upstream
    edits = tuple(edits)
    _refuse_keys(session, unit, standard.centre, before, edits)
    after = edited(before, edits)
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
    *deeds: Deed,
) -> int:
    """Write a configuration (before, after) that is allowed, with its marks; gives the number of the revision.

    Each deed has a record of its own. Conflicts that the configuration settles are closed with it (rule G5). Where
    nothing changes there is no revision.
    """
    before, after = change
    still_open = open_questions(unit.code, standard, after, marks)
    if before == after and still_open == marks_in_force(session, centre):
        return centre.revision
    changes = write_rows(session, centre, before, after)
    old = centre.content_hash
    add_revision(session, centre, standard.centre, after, still_open, act)
    for deed, own in shared_out(deeds, changes):
        record_edit(session, act, unit, centre, deed, own, old)
    record_closed(session, act, unit, closed(marks, still_open))
    return centre.revision


def item_of(section: str, value: Mapping[str, Any]) -> Keyed:
    """An item from its canonical form. Raises `EditRefused` for what is none."""
    try:
        return COLLECTIONS[section].model_validate(value)
    except ValidationError as error:
        raise EditRefused(_problem(problem) for problem in error.errors(include_url=False)) from error


def edited(before: CentreSpec, edits: tuple[Edit, ...]) -> CentreSpec:
    """A configuration with edits, not yet judged. Raises `EditRefused` for what points nowhere or is of a wrong type."""
    if unknown := [edit for edit in edits if not _exists(before, edits, edit)]:
        raise EditRefused(
            f"沒有可以修改的「{edit.section} {edit.key or ''} {edit.field}」" for edit in unknown
        )
    # An order is of all items, so it comes after what is added.
    changes = [_change(edits, edit) for edit in sorted(edits, key=lambda edit: edit.field == ORDER)]
    try:
        return patched(before, changes)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise EditRefused(_problem(problem) for problem in problems) from error


def _change(edits: tuple[Edit, ...], edit: Edit) -> list[Any]:
    """An edit as a change; what is added and has no place in an order comes last in it."""
    if edit.field != ORDER:
        return [edit.section, edit.key, edit.field, edit.value]
    added = [key for key in _added(edits, edit.section) if key not in edit.value]
    return [edit.section, None, ORDER, [*edit.value, *added]]


def _added(edits: Iterable[Edit], section: str) -> list[str]:
    return [
        edit.key or ""
        for edit in edits
        if (edit.section, edit.field) == (section, ITEM) and edit.value is not None
    ]


def _refuse_keys(
    session: Session, unit: Unit, standard: CentreSpec, before: CentreSpec, edits: tuple[Edit, ...]
) -> None:
    """What a township adds carries its own name, and no key is ever used again (rule A3).

    What comes back was here before or is the standard's, and is not there now.
    """
    back = [edit.key or "" for edit in edits if edit.again]
    known = {*_standing_keys(standard), *_keys_of_old(session, unit)} if back else set()
    if lost := [key for key in back if key in {*_standing_keys(before)} or key not in known]:
        raise EditRefused(f"「{key}」沒有可以恢復的內容" for key in lost)
    new = [
        edit.key or "" for edit in edits if edit.field == ITEM and edit.value is not None and not edit.again
    ]
    strange = [key for key in new if not key.startswith(local_key(unit, ""))]
    reasons = [f"本地新增的鍵須以 {local_key(unit, '')} 開頭，實為「{key}」" for key in strange]
    if new and not strange:
        used = {*_standing_keys(before), *_keys_of_old(session, unit)}
        twice = {key for key in new if new.count(key) > 1}
        reasons = [f"鍵「{key}」已經用過，不得再用" for key in sorted({*new} & used | twice)]
    if reasons:
        raise EditRefused(reasons)


def _standing_keys(centre: CentreSpec) -> Iterator[str]:
    return (item.key for section in COLLECTIONS for item in getattr(centre, section))


def _keys_of_old(session: Session, unit: Unit) -> Iterator[str]:
    """The keys that any revision of the centre says something about."""
    found = session.scalars(select(Revision.changes).where(Revision.unit_id == unit.code))
    return (str(key) for changes in found for _, key, _, _ in changes if key)


def _exists(centre: CentreSpec, edits: tuple[Edit, ...], edit: Edit) -> bool:
    """Whether an edit points at what is there, or adds what can be there; keys are not fields (rule A3)."""
    if edit.section not in CentreSpec.model_fields or edit.field == "key":
        return False
    value = getattr(centre, edit.section)
    if edit.section in COLLECTIONS:
        items = {item.key: item for item in value}
        if edit.field == ORDER:
            added = _added(edits, edit.section)
            return edit.key is None and edit.section in MANUAL and _each_once(edit.value, items, added)
        if edit.field == ITEM:
            return edit.key in items if edit.value is None else _is_item(edit)
        value = items.get(edit.key or "")
    elif edit.key is not None:
        return False
    return edit.field in getattr(type(value), "model_fields", {})


def _each_once(keys: Any, items: Collection[str], added: Collection[str]) -> bool:
    """Whether all items that were there are named, none twice, and nothing but them and what is added."""
    return (
        isinstance(keys, list)
        and all(isinstance(key, str) for key in keys)
        and len({*keys}) == len(keys)
        and {*items} <= {*keys} <= {*items, *added}
    )


def _is_item(edit: Edit) -> bool:
    return isinstance(edit.value, dict) and edit.value.get("key") == edit.key


def _problem(problem: Any) -> str:
    names = [FIELD.get(part, SECTION.get(part, "")) for part in _fields_of(problem["loc"])]
    return f"{next((name for name in reversed(names) if name), '')}：{message(problem)}"


def _fields_of(place: tuple[str | int, ...]) -> Iterator[str]:
    """The fields on the way to a fault; right after one, `value` and `blank` only say which of the two it was read as."""
    for above, part in pairwise((0, *place)):
        if isinstance(part, str) and not (isinstance(above, str) and part in {"value", "blank"}):
            yield part


def refuse_edit(upstream: Upstream, before: CentreSpec, after: CentreSpec) -> None:
    """Raise `EditRefused` with every policy and rule that a change breaks (rule E8)."""
    changes = tuple(differences(before, after))
    reasons = [reason for change in changes for reason in _forbidden(upstream, before, change)]
    known = {(by_key(before, path), text) for path, text in check_centre(before)}
    found = ((by_key(after, path), text) for path, text in check_centre(after))
    faults = [fault for fault in found if fault not in known]
    if reasons or faults:
        raise EditRefused([*reasons, *(text for _, text in faults)], [place for place, _ in faults])


def _forbidden(upstream: Upstream, before: CentreSpec, change: Difference) -> Iterator[str]:
    """Why policies refuse a change (rules C5, E2, E3, E4)."""
    if change.field == ITEM and change.key is not None:
        yield from _item_forbidden(upstream, before, change)
        return
    rule = governing(upstream.policies, change.path)
    if reason := refusal(rule, FIELD.get(change.field, change.field), change.after, change.field):
        yield reason


def _item_forbidden(upstream: Upstream, before: CentreSpec, change: Difference) -> Iterator[str]:
    """A whole item: it may have to stay, and what is added writes each of its fields that the standard does not."""
    if change.after is None:
        name = item_label(_item(before, change))
        if reason := refusal(governing(upstream.policies, change.path), name, None):
            yield reason
        return
    standard = canonical(_item(upstream.centre, change)) or {}
    for field, value in change.after.items():
        if field != "key" and value != standard.get(field):
            rule = governing(upstream.policies, f"{change.path}.{field}")
            if reason := refusal(rule, FIELD.get(field, field), value, field):
                yield reason


def _item(centre: CentreSpec, change: Difference) -> Any:
    return next((item for item in getattr(centre, change.section) if item.key == change.key), None)
