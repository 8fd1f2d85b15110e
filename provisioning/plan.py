"""Plans: what would happen to one centre and why, computed without touching anything (rules H1–H8)."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from provisioning.canonical import canonical, content_hash
from provisioning.differences import ITEM, Difference, differences
from provisioning.labels import FIELD
from provisioning.policy import governing
from provisioning.resolve import Upstream
from provisioning.sentences import action_sentence, finding_sentence
from provisioning.specs import CentreSpec, Keyed, WallSlot, is_blank
from provisioning.specs.centre import COLLECTIONS, RECORDS
from provisioning.specs.pack import Policy
from provisioning.validate import collisions, contradictions, references
from provisioning.yamlfile import dotted

ENGINE_VERSION = "1"


class Reason(StrEnum):
    """The part of the closed list of rule H3 that provisioning needs; merging brings the rest."""

    TEMPLATE_CHANGED = "TEMPLATE_CHANGED"
    LOCAL_KEPT = "LOCAL_KEPT"
    MISSING_REQUIRED = "MISSING_REQUIRED"
    BOUND_VIOLATION = "BOUND_VIOLATION"
    REF_BROKEN = "REF_BROKEN"
    UNIQUE_COLLISION = "UNIQUE_COLLISION"
    NOT_AFFECTED = "NOT_AFFECTED"


class Operation(StrEnum):
    CREATE = "create"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a plan does or deliberately leaves: path, label for people, values, reason and cause."""

    operation: Operation
    section: str
    key: str | None
    field: str
    label: str
    before: Any
    after: Any
    reason: Reason

    @property
    def sentence(self) -> str:
        """One Chinese sentence, without path syntax (rule H4)."""
        return action_sentence(self)

    def data(self) -> dict[str, Any]:
        names = ("section", "key", "field", "label", "before", "after")
        return {
            "operation": self.operation.value,
            **{name: getattr(self, name) for name in names},
            "reason": self.reason.value,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """A constraint finding on the result; `error` blocks applying, `warning` does not (rules H5, E3)."""

    severity: str
    path: str
    label: str
    reason: Reason
    detail: str

    @property
    def sentence(self) -> str:
        return finding_sentence(self)

    def data(self) -> dict[str, Any]:
        names = ("severity", "path", "label", "detail")
        return {
            **{name: getattr(self, name) for name in names},
            "reason": self.reason.value,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, eq=False)
class Changes:
    """The actions and findings of a plan; townships with the same standard share one value."""

    actions: tuple[Action, ...]
    findings: tuple[Found, ...]
    after: CentreSpec

    @cached_property
    def digest(self) -> str:
        content = [[action.data() for action in self.actions], [found.data() for found in self.findings]]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many items each section gains."""
        created = (action.section for action in self.actions if action.operation is Operation.CREATE)
        return dict(Counter(created))

    @cached_property
    def after_revision(self) -> str:
        return content_hash(self.after)


@dataclass(frozen=True, eq=False)
class Plan:
    """A printable, hashable proposal for one centre. It is falsy when there is nothing to do (rule H6).

    `tenant_revision` is None when there is no centre yet. `blocked` says in Chinese why the plan can be read
    but never applied (rule H8). The hash covers what the plan rests on and what it does, not when it was made.
    """

    unit: str
    tenant_revision: str | None
    upstream_revision: str
    policy_revision: str
    release: str
    overlay: str | None
    changes: Changes
    blocked: str | None = None
    engine: str = field(default=ENGINE_VERSION)

    def __bool__(self) -> bool:
        return any(action.operation is not Operation.KEEP for action in self.changes.actions)

    @property
    def header(self) -> dict[str, str | None]:
        names = ("unit", "tenant_revision", "upstream_revision", "policy_revision", "release", "overlay")
        return {
            **{name: getattr(self, name) for name in names},
            "engine": self.engine,
            "blocked": self.blocked,
        }

    @cached_property
    def hash(self) -> str:
        text = json.dumps([self.header, self.changes.digest], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def errors(self) -> tuple[Found, ...]:
        return tuple(found for found in self.changes.findings if found.severity == "error")

    @property
    def applicable(self) -> bool:
        return self.blocked is None and not self.errors

    def data(self) -> dict[str, Any]:
        """The whole plan as plain data, for machines."""
        return {
            **self.header,
            "plan_hash": self.hash,
            "reason": None if self or self.blocked else Reason.NOT_AFFECTED.value,
            "actions": [action.data() for action in self.changes.actions],
            "findings": [found.data() for found in self.changes.findings],
        }


def plan_centre(
    unit: str,
    existing: CentreSpec | None,
    base: Upstream | None,
    target: Upstream,
) -> Plan:
    """What bringing a unit to `target` means. Pure: the same input gives the same plan (rule H1).

    `existing` is the configuration that the centre's rows say now, `base` the standard it was last reconciled
    with. Where base and target are the same standard, every local difference stands (rule B3).
    """
    moved = existing is not None and (base is None or not base.same_as(target))
    return Plan(
        unit=unit,
        tenant_revision=_revision(existing, target),
        upstream_revision=target.revision,
        policy_revision=target.policy_revision,
        release=target.release,
        overlay=target.overlay,
        # What is local is what differs from the standard that the centre was reconciled with.
        changes=creation(target) if existing is None else _kept(existing, base or target),
        # Three-way merging (rules B to G) is the engine's second half; until then nothing is guessed.
        blocked="本中心所依標準與目標標準不同，三方合併尚未提供，本計劃只供查看" if moved else None,
    )


def _revision(existing: CentreSpec | None, target: Upstream) -> str | None:
    if existing is None:
        return None
    return target.revision if existing is target.centre else content_hash(existing)


@lru_cache(maxsize=256)
def creation(target: Upstream) -> Changes:
    """The changes that make a new centre from a standard; computed once for all townships that share it."""
    return Changes(tuple(_created(target.centre)), tuple(_findings(target)), target.centre)


def _kept(existing: CentreSpec, target: Upstream) -> Changes:
    found = differences(target.centre, existing)
    return Changes(tuple(_local(difference, existing, target.centre) for difference in found), (), existing)


def _created(centre: CentreSpec) -> Iterator[Action]:
    for section in RECORDS:
        yield _creation(section, None, "", getattr(centre, section))
    for section in COLLECTIONS:
        for item in getattr(centre, section):
            yield _creation(section, item.key, item_label(item), item)


def _creation(section: str, key: str | None, label: str, value: Any) -> Action:
    reason = Reason.TEMPLATE_CHANGED
    return Action(Operation.CREATE, section, key, ITEM, label, None, canonical(value), reason)


def _local(difference: Difference, existing: CentreSpec, standard: CentreSpec) -> Action:
    return Action(
        Operation.KEEP,
        difference.section,
        difference.key,
        difference.field,
        _label(difference, existing, standard),
        difference.before,
        difference.after,
        Reason.LOCAL_KEPT,
    )


def _label(difference: Difference, *centres: CentreSpec) -> str:
    """What the item is called where it still is; a removed one by its name in the standard."""
    if difference.key is None:
        return ""
    items = (item for centre in centres for item in getattr(centre, difference.section))
    return next((item_label(item) for item in items if item.key == difference.key), "")


def item_label(item: Keyed) -> str:
    """What people call an item."""
    if isinstance(item, WallSlot):
        return f"{item.wall}距左 {item.offset} 毫米處"
    return str(getattr(item, "name", None) or getattr(item, "title", None) or getattr(item, "category", ""))


def _findings(target: Upstream) -> Iterator[Found]:
    for reason, check in _CHECKS:
        for path, text in check(target.centre):
            yield Found("error", dotted(path), "", reason, text)
    yield from missing(target)


_CHECKS = (
    (Reason.UNIQUE_COLLISION, collisions),
    (Reason.REF_BROKEN, references),
    (Reason.BOUND_VIOLATION, contradictions),
)


def missing(target: Upstream, centre: CentreSpec | None = None) -> Iterator[Found]:
    """Mandatory fields that are blank or empty: they block activation and printing, not the plan (rule E3)."""
    centre = centre or target.centre
    for field_name, value in centre.profile:
        yield from _missing(target, f"profile.{field_name}", "", value)
    for item in centre.items:
        for field_name, value in item:
            yield from _missing(target, f"items[{item.key}].{field_name}", item.name, value)


def _missing(target: Upstream, path: str, label: str, value: Any) -> Iterator[Found]:
    nothing = value is None or value == () or value == frozenset()
    rule = governing(target.policies, path) if nothing or is_blank(value) else None
    if rule is None:
        return
    if is_blank(value) and rule.policy in (Policy.MANDATORY, Policy.BOUNDED, Policy.LOCKED):
        yield Found("warning", path, label, Reason.MISSING_REQUIRED, value.blank)
    elif nothing and rule.policy is Policy.MANDATORY:
        name = FIELD.get(path.rpartition(".")[2], "")
        yield Found("warning", path, label, Reason.MISSING_REQUIRED, f"「{name}」不得為空：{rule.reason}")
