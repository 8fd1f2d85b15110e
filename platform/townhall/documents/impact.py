"""What a plan does in the world: documents that really change, by their content, and money by category (rules H2, N1)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy.orm import Session

from provisioning.plan import Plan
from provisioning.specs import CentreSpec, DocumentType
from townhall.budget.amounts import allotted
from townhall.centres.apply import Standard
from townhall.documents.papers import as_rows, contents
from townhall.documents.production import Binder, binder
from townhall.script import HANT
from townhall.standards.operations import pack_of
from townhall.units.models import Unit


class Change(StrEnum):
    """What becomes of a document; one that changes needs a new edition."""

    CHANGED = "更改"
    NEW = "新增"
    GONE = "取消"


@dataclass(frozen=True, slots=True)
class Affected:
    """A document that a plan changes: its kind, what it is about, what becomes of it, how many copies hang or lie."""

    document: DocumentType
    label: str
    change: Change

    @property
    def title(self) -> str:
        return f"{self.document.title}〔{self.label}〕" if self.label else self.document.title

    @property
    def copies(self) -> int:
        """Copies to print anew, as the document's kind says; none of what is only taken down."""
        return 0 if self.change is Change.GONE else self.document.copies


@dataclass(frozen=True, slots=True)
class Impact:
    """`money` is fen by category that the plan adds or takes away, categories that stay as they are left out."""

    documents: tuple[Affected, ...]
    money: dict[str, int]

    @property
    def copies(self) -> int:
        return sum(one.copies for one in self.documents)


def impact(session: Session, unit: Unit, plan: Plan, standard: Standard) -> Impact:
    """What a plan for a centre that exists changes on paper and in money. Raises `LookupError` without a centre.

    Both sides bear the same date and number, so that only what a document says makes it another one.
    """
    before = binder(session, unit, public_url=None, draft=True)
    after = replace(before, centre=as_rows(plan.changes.after), pack=pack_of(standard.release))
    return Impact(tuple(_affected(before, after)), _money(before.centre, after.centre))


def _affected(before: Binder, after: Binder) -> Iterator[Affected]:
    old, new = contents(before, (HANT,)), contents(after, (HANT,))
    for place, (order, content) in new.items():
        if place not in old:
            yield Affected(order.document, order.subject.label, Change.NEW)
        elif old[place][1] != content:
            yield Affected(order.document, order.subject.label, Change.CHANGED)
    for place, (order, _) in old.items():
        if place not in new:
            yield Affected(order.document, order.subject.label, Change.GONE)


def _money(before: CentreSpec, after: CentreSpec) -> dict[str, int]:
    old, new = _allotted(before), _allotted(after)
    return {
        name: difference
        for name in sorted(old.keys() | new.keys())
        if (difference := new.get(name, 0) - old.get(name, 0))
    }


def _allotted(centre: CentreSpec) -> dict[str, int]:
    amounts = allotted(centre.envelope, centre.budget)
    return {line.category: amount for line, amount in zip(centre.budget, amounts, strict=True)}
