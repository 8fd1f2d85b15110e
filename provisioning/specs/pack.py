"""A template pack: the prefecture's standard with its policies, checks and document types."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field
from pydantic.types import StrictInt

from provisioning.specs.centre import CentreSpec
from provisioning.specs.values import Flag, Key, Millimetres, Part, Positive, Slug, Spec, Text


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

    `maximum` is the bound of a `bounded` rule, in the unit of the field; `reason` is shown to whoever is refused.
    """

    path: Text
    policy: Policy
    maximum: Annotated[StrictInt, Field(ge=0)] | None = None
    reason: Text
    source: Text


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
    date: dt.date
    reading: Text


class DocumentType(Part):
    """A kind of paper: template, true size, what it is made for, how it is named and produced."""

    title: Text
    short_title: Text
    template: Text
    stylesheet: Text
    per: Annotated[str, Field(pattern="^(centre|window|item|regime|sign)$")]
    sign: Key | None = None
    width: Annotated[Millimetres, Field(ge=40)]
    height: Annotated[Millimetres, Field(ge=40)]
    bleed: Annotated[Millimetres, Field(le=10)] = 0
    one_page: Flag = False
    material: Text
    copies: Positive = 1


class Place(Spec):
    """An administrative unit by its statistics code, with its name in both scripts (never converted)."""

    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    name: Text
    name_hans: Text


class Header(Spec):
    """Which pack this is, which release, who issues it and which documents it takes its facts from."""

    id: Slug
    release: Positive
    title: Text
    version_date: dt.date
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
    templates: dict[str, str] = Field(default_factory=dict)


class Overlay(Spec):
    """What a county changes, adds, removes or tightens; versioned like a release (rule A1).

    `change` maps collection to item key to fields; `profile` fields may be set too.
    """

    county: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    version: Positive
    title: Text
    demonstration: Flag = False
    profile: dict[str, Any] = Field(default_factory=dict)
    change: dict[str, dict[Key, dict[str, Any]]] = Field(default_factory=dict)
    add: dict[str, tuple[dict[str, Any], ...]] = Field(default_factory=dict)
    remove: dict[str, tuple[Key, ...]] = Field(default_factory=dict)
    tighten: tuple[PolicyRule, ...] = ()
