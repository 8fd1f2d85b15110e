"""What the layers above a township say: the prefecture's release with the county's overlay (rule A1)."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from provisioning.canonical import content_hash, shared
from provisioning.following import followed
from provisioning.layers import county_standard, laid
from provisioning.marks import Marks
from provisioning.overlay import lay_over, written_by
from provisioning.policy import governing
from provisioning.specs import CentreSpec, Overlay, Pack, PolicyRule, UnitKind
from provisioning.specs.centre import RECORDS
from provisioning.specs.pack import Move
from provisioning.tree import Path, written


class Layer(StrEnum):
    """Who sets what (rule A1)."""

    PREFECTURE = "州"
    COUNTY = "縣"
    TOWNSHIP = "鄉"


@dataclass(frozen=True, eq=False)
class Upstream:
    """The standard as it reaches townships of one kind in one county.

    `policies` are the rules of each layer, from the top; `number` is the release's, `moves` what it declares of
    items that go on under other keys, `county` the places that the county writes, `questions` those where it has
    not decided between its own words and the release (rule A1). Compared by identity: hashes and creations that
    depend on nothing else are computed once for all townships that share it.
    """

    centre: CentreSpec
    policies: tuple[tuple[PolicyRule, ...], ...]
    release: str
    overlay: str | None
    number: int
    moves: tuple[Move, ...]
    county: frozenset[Path] = frozenset()
    questions: Marks = ()

    def same_as(self, other: "Upstream") -> bool:
        """Whether nothing at all has moved: not the configuration, not a policy, not a document or a check."""
        return (self.release, self.overlay) == (other.release, other.overlay)

    @cached_property
    def revision(self) -> str:
        """Content hash of the resolved configuration."""
        return content_hash(self.centre)

    @cached_property
    def policy_revision(self) -> str:
        return content_hash(list(self.policies))

    def layer(self, path: Path) -> Layer:
        """Who says what stands at a place: the county where its overlay writes there, otherwise the prefecture."""
        return Layer.COUNTY if any(path[:end] in self.county for end in (2, 3)) else Layer.PREFECTURE

    def rule(self, path: Path) -> PolicyRule | None:
        """The policy that governs a place; of what lies inside a field, the field's."""
        field = path[:2] if path[0] in RECORDS else path[:3]
        if field not in self._rules:
            self._rules[field] = governing(self.policies, written(field))
        return self._rules[field]

    @cached_property
    def _rules(self) -> dict[Path, PolicyRule | None]:
        return _rulings(self.policies)


@lru_cache(maxsize=64)
def _rulings(policies: tuple[tuple[PolicyRule, ...], ...]) -> dict[Path, PolicyRule | None]:  # noqa: ARG001
    """What was found to govern each place: releases mostly say of places what the one before them said."""
    return {}


def resolve(pack: Pack, overlay: Overlay | None, kind: UnitKind) -> CentreSpec:
    """The configuration that a new township of this kind would get."""
    centre = lay_over(pack.centre, overlay, pack.moves) if overlay else pack.centre
    items = tuple(item for item in centre.items if not item.only_for or kind in item.only_for)
    return centre.model_copy(update={"items": items})


def upstream(
    pack: Pack,
    overlay: Overlay | None,
    kind: UnitKind,
    release: str | None = None,
    written_on: Pack | None = None,
) -> Upstream:
    """The resolved standard with what identifies it; `release` is the pack's content hash where it is known.

    `written_on` is the release that the overlay was written on, where that is another one: the overlay is then
    brought to this one first (rule A1).
    """
    digest = content_hash(overlay) if overlay else None
    if overlay and written_on and written_on.header.release != pack.header.release:
        overlay = county_standard(written_on, overlay, pack).overlay
    tighter = followed(overlay, pack.moves).tighten if overlay else ()
    return Upstream(
        centre=shared(resolve(pack, overlay, kind)),
        policies=(pack.policies, tighter) if overlay else (pack.policies,),
        release=release or content_hash(pack),
        overlay=digest,
        number=pack.header.release,
        moves=pack.moves,
        county=frozenset(written_by(overlay, pack.moves)) if overlay else frozenset(),
        questions=laid(pack, overlay).questions if overlay else (),
    )


def prefecture(pack: Pack, release: str | None = None) -> Upstream:
    """The standard as it reaches a county: the prefecture's alone, with the items for units of every kind."""
    return Upstream(
        centre=pack.centre,
        policies=(pack.policies,),
        release=release or content_hash(pack),
        overlay=None,
        number=pack.header.release,
        moves=pack.moves,
    )
