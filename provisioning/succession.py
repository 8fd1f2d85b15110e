"""Plans for merging and splitting townships: who may, and where everything goes (rules P1, P2, P4). Pure."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from provisioning.canonical import content_hash
from provisioning.constraints import findings
from provisioning.estate import Fate, Heir, How, Kind, Party, heir_of, names_of, things
from provisioning.inheriting import ABSENT, HELD_ALREADY, LEFT, SETTLED, receive
from provisioning.marks import MarkKind, Marks, of_kind
from provisioning.money import amounts, yuan
from provisioning.plan import Found, tenant_revision
from provisioning.reconcile import reconcile
from provisioning.refusals import Refusal, SuccessionRefused, merge_refusals, split_refusals
from provisioning.shares import UNALLOTTED, by_category, divided, with_money
from provisioning.specs import CentreSpec, Keyed
from provisioning.specs.centre import COLLECTIONS, Fixture
from provisioning.tree import Path

Thing = tuple[str, str]
Assigned = Mapping[Thing, str]  # kind and key of a thing of the source: the heir it goes to
MERGE, SPLIT = "merge", "split"
VERSION = "1"
# What `receive` gives no fate for: the money, and what the host keeps.
_HELD = frozenset(Kind) - {Kind.MARK}


@dataclass(frozen=True)
class Result:
    """A township that receives, before and after; `errors` are findings that were not there before."""

    party: Party
    centre: CentreSpec
    marks: Marks
    errors: tuple[Found, ...]

    @property
    def asked(self) -> Marks:
        """The questions that this plan leaves to be decided (rule P4)."""
        known = {mark.id for mark in self.party.marks}
        conflicts = of_kind(self.marks, MarkKind.CONFLICT)
        return tuple(mark for mark in conflicts if mark.origin and mark.id not in known)

    def data(self) -> dict[str, Any]:
        return {
            "code": self.party.code,
            "name": self.party.name,
            "before": _stands(self.party),
            "after": tenant_revision(content_hash(self.centre), self.marks),
            "money_before": by_category(self.party.centre),
            "money_after": by_category(self.centre),
            "conflicts": [mark.data() for mark in self.asked],
            "errors": [found.sentence for found in self.errors],
        }


@dataclass(frozen=True)
class SuccessionPlan:
    """A printable, hashable proposal for all townships of a merger or a split, to be done whole or not at all.

    `fates` say of every thing of every source where it goes, or why nowhere; `date` is the day from which the
    sources have ended.
    """

    act: str
    sources: tuple[Party, ...]
    results: tuple[Result, ...]
    primary: str
    fates: tuple[Fate, ...]
    date: dt.date
    note: str

    @cached_property
    def names(self) -> dict[str, str]:
        return names_of((*self.sources, *(result.party for result in self.results)))

    @property
    def errors(self) -> tuple[str, ...]:
        """Why it can be read but not carried out, in Chinese."""
        return tuple(
            f"{result.party.name}：{found.sentence}" for result in self.results for found in result.errors
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """One Chinese sentence for each thing, then one for the money of each heir."""
        return (*(fate.sentence(self.names) for fate in self.fates), *map(_money_sentence, self.results))

    @property
    def summary(self) -> str:
        """What it comes to, in one Chinese sentence."""
        sources = "、".join(party.name for party in self.sources)
        heirs = "、".join(result.party.name for result in self.results)
        deed = f"{sources}併入{heirs}" if self.act == MERGE else f"{sources}分設為{heirs}"
        gone = sum(fate.how is How.RETIRED for fate in self.fates)
        asked = sum(len(result.asked) for result in self.results)
        return f"{deed}：{len(self.fates) - gone} 項有去向，{gone} 項終止，{asked} 處待決定"

    def data(self) -> dict[str, Any]:
        """The whole plan as plain data, for machines."""
        return self._content | {"plan_hash": self.hash, "summary": self.summary}

    @cached_property
    def hash(self) -> str:
        """Of all but what comes and goes by itself and ends with the unit in any case: jobs, invitations …"""
        lasting = [fate.data(self.names) for fate in self.fates if fate.kind not in LEFT]
        text = json.dumps(self._content | {"things": lasting}, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def _content(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "act": self.act,
            "date": self.date.isoformat(),
            "note": self.note,
            "primary": self.primary,
            "sources": [
                {
                    "code": one.code,
                    "name": one.name,
                    "revision": _stands(one),
                    "money": by_category(one.centre),
                }
                for one in self.sources
            ],
            "targets": [result.data() for result in self.results],
            "things": [fate.data(self.names) for fate in self.fates],
        }


def _stands(party: Party) -> str:
    return tenant_revision(content_hash(party.centre), party.marks)


def _money_sentence(result: Result) -> str:
    before, after = result.party.centre.envelope, result.centre.envelope
    return f"{result.party.name}的建設資金總額：{yuan(before)} 元 → {yuan(after)} 元"


def merge_plan(sources: Sequence[Party], target: Party | None, *, date: dt.date, note: str) -> SuccessionPlan:
    """The plan that lets townships go over into one. Raises `SuccessionRefused` (rule P1)."""
    refusals = merge_refusals(sources, target)
    if refusals or target is None:
        raise SuccessionRefused(refusals)
    heir = heir_of(target)
    fates: list[Fate] = []
    money = by_category(target.centre)
    for source in sources:
        fates += _bequeathed(heir, source, None)
        for category, fen in by_category(source.centre).items():
            money[category] = money.get(category, 0) + fen
            fates.append(_money(source, category, target.code, fen))
    return SuccessionPlan(
        MERGE, tuple(sources), (_result(heir, money),), target.code, _told(sources, fates), date, note
    )


def split_plan(
    source: Party | None,
    targets: Sequence[Party],
    primary: str | None,
    *,
    date: dt.date,
    note: str,
    shares: Mapping[str, int] | None = None,
    assigned: Assigned | None = None,
) -> SuccessionPlan:
    """The plan that divides a township. Raises `SuccessionRefused` (rule P1).

    `shares` are fen by heir and must add up to the envelope of the source; without them all heirs have the same.
    What is not `assigned` to another heir goes to the primary one.
    """
    assigned = assigned or {}
    refusals = split_refusals(source, targets, primary, shares, assigned)
    if refusals or source is None or primary is None:
        raise SuccessionRefused(refusals)
    heirs = [heir_of(one) for one in targets]
    fates = [fate for heir in heirs for fate in _bequeathed(heir, source, _Portion(primary, assigned))]
    parts, results = _parts(source, targets, shares), []
    for heir, mine in zip(heirs, divided(by_category(source.centre), parts), strict=True):
        own = by_category(heir.party.centre)
        fates += [
            _money(source, category, heir.party.code, fen)
            for category, fen in mine.items()
            if fen or heir.party.code == primary
        ]
        total = {name: own.get(name, 0) + mine.get(name, 0) for name in (*own, *(mine.keys() - own))}
        results.append(_result(heir, total))
    return SuccessionPlan(SPLIT, (source,), (*results,), primary, _told((source,), fates), date, note)


def _parts(source: Party, targets: Sequence[Party], shares: Mapping[str, int] | None) -> list[int]:
    if shares is not None:
        return [shares.get(one.code, 0) for one in targets]
    return list(amounts(source.centre.envelope, [1] * len(targets)))


@dataclass(frozen=True)
class _Portion:
    """What of a divided township goes where."""

    primary: str
    assigned: Assigned

    def goes(self, kind: str, key: str, unit: str) -> bool:
        return self.assigned.get((kind, key), self.primary) == unit

    def of(self, unit: str, source: Party) -> set[Thing]:
        """The things of the source that go to one heir; marks go with the places that they are on."""
        held = {(kind, key) for kind, key, _ in things(source) if kind != Kind.MARK}
        marks = {(str(Kind.MARK), one.id) for one in source.marks if self.goes(*_thing_at(one.path), unit)}
        return {thing for thing in held if self.goes(*thing, unit)} | marks


def _bequeathed(heir: Heir, source: Party, portion: _Portion | None) -> Iterator[Fate]:
    """Everything but the money that goes from a source to an heir, and what of it goes nowhere."""
    brought = reconcile(heir.party.code, source.standard, source.centre, heir.party.standard, source.marks)
    given, marks = brought.centre, brought.marks
    mine = {(kind, key) for kind, key, _ in things(source)}
    if portion is not None:
        mine = portion.of(heir.party.code, source)
        given = _limited(heir, given, portion, mine)
        marks = tuple(one for one in marks if portion.goes(*_thing_at(one.path), heir.party.code))
    found = _received(heir, source, given, marks)
    yield from (fate for thing, fate in found.items() if thing in mine)
    yield from (_dropped(source, *thing) for thing in mine - found.keys() if thing[0] not in _HELD)
    yield from _holdings(heir, source, mine)


def _received(heir: Heir, source: Party, given: CentreSpec, marks: Marks) -> dict[Thing, Fate]:
    try:
        return receive(heir, source, given, marks)
    except ValidationError as error:
        faults = "；".join(str(one["msg"]) for one in error.errors(include_url=False))
        sentence = f"{source.name}與{heir.party.name}合在一起的內容不合規則：{faults}"
        raise SuccessionRefused((Refusal("INVALID", sentence),)) from error


def _dropped(source: Party, kind: str, key: str) -> Fate:
    """What the heir's standard has no place for, or has settled already."""
    return Fate(source.code, kind, key, "", How.RETIRED, reason=SETTLED if kind == Kind.MARK else ABSENT)


