"""What townships have that must go somewhere when they merge or split, and where each thing goes (rule P2)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provisioning.labels import FIELD, SECTION, item_label
from provisioning.marks import Marks
from provisioning.money import yuan
from provisioning.resolve import Upstream
from provisioning.shares import UNALLOTTED, by_category
from provisioning.specs import CentreSpec, is_blank
from provisioning.specs.centre import COLLECTIONS
from provisioning.tree import written

# The hall and what stands and hangs in it is measured from one corner of one building: it goes whole or not at all.
PLACE = ("hall", "zones", "objects", "slots")


class Kind(StrEnum):
    """Kinds of things that are no part of a configuration; those of one are called after its sections."""

    MONEY = "money"
    MARK = "mark"
    PICTURE = "picture"
    MEMBERSHIP = "membership"
    INVITATION = "invitation"
    APPROVAL = "approval"
    JOB = "job"
    MESSAGE = "message"
    POSTING = "posting"


WORDS: dict[str, str] = SECTION | {
    Kind.MONEY: "資金",
    Kind.MARK: "分歧或標記",
    Kind.PICTURE: "圖片",
    Kind.MEMBERSHIP: "人員角色",
    Kind.INVITATION: "未用的邀請",
    Kind.APPROVAL: "未辦結的審批",
    Kind.JOB: "未完成的後台任務",
    Kind.MESSAGE: "未處理的出件通知",
    Kind.POSTING: "張貼件",
}


class How(StrEnum):
    """What becomes of a thing at its destination; RETIRED has none."""

    JOINED = "joined"
    MOVED = "moved"
    TAKEN = "taken"
    ASKED = "asked"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Holding:
    """A thing that the host keeps of a township beside its configuration; `label` is what people call it."""

    kind: Kind
    key: str
    label: str = ""


@dataclass(frozen=True)
class Party:
    """A township that gives or receives; `code` has 12 digits, `active` says whether it may take part at all."""

    code: str
    name: str
    standard: Upstream
    centre: CentreSpec
    marks: Marks = ()
    holdings: tuple[Holding, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class Fate:
    """Where one thing of a source goes: the unit, or none and then `reason` says why not.

    `fen` is of money only, whose lines may be divided; `note` is what changes on the way, in Chinese.
    """

    source: str
    kind: str
    key: str
    label: str
    how: How
    unit: str = ""
    reason: str = ""
    note: str = ""
    fen: int | None = None

    def sentence(self, names: dict[str, str]) -> str:
        """One Chinese sentence; `names` are those of the units, by code."""
        thing = f"{names[self.source]}的{WORDS[self.kind]}{f'〔{self.label}〕' if self.label else ''}"
        if self.fen is not None:
            thing += f" {yuan(self.fen)} 元"
        if self.how is How.RETIRED:
            return f"{thing}：終止，{self.reason}"
        note = f"（{self.note}）" if self.note else ""
        return f"{thing}：歸{names[self.unit]}，{_BECOMES[self.how]}{note}"

    def data(self, names: dict[str, str]) -> dict[str, Any]:
        fields = ("source", "kind", "key", "label", "unit", "reason", "note", "fen")
        told = {name: getattr(self, name) for name in fields}
        return told | {"how": self.how.value, "sentence": self.sentence(names)}


_BECOMES = {
    How.JOINED: "與該處的合為一項",
    How.MOVED: "原樣移入",
    How.TAKEN: "本地內容一併採用",
    How.ASKED: "與該處的本地內容不同，雙方新增，待決定",
}


@dataclass
class Heir:
    """A township that receives, as it stands after each portion; `placed` says that its hall is arranged."""

    party: Party
    centre: CentreSpec
    marks: Marks
    placed: bool
    held: set[tuple[Kind, str]] = field(default_factory=set)


def heir_of(party: Party) -> Heir:
    """A township before it receives anything."""
    own_place = any(getattr(party.centre, name) != getattr(party.standard.centre, name) for name in PLACE)
    held = {(one.kind, one.key) for one in party.holdings}
    return Heir(party, party.centre, party.marks, own_place, held)


def things(party: Party) -> Iterator[tuple[str, str, str]]:
    """Kind, key and label of everything that a township has: what a plan must find a place for, each once."""
    for name, value in party.centre.profile:
        if value is not None and not is_blank(value):
            yield "profile", name, FIELD[name]
    yield "hall", "", ""
    for section in COLLECTIONS:
        for item in getattr(party.centre, section) if section != "budget" else ():
            yield section, item.key, item_label(item)
    for category in by_category(party.centre):
        yield Kind.MONEY, category, "未分類" if category == UNALLOTTED else category
    for mark in party.marks:
        yield Kind.MARK, mark.id, written(mark.path)
    for one in party.holdings:
        yield one.kind, one.key, one.label


def names_of(parties: Iterable[Party]) -> dict[str, str]:
    """The names of townships by code."""
    return {party.code: party.name for party in parties}
