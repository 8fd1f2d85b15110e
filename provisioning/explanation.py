"""What an explanation consists of, and what it is made from besides a centre's own annals (rules K1, K2)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from provisioning.marks import Mark
from provisioning.overlay import lay_over
from provisioning.resolve import Layer
from provisioning.specs import CentreSpec, Overlay, Pack, PolicyRule
from provisioning.tree import Path, listed, node_at, written


class Status(StrEnum):
    """What became of a contribution (rule K1)."""

    WON = "won"
    OVERRIDDEN = "overridden"
    SUSPENDED = "suspended"
    PINNED = "pinned"
    LOCKED = "locked"
    NOT_APPLICABLE = "not-applicable"
    PENDING = "conflict-pending"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one layer says of a place. `value` is a tree, of a collection of the centre its keys; None is unset.

    `release` is the number of the release or of the county's overlay, `revision` that of the township's own.
    `base` is, of a pending conflict, the old standard; `path` is where it was said, when not at the place itself.
    `act` tells an own value from a removal and from the value of the opening.
    """

    layer: Layer
    status: Status
    value: Any = None
    release: int | None = None
    revision: int | None = None
    actor: str = ""
    moment: dt.datetime | None = None
    reason: str = ""
    act: str = ""
    base: Any = None
    path: Path = ()

    def data(self, place: Path) -> dict[str, Any]:
        """As plain JSON; `place` is what is explained."""
        where = self.path or place
        return {
            "layer": self.layer.value,
            "status": self.status.value,
            "value": plain(where, self.value),
            "release": self.release,
            "revision": self.revision,
            "actor": self.actor,
            "time": self.moment.isoformat() if self.moment else None,
            "reason": self.reason,
            "path": written(where) if where else "",
        }


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that a derived value is reckoned from: what it is called and what it is, in words."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """The policy that governs a place, and the layer that set it (rule E1)."""

    layer: Layer
    rule: PolicyRule


@dataclass(frozen=True)
class Explanation:
    """Everything that had a say in a place. `place` is its written form.

    A derived value has a formula and inputs; then the one contribution is the rule that makes it.
    """

    path: Path
    place: str
    value: Any
    contributions: tuple[Contribution, ...]
    ruling: Ruling | None = None
    formula: str = ""
    inputs: tuple[Input, ...] = ()
    accepted: Mark | None = None

    @property
    def winner(self) -> Contribution:
        (won,) = (one for one in self.contributions if one.status is Status.WON)
        return won


@dataclass(frozen=True)
class Edition:
    """One release of a pack, or one version of a county's overlay, with the moment it was published."""

    number: int
    moment: dt.datetime | None
    content: Pack | Overlay


@dataclass(frozen=True)
class Above:
    """The layers above a township: releases and overlays, oldest first, up to those that it is pinned to."""

    releases: Sequence[Edition]
    overlays: Sequence[Edition] = ()

    @property
    def pack(self) -> Pack:
        pack = self.releases[-1].content
        assert isinstance(pack, Pack)  # noqa: S101 # nosec B101 # releases hold packs
        return pack

    @property
    def overlay(self) -> Overlay | None:
        overlay = self.overlays[-1].content if self.overlays else None
        assert overlay is None or isinstance(overlay, Overlay)  # noqa: S101 # nosec B101 # overlays hold overlays
        return overlay

    @cached_property
    def laid(self) -> CentreSpec:
        """The prefecture's centre with the county's overlay, for units of every kind."""
        return lay_over(self.pack.centre, self.overlay) if self.overlay else self.pack.centre


def plain(path: Path, value: Any) -> Any:
    """A value of a place in canonical form, as JSON."""
    return list(value) if isinstance(value, list) or not path else listed(node_at(path), value)
