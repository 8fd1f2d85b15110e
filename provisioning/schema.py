"""What kind every place of a configuration is of, read off the specs (rules A2, D1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, get_args, get_origin

from annotated_types import Len, MinLen

from provisioning.specs import CentreSpec, HallPlan, Keyed, Profile, Spec
from provisioning.specs.centre import MANUAL
from provisioning.specs.values import Part


class Kind(StrEnum):
    """Rule A2, without `derived`: what is computed is never in a configuration."""

    RECORD = "record"
    COLLECTION = "coll"
    SET = "set"
    ATOMIC = "atomic"


@dataclass(frozen=True, slots=True)
class Node:
    """One place: its kind; the fields of a record; of a collection its items, their order, their least number."""

    kind: Kind
    fields: Mapping[str, "Node"] = field(default_factory=dict)
    item: "Node | None" = None
    manual: bool = False
    minimum: int = 0

    @property
    def each(self) -> "Node":
        """The node of the items. Raises `TypeError` for what is no collection."""
        if self.item is None:
            raise TypeError(f"a {self.kind} has no items")
        return self.item


ATOM = Node(Kind.ATOMIC)
# Values of several fields that mean something together only are taken or left whole.
_RECORDS = (Profile, HallPlan, Keyed, Part)


@cache
def record(model: type[Spec]) -> Node:
    """The node of a spec with one node a field; the key is an item's place, not a field of it (rule A3)."""
    fields = {name: _field(name, info) for name, info in model.model_fields.items() if name != "key"}
    return Node(Kind.RECORD, fields)


def _field(name: str, info: Any) -> Node:
    kind, arguments = get_origin(info.annotation), get_args(info.annotation)
    if kind is frozenset:
        return Node(Kind.SET, minimum=_least(info))
    if kind is tuple and _is_one_of(arguments[0], (Keyed, Part)):
        # Inside an item everything is read from top to bottom; of a centre's collections some are.
        manual = name in MANUAL if issubclass(arguments[0], Keyed) else True
        return Node(Kind.COLLECTION, item=record(arguments[0]), manual=manual, minimum=_least(info))
    if _is_one_of(info.annotation, _RECORDS):
        return record(info.annotation)
    return ATOM


def _least(info: Any) -> int:
    return max((mark.min_length for mark in info.metadata if isinstance(mark, MinLen | Len)), default=0)


def _is_one_of(annotation: Any, models: tuple[type[Spec], ...]) -> bool:
    """As `issubclass`, for annotations that need not be classes."""
    return isinstance(annotation, type) and issubclass(annotation, models)


CENTRE = record(CentreSpec)
