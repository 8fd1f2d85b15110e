"""What is wrong or missing on the result of a plan (rules A4, A5, E3, E4, H5)."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from provisioning.canonical import canonical
from provisioning.labels import FIELD, item_label
from provisioning.memory import Remembered
from provisioning.plan import Found, Reason
from provisioning.policy import over_bound
from provisioning.resolve import Upstream
from provisioning.schema import CENTRE
from provisioning.specs import CentreSpec, Keyed, PolicyRule, is_blank
from provisioning.specs.centre import COLLECTIONS
from provisioning.specs.pack import Policy
from provisioning.tree import Path, written
from provisioning.validate import collisions, contradictions, references
from provisioning.yamlfile import Path as Place
from provisioning.yamlfile import dotted

# A blank of a mandatory, bounded or locked field is somebody's to fill.
_TO_BE_FILLED = frozenset({Policy.MANDATORY, Policy.BOUNDED, Policy.LOCKED})


def findings(target: Upstream, centre: CentreSpec, before: CentreSpec | None = None) -> tuple[Found, ...]:
    """Everything that is wrong or missing on a result; what held `before` already is marked as known (rule H5).

    Contradictions inside a new centre are the pack's and block it. On a centre that has been changed locally they
    are warnings: its values stand, and are never clipped (rule E4).
    """
    known = set() if before is None else {found.detail for found in _found(target, before, "warning")}
    severity = "error" if before is None else "warning"
    return tuple(
        _as_known(found) if found.detail in known else found for found in _found(target, centre, severity)
    )


def _as_known(found: Found) -> Found:
    return Found(found.severity, found.path, found.label, found.reason, found.detail, True, found.deadline)


def _found(target: Upstream, centre: CentreSpec, severity: str) -> Iterator[Found]:
    yield from _placed(centre, "error", Reason.UNIQUE_COLLISION, collisions(centre))
    yield from _placed(centre, "error", Reason.REF_BROKEN, references(centre))
    yield from _placed(centre, severity, Reason.BOUND_VIOLATION, contradictions(centre))
    yield from missing(target, centre)
    yield from beyond_bounds(target, centre)


def _placed(
    centre: CentreSpec, severity: str, reason: Reason, found: Iterable[tuple[Place, str]]
) -> Iterator[Found]:
    for path, text in found:
        yield Found(severity, dotted(path), _named(centre, path), reason, text)


def _named(centre: CentreSpec, path: Place) -> str:
    if len(path) > 1 and isinstance(path[1], int):
        return item_label(getattr(centre, str(path[0]))[path[1]])
    return ""


def missing(target: Upstream, centre: CentreSpec | None = None) -> Iterator[Found]:
    """Mandatory fields that are blank or empty: they block activation and printing, not the plan (rule E3)."""
    centre = centre or target.centre
    yield from (
        found for name, value in centre.profile for found in _missing(target, ("profile", name), "", value)
    )
    in_item = _per_item(target)
    for item in centre.items:
        yield from in_item(item)


@lru_cache(maxsize=64)
def _per_item(target: Upstream) -> Remembered[tuple[Found, ...]]:
    def of(item: Keyed) -> tuple[Found, ...]:
        fields = ((("items", item.key, name), value) for name, value in item)
        return tuple(
            found for path, value in fields for found in _missing(target, path, item_label(item), value)
        )

    return Remembered(of)


def _missing(target: Upstream, path: Path, label: str, value: Any) -> Iterator[Found]:
    nothing = value is None or value == () or value == frozenset()
    rule = target.rule(path) if nothing or is_blank(value) else None
    if rule is None:
        return
    if is_blank(value) and rule.policy in _TO_BE_FILLED:
        yield Found("warning", written(path), label, Reason.MISSING_REQUIRED, value.blank)
    elif nothing and rule.policy is Policy.MANDATORY:
        detail = f"「{FIELD.get(path[-1], '')}」不得為空：{rule.reason}"
        yield Found("warning", written(path), label, Reason.MISSING_REQUIRED, detail)


def beyond_bounds(target: Upstream, centre: CentreSpec) -> Iterator[Found]:
    """Values over a bound of the standard: they stay in force, with the day to which they may (rule E4)."""
    bounded = {
        rule.path.partition("[")[0] for layer in target.policies for rule in layer if rule.maximum is not None
    }
    for section in COLLECTIONS:
        if section in bounded:
            judge = _bounds(target, section)
            yield from (found for item in getattr(centre, section) for found in judge(item))


@lru_cache(maxsize=256)
def _bounds(target: Upstream, section: str) -> Remembered[tuple[Found, ...]]:
    def of(item: Keyed) -> tuple[Found, ...]:
        fields = (
            (name, target.rule((section, item.key, name))) for name in CENTRE.fields[section].each.fields
        )
        ruled = ((name, rule) for name, rule in fields if rule is not None and rule.maximum is not None)
        return tuple(found for name, rule in ruled for found in _beyond(section, item, name, rule))

    return Remembered(of)


def _beyond(section: str, item: Keyed, name: str, rule: PolicyRule) -> Iterator[Found]:
    text = over_bound(rule, FIELD.get(name, name), canonical(getattr(item, name)), name)
    if text is not None:
        path = written((section, item.key, name))
        yield Found("warning", path, item_label(item), Reason.BOUND_VIOLATION, text, deadline=rule.deadline)
