"""Making plans: a new centre from a standard, or a township's centre brought to another standard (rules H1, J5)."""

from collections.abc import Iterator
from functools import lru_cache

from provisioning.canonical import canonical, content_hash
from provisioning.constraints import findings
from provisioning.labels import item_label
from provisioning.marks import Marks
from provisioning.plan import Action, Changes, Operation, Plan, Reason, tenant_revision
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS, RECORDS
from provisioning.upgrade import upgrade


def plan_centre(
    unit: str,
    existing: CentreSpec | None,
    base: Upstream | None,
    target: Upstream,
    marks: Marks = (),
    revision: str | None = None,
) -> Plan:
    """What bringing a unit to `target` means. Pure: the same input gives the same plan (rule H1).

    `existing` is the configuration that the centre's rows say now, `base` the standard it was last reconciled
    with, `marks` what its rows cannot say; `revision` is what identifies `existing`, by default its content hash.
    """
    base = base or target
    return Plan(
        unit=unit,
        tenant_revision=None
        if existing is None
        else tenant_revision(revision or content_hash(existing), marks),
        upstream_revision=target.revision,
        policy_revision=target.policy_revision,
        release=target.release,
        overlay=target.overlay,
        changes=creation(target) if existing is None else _changes(unit, existing, base, target, marks),
        blocked=_backwards(base, target) if existing is not None else None,
        moves_on=existing is not None and not base.same_as(target),
        waits=target.questions,
    )


def _backwards(base: Upstream, target: Upstream) -> str | None:
    """No centre ever goes back by accident (rule J5)."""
    if target.number >= base.number:
        return None
    return f"本中心已在第 {base.number} 版，不能以計劃退到第 {target.number} 版；要退回請用回滾"


def _changes(unit: str, existing: CentreSpec, base: Upstream, target: Upstream, marks: Marks) -> Changes:
    if not marks and existing is base.centre:
        return _untouched(base, target)
    return upgrade(unit, existing, base, target, marks)


@lru_cache(maxsize=256)
def _untouched(base: Upstream, target: Upstream) -> Changes:
    """What a new standard means for all townships that have changed nothing: computed once."""
    return upgrade("", base.centre, base, target, ())


@lru_cache(maxsize=256)
def creation(target: Upstream) -> Changes:
    """The changes that make a new centre from a standard; computed once for all townships that share it."""
    return Changes(tuple(_created(target)), findings(target, target.centre), target.centre)


def _created(target: Upstream) -> Iterator[Action]:
    centre = target.centre
    for section in RECORDS:
        yield _creation(target, (section,), "", getattr(centre, section))
    for section in COLLECTIONS:
        for item in getattr(centre, section):
            yield _creation(target, (section, item.key), item_label(item), item)


def _creation(target: Upstream, path: tuple[str, ...], label: str, value: object) -> Action:
    new = canonical(value)
    return Action(
        Operation.CREATE,
        path,
        label,
        None,
        new,
        Reason.TEMPLATE_CHANGED,
        standard=new,
        cause=target.layer(path),
        release=target.number,
    )
