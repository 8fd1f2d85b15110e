"""What the audit keeps of applying, editing and deciding: one record for each deed (rules O1 to O3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from provisioning.differences import Difference
from provisioning.marks import Mark, MarkKind, of_kind
from provisioning.plan import Action, Plan, Reason
from provisioning.tree import written
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.centres.models import Centre
from townhall.units.models import Unit

APPLY, EDIT, OPEN = "centre.apply", "centre.edit", "conflict.open"
# What a plan does against the township's own state has a record of its own.
_OF_ITS_OWN = {
    Reason.LOCKED_DISPLACED: "centre.displace",
    Reason.REQUIRED_RESTORED: "centre.restore_required",
}
BY_PLANS = frozenset({APPLY, EDIT, OPEN, *_OF_ITS_OWN.values()})


@dataclass(frozen=True, slots=True)
class Basis:
    """What an apply rests on: the content before, the standard (a release with an overlay), the reason given."""

    before: str
    standard: Any
    force: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to a centre by itself: the action of its record, the place, further facts."""

    action: str
    path: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def record_apply(
    session: Session,
    act: Act,
    unit: Unit,
    centre: Centre,
    plan: Plan,
    changes: Iterable[Difference],
    basis: Basis,
) -> None:
    """The apply with every change, then each displacement, restoration, opened and closed conflict, and force."""
    overlay = basis.standard.overlay
    facts = {
        "release": basis.standard.release.content_hash,
        "overlay": overlay.content_hash if overlay else None,
        "before": basis.before,
        "after": centre.content_hash,
        "revision": centre.revision,
        "plan": plan.hash,
    }
    record(session, act, unit.code, APPLY, changes=told(changes), basis=facts)
    record_own_deeds(session, act, unit, plan)
    for action in plan.changes.conflicts:
        _record_action(session, act, unit, action, plan)
    record_closed(session, act, unit, plan.changes.closed)
    if basis.force and plan.changes.guard:
        guard = {"plan": plan.hash, "guard": list(plan.changes.guard)}
        record(session, act.because(basis.force), unit.code, "centre.force", basis=guard)


def record_own_deeds(session: Session, act: Act, unit: Unit, plan: Plan) -> None:
    """Each displacement and each restoration of a plan, by itself."""
    for action in plan.changes.actions:
        if action.reason in _OF_ITS_OWN:
            _record_action(session, act, unit, action, plan)


def _record_action(session: Session, act: Act, unit: Unit, action: Action, plan: Plan) -> None:
    changes = [[action.section, action.key, action.field, action.before, action.after]]
    facts = {"plan": plan.hash, "reason": action.reason.value, "standard": action.standard}
    deed = _OF_ITS_OWN.get(action.reason, OPEN)
    record(session, act, unit.code, deed, path=written(action.path), changes=changes, basis=facts)


def record_edit(
    session: Session,
    act: Act,
    unit: Unit,
    centre: Centre,
    deed: Deed,
    changes: Iterable[Difference],
    before: str,
) -> None:
    """An edit, a decision or a mark, with every change it made."""
    basis = {**deed.facts, "before": before, "after": centre.content_hash, "revision": centre.revision}
    record(session, act, unit.code, deed.action, path=deed.path, changes=told(changes), basis=basis)


def shared_out(deeds: Sequence[Deed], changes: Iterable[Difference]) -> list[tuple[Deed, list[Difference]]]:
    """Deeds of one revision, each with its changes: the first at whose place it is has one, the last all others.

    So each change stands in one record, and an order after the items that it orders (rule O2).
    """
    own: list[list[Difference]] = [[] for _ in deeds]
    for change in changes:
        places = (number for number, deed in enumerate(deeds) if _at(deed.path, change.path))
        own[next(places, -1)].append(change)
    return list(zip(deeds, own, strict=True))


def _at(place: str, other: str) -> bool:
    """Whether two written places are the same or one lies within the other."""
    outer, inner = sorted((place, other), key=len)
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))


def record_closed(session: Session, act: Act, unit: Unit, marks: Iterable[Mark]) -> None:
    """Conflicts that settled themselves (rule G5)."""
    for mark in of_kind(marks, MarkKind.CONFLICT):
        record(
            session, act, unit.code, "conflict.close", path=written(mark.path), basis={"conflict": mark.id}
        )


def told(changes: Iterable[Difference]) -> list[list[Any]]:
    """Differences as the audit keeps them: section, key, field, before, after."""
    return [[change.section, change.key, change.field, change.before, change.after] for change in changes]
