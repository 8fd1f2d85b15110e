"""What is wrong or missing on the result of a plan (rules A4, A5, E3, E4, H5)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from provisioning.canonical import canonical
from provisioning.labels import FIELD, SECTION, item_label
from provisioning.memory import Remembered
from provisioning.plan import Found, Reason
from provisioning.policy import over_bound
from provisioning.resolve import Upstream
from provisioning.schema import CENTRE
from provisioning.specs import CentreSpec, Keyed, PolicyRule, Spec, is_blank
from provisioning.specs.centre import COLLECTIONS, RECORDS
from provisioning.specs.pack import Policy
from provisioning.tree import Path, written
from provisioning.validate import by_key, collisions, contradictions, item_at, references
from provisioning.yamlfile import Path as Place

_SECTION_END = re.compile(r"[\[.]")
# A blank of a mandatory, bounded or locked field is somebody's to fill.
_TO_BE_FILLED = frozenset({Policy.MANDATORY, Policy.BOUNDED, Policy.LOCKED})


def findings(
    target: Upstream, centre: CentreSpec, before: CentreSpec | None = None, base: Upstream | None = None
) -> tuple[Found, ...]:
    """Everything that is wrong or missing on a result; what held `before` under `base` is marked as known (rule H5).

    Contradictions inside a new centre are the pack's and block it. On a centre that has been changed locally they
    are warnings: its values stand, and are never clipped (rule E4).
    """
    known = set() if before is None else {_said(found) for found in _found(base or target, before, "warning")}
    severity = "error" if before is None else "warning"
    return tuple(
        replace(found, known=True) if _said(found) in known else found
        for found in _found(target, centre, severity)
    )


def _said(found: Found) -> tuple[str, str]:
    return found.path, found.detail


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
        item = item_at(centre, path)
        yield Found(severity, by_key(centre, path), item_label(item) if item else "", reason, text)


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
        _SECTION_END.split(rule.path)[0]
        for layer in target.policies
        for rule in layer
        if rule.maximum is not None
    }
    for section in bounded & {*RECORDS}:
        yield from _beyond_in_record(target, section, getattr(centre, section))
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
        return tuple(
            found
            for name, rule in ruled
            for found in _beyond((section, item.key, name), item_label(item), getattr(item, name), rule)
        )

    return Remembered(of)


def _beyond_in_record(target: Upstream, section: str, record: Any) -> Iterator[Found]:
    values: list[tuple[Path, Any]] = [((section,), record)]
    if isinstance(record, Spec):
        values = [((section, name), value) for name, value in record]
    for path, value in values:
        rule = target.rule(path)
        if rule is not None:
            yield from _beyond(path, "", value, rule)


def _beyond(path: Path, label: str, value: Any, rule: PolicyRule) -> Iterator[Found]:
    name = FIELD.get(path[-1], SECTION.get(path[-1], path[-1]))
    text = over_bound(rule, name, canonical(value), path[-1])
    if text is not None:
        yield Found("warning", written(path), label, Reason.BOUND_VIOLATION, text, deadline=rule.deadline)
