"""What a plan is: what would happen to one centre and why, with all it rests on (rules H1–H8)."""

import datetime as dt
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from provisioning.canonical import content_hash
from provisioning.differences import ITEM, ORDER
from provisioning.labels import item_label
from provisioning.marks import MarkKind, Marks, identity
from provisioning.resolve import Layer
from provisioning.schema import Kind
from provisioning.sentences import action_sentence, finding_sentence, place_of
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from provisioning.telling import waiting_words
from provisioning.tree import Path, node_at, written

ENGINE_VERSION = "2"


class Reason(StrEnum):
    """The closed list of rule H3."""

    TEMPLATE_CHANGED = "TEMPLATE_CHANGED"
    LOCAL_KEPT = "LOCAL_KEPT"
    LOCAL_ORDER_KEPT = "LOCAL_ORDER_KEPT"
    CONVERGED = "CONVERGED"
    LOCAL_REMOVAL_KEPT = "LOCAL_REMOVAL_KEPT"
    TEMPLATE_REMOVED = "TEMPLATE_REMOVED"
    CONFLICT_MM = "CONFLICT_MM"
    CONFLICT_DM = "CONFLICT_DM"
    CONFLICT_MD = "CONFLICT_MD"
    CONFLICT_AA = "CONFLICT_AA"
    PINNED = "PINNED"
    LOCKED_DISPLACED = "LOCKED_DISPLACED"
    REQUIRED_RESTORED = "REQUIRED_RESTORED"
    MISSING_REQUIRED = "MISSING_REQUIRED"
    BOUND_VIOLATION = "BOUND_VIOLATION"
    MOVED = "MOVED"
    MOVE_BLOCKED = "MOVE_BLOCKED"
    REF_BROKEN = "REF_BROKEN"
    UNIQUE_COLLISION = "UNIQUE_COLLISION"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    DERIVED_CHANGED = "DERIVED_CHANGED"
    NOT_AFFECTED = "NOT_AFFECTED"