def _thing_at(path: Path) -> Thing:
    return path[0], path[1] if len(path) > 1 else ""


def _limited(heir: Heir, given: CentreSpec, portion: _Portion, mine: set[Thing]) -> CentreSpec:
    """What the heir has itself, with the things that are its own portion in their place."""
    if heir.party.code == portion.primary:
        return given.model_copy(update=dict(_left(given, portion)))
    update: dict[str, Any] = {"budget": given.budget, "fixtures": tuple(_uncounted(heir))}
    for kind, key in sorted(mine):
        item = next((one for one in getattr(given, kind, ()) if one.key == key), None)
        if item is not None:
            update[kind] = _with(update.get(kind, getattr(heir.centre, kind)), item)
    return heir.centre.model_copy(update=update)


def _with(items: tuple[Keyed, ...], item: Keyed) -> tuple[Keyed, ...]:
    """An item in the place of its namesake, or last."""
    if all(one.key != item.key for one in items):
        return (*items, item)
    return tuple(item if one.key == item.key else one for one in items)


def _left(given: CentreSpec, portion: _Portion) -> Iterator[tuple[str, Any]]:
    """The collections of the source without what other heirs get of them."""
    gone = {thing for thing, unit in portion.assigned.items() if unit != portion.primary}
    for kind in {kind for kind, _ in gone} & COLLECTIONS.keys():
        yield kind, tuple(item for item in getattr(given, kind) if (kind, item.key) not in gone)


