"""A template pack: the prefecture's standard with its policies, checks and document types."""

from enum import StrEnum
from typing import Annotated, Any, get_origin

from pydantic import Field, field_validator
from pydantic.types import StrictInt

from provisioning.specs.centre import COLLECTIONS, CentreSpec
from provisioning.specs.values import (
    Day,
    Flag,
    Key,
    Label,
    Millimetres,
    Part,
    Positive,
    Slug,
    Spec,
    TemplateText,
    Text,
    Title,
)


class Source(Part):
    """A document that the pack takes facts from."""

    title: Text
    issuer: Text
    date: Text
    status: Text


class Policy(StrEnum):
    """Rule E1, from loosest to tightest where they compare."""

    LOCAL = "local"
    DEFAULT = "default"
    CONDITIONAL = "conditional"
    MANDATORY = "mandatory"
    BOUNDED = "bounded"
    LOCKED = "locked"


class PolicyRule(Spec):
    """A policy on a path pattern such as `items[*].promised_limit` (rule E1).

    `maximum` is the bound of a `bounded` rule, in the unit of the field; a local value beyond a new bound stays
    until `deadline` (rule E4). `reason` is shown to whoever is refused.
    """

    path: Text
    policy: Policy
    maximum: Annotated[StrictInt, Field(ge=0)] | None = None
    deadline: Day | None = None
    reason: Text
    source: Text


class Carry(StrEnum):
    """Where a local value of a split item goes: into every part, or into the first."""

    COPY = "copy"
    FIRST = "first"


class Move(Spec):
    """Items that go on under other keys from release `since` on (rule F1): moved, split or merged.

    One origin and one target is a move, several targets a split, several origins a merger. Of a split item only
    the local values of fields named in `carry` go on.
    """

    since: Positive
    section: Annotated[str, Field(pattern="^(" + "|".join(COLLECTIONS) + ")$")]
    origins: Annotated[tuple[Key, ...], Field(min_length=1)]
    into: Annotated[tuple[Key, ...], Field(min_length=1)]
    carry: dict[str, Carry] = Field(default_factory=dict)

    @property
    def shown(self) -> str:
        return f"{'、'.join(self.origins)}→{'、'.join(self.into)}"


class Probe(StrEnum):
    """How a check is answered from the rows of a centre; each is one function of the host."""

    FIXTURE = "fixture"
    PROFILE = "profile"
    GUIDES = "guides"
    REGIMES = "regimes"
    POSTS = "posts"
    SIGNS = "signs"
    BUDGET = "budget"


class Check(Part):
    """One line of the hardware (7) or software (4) standard (黔西南州建設方案; domain 1.5)."""

    group: Annotated[str, Field(pattern="^(hardware|software)$")]
    number: Positive
    text: Text
    evidence: Text
    probe: Probe
    subjects: tuple[Text, ...] = ()


class Milestone(Part):
    """A deadline: the words of the source, the date we read from them, and that reading in words."""

    title: Text
    words: Text
    date: Day
    reading: Text


class DocumentType(Part):
    """A kind of paper: template, true size, what it is made for, how it is named and produced.

    `bleed` is printed around the trim, and `slug` around the bleed for marks; both in millimetres on every side.
    One that stands in for another, as a poster in another size, names it in `alternative_to`: whoever asks for all
    documents gets the other only. A `bulky` one takes too long to lay out while somebody waits for its page.
    """

    title: Text
    short_title: Text
    template: Text
    stylesheet: Text
    per: Annotated[str, Field(pattern="^(centre|window|item|regime|sign)$")]
    sign: Key | None = None
    width: Annotated[Millimetres, Field(ge=40)]
    height: Annotated[Millimetres, Field(ge=40)]
    bleed: Annotated[Millimetres, Field(le=10)] = 0
    slug: Annotated[Millimetres, Field(le=20)] = 0
    one_page: Flag = False
    material: Text
    copies: Positive = 1
    alternative_to: Slug | None = None
    bulky: Flag = False


class Place(Spec):
    """An administrative unit by its statistics code, with its name in both scripts (never converted)."""

    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    name: Label
    name_hans: Label


class Header(Spec):
    """Which pack this is, which release, who issues it and which documents it takes its facts from."""

    id: Slug
    release: Positive
    title: Title
    version_date: Day
    extends: Slug | None = None
    issuer: Text
    centre_name: Text
    prefecture: Place
    counties: tuple[Place, ...]
    sources: tuple[Source, ...]


class Pack(Spec):
    """A whole pack: header, standard centre, policies, checks, milestones and document types."""

    header: Header
    centre: CentreSpec
    policies: tuple[PolicyRule, ...]
    checks: tuple[Check, ...]
    milestones: tuple[Milestone, ...]
    documents: tuple[DocumentType, ...]
    moves: tuple[Move, ...] = ()
    templates: dict[str, TemplateText] = Field(default_factory=dict)


def _sets_sorted(section: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Members of a set in one order, so that an overlay's hash does not depend on how it was written (rule A8)."""
    known = COLLECTIONS[section].model_fields if section in COLLECTIONS else {}

    def ordered(name: str, value: Any) -> Any:
        is_set = name in known and get_origin(known[name].annotation) is frozenset
        return sorted(value, key=str) if is_set and isinstance(value, list) else value

    return {name: ordered(name, value) for name, value in fields.items()}


class Overlay(Spec):
    """What a county changes, adds, removes or tightens; versioned like a release (rule A1).

    `change` maps collection to item key to fields, None for one that is left empty; `profile` fields may be set
    too. `marks` are open questions and displaced values, as `provisioning.marks` describes them (rules E2, G1).
    """

    county: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    version: Positive
    title: Title
    demonstration: Flag = False
    profile: dict[str, Any] = Field(default_factory=dict)
    change: dict[str, dict[Key, dict[str, Any]]] = Field(default_factory=dict)
    add: dict[str, tuple[dict[str, Any], ...]] = Field(default_factory=dict)
    remove: dict[str, tuple[Key, ...]] = Field(default_factory=dict)
    tighten: tuple[PolicyRule, ...] = ()
    marks: tuple[dict[str, Any], ...] = ()

    @field_validator("change")
    @classmethod
    def _changed_sets(cls, change: dict[str, Any]) -> dict[str, Any]:
        return {
            section: {key: _sets_sorted(section, fields) for key, fields in items.items()}
            for section, items in change.items()
        }

    @field_validator("add")
    @classmethod
    def _added_sets(cls, add: dict[str, Any]) -> dict[str, Any]:
        return {
            section: tuple(_sets_sorted(section, item) for item in items) for section, items in add.items()
        }