class Operation(StrEnum):
    """What an action does to the rows; KEEP and ASK leave them as they are."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    MOVE = "move"
    KEEP = "keep"
    ASK = "ask"


QUIET = frozenset({Operation.KEEP, Operation.ASK})


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a plan does, leaves, or asks: where, what people call it, the values, why, and who is the cause.

    `before` and `after` are the township's values, `base` and `standard` those of the standard it comes from and
    goes to, all as trees. `release` is the number of the release that causes it.
    """

    operation: Operation
    path: Path
    label: str
    before: Any
    after: Any
    reason: Reason
    base: Any = None
    standard: Any = None
    cause: Layer = Layer.PREFECTURE
    release: int = 0
    inner: str = ""
    because: str = ""

    @property
    def section(self) -> str:
        return self.path[0]

    @property
    def key(self) -> str | None:
        """Of an item of a collection its key, otherwise None."""
        return self.path[1] if self.section in COLLECTIONS and len(self.path) > 1 else None

    @property
    def field(self) -> str:
        """The field of the record or item, `*` for it as a whole, `order` for the order of a collection."""
        if len(self.path) == 1 and self.section in COLLECTIONS:
            return ORDER
        rest = self.path[2:] if self.section in COLLECTIONS else self.path[1:]
        return rest[0] if rest else ITEM

    @property
    def order(self) -> bool:
        """Whether it is about the order of a collection, of the centre or inside an item; then values are keys."""
        return node_at(self.path).kind is Kind.COLLECTION and isinstance(self.before or self.base, list)

    @property
    def sentence(self) -> str:
        """One Chinese sentence, without path syntax (rule H4)."""
        return action_sentence(self)

    @property
    def place(self) -> str:
        """Where it is, as people would point at it, e.g. 「事項〔臨時救助〕的承諾時限」."""
        return place_of(self)

    @property
    def severity(self) -> str:
        """`decide` waits for somebody, `approve` needs an approval of its own (rule E2), `note` is told only."""
        if self.operation is Operation.ASK or self.reason is Reason.MOVE_BLOCKED:
            return "decide"
        return "approve" if self.reason is Reason.LOCKED_DISPLACED else "note"

    def data(self) -> dict[str, Any]:
        names = ("section", "key", "field", "label", "before", "after", "base", "standard", "release")
        return {
            "operation": self.operation.value,
            "path": written(self.path),
            **{name: getattr(self, name) for name in names},
            "cause": self.cause.value,
            "severity": self.severity,
            "reason": self.reason.value,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """A constraint finding on the result; `error` blocks applying, `warning` does not (rules H5, E3).

    `known` marks what held before already (既有問題); `deadline` is the day to which it may stand (rule E4).
    """

    severity: str
    path: str
    label: str
    reason: Reason
    detail: str
    known: bool = False
    deadline: dt.date | None = None

    @property
    def sentence(self) -> str:
        return finding_sentence(self)

    def data(self) -> dict[str, Any]:
        names = ("severity", "path", "label", "detail", "known")
        return {
            **{name: getattr(self, name) for name in names},
            "reason": self.reason.value,
            "deadline": self.deadline.isoformat() if self.deadline else None,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, eq=False)
class Changes:
    """The actions and findings of a plan; townships with the same standard and no edits share one value.

    `marks` are those of the township afterwards, `closed` the conflicts that settle themselves, `offers` the
    displaced values that may be taken back since nothing locks them any more (rule E2), `guard` the reasons for
    which somebody must say in words why this is wanted (rule H7).
    """

    actions: tuple[Action, ...]
    findings: tuple[Found, ...]
    after: CentreSpec
    marks: Marks = ()
    closed: Marks = ()
    offers: Marks = ()
    guard: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        content = [
            [action.data() for action in self.actions],
            [found.data() for found in self.findings],
            [mark.data() for mark in self.marks],
            self.guard,
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many items each section gains."""
        created = (action.section for action in self.actions if action.operation is Operation.CREATE)
        return dict(Counter(created))

    @cached_property
    def after_revision(self) -> str:
        return content_hash(self.after)

    @property
    def conflicts(self) -> tuple[Action, ...]:
        return tuple(action for action in self.actions if action.operation is Operation.ASK)

    @cached_property
    def effective(self) -> bool:
        """Whether anything of the township's configuration changes."""
        return any(action.operation not in QUIET for action in self.actions)


@dataclass(frozen=True, eq=False)
class Plan:
    """A printable, hashable proposal for one centre. It is falsy when there is nothing to do (rule H6).

    `tenant_revision` is None when there is no centre yet. `blocked` says in Chinese why the plan can be read
    but never applied (rule H8). `moves_on` says that the centre will be held to another standard, even where
    nothing of it changes. `waits` are the places where the county has not decided: there everything stays as it is
    (rule A1). The hash covers what the plan rests on and what it does, not when it was made.
    """

    unit: str
    tenant_revision: str | None
    upstream_revision: str
    policy_revision: str
    release: str
    overlay: str | None
    changes: Changes
    blocked: str | None = None
    moves_on: bool = False
    waits: Marks = ()
    engine: str = field(default=ENGINE_VERSION)

    def __bool__(self) -> bool:
        return self.moves_on or self.changes.effective or bool(self.changes.closed)

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

    @property
    def waiting(self) -> tuple[str, ...]:
        """One sentence for each place that waits for the county."""
        after = self.changes.after
        names = {
            (section, item.key): item_label(item)
            for section in COLLECTIONS
            for item in getattr(after, section)
        }
        return tuple(waiting_words(mark.path, names) for mark in self.waits)

    @property
    def reason(self) -> Reason | None:
        """Why there is nothing to do, where there is nothing (rule H6)."""
        return (
            None if self.changes.effective or self.changes.conflicts or self.blocked else Reason.NOT_AFFECTED
        )

    def data(self) -> dict[str, Any]:
        """The whole plan as plain data, for machines."""
        return {
            **self.header,
            "plan_hash": self.hash,
            "reason": self.reason.value if self.reason else None,
            "needs_force": list(self.changes.guard),
            "actions": [action.data() for action in self.changes.actions],
            "conflicts": [mark.data() for mark in self.changes.marks if mark.kind is MarkKind.CONFLICT],
            "closed": [mark.data() for mark in self.changes.closed],
            "offers": [mark.data() for mark in self.changes.offers],
            "findings": [found.data() for found in self.changes.findings],
            "waits": list(self.waiting),
        }


def tenant_revision(content: str, marks: Marks) -> str:
    """What a plan rests on of the township: its configuration and its marks (rule I1)."""
    return identity(content, [mark.data() for mark in marks]) if marks else content