def _uncounted(heir: Heir) -> Iterator[Fixture]:
    """The heir's own lines as adding nothing: what is on hand adds up."""
    return (line.model_copy(update={"on_hand": 0}) for line in heir.centre.fixtures)


def _holdings(heir: Heir, source: Party, mine: set[Thing]) -> Iterator[Fate]:
    for one in source.holdings:
        if (one.kind, one.key) not in mine:
            continue
        if (reason := LEFT.get(one.kind)) is None and (one.kind, one.key) in heir.held:
            reason = HELD_ALREADY[one.kind]
        if reason is not None:
            yield Fate(source.code, one.kind, one.key, one.label, How.RETIRED, reason=reason)
            continue
        heir.held.add((one.kind, one.key))
        yield Fate(source.code, one.kind, one.key, one.label, How.MOVED, heir.party.code)


def _money(source: Party, category: str, unit: str, fen: int) -> Fate:
    return Fate(source.code, Kind.MONEY, category, "", How.MOVED, unit, fen=fen)


def _result(heir: Heir, money: Mapping[str, int]) -> Result:
    if not money.get(UNALLOTTED, 1) and len(money) > 1:
        money = {name: fen for name, fen in money.items() if name != UNALLOTTED}
    party, centre = heir.party, with_money(heir.centre, money)
    found = findings(party.standard, centre, party.centre, party.standard)
    errors = tuple(one for one in found if one.severity == "error" and not one.known)
    return Result(party, centre, heir.marks, errors)


def _told(sources: Sequence[Party], fates: Sequence[Fate]) -> tuple[Fate, ...]:
    """In the order in which the sources have their things, each with what people call it."""
    place = {
        (party.code, kind, key): (number, label)
        for party in sources
        for number, (kind, key, label) in enumerate(things(party))
    }
    order = {party.code: number for number, party in enumerate(sources)}
    told = [fate for fate in fates if (fate.source, fate.kind, fate.key) in place]
    told.sort(key=lambda fate: (order[fate.source], place[fate.source, fate.kind, fate.key][0]))
    return tuple(replace(fate, label=place[fate.source, fate.kind, fate.key][1]) for fate in told)
