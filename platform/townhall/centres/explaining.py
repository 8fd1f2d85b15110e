"""Why a value of a centre is what it is, gathered from its revisions and the standards they rest on (rules K1 to K3)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.annals import Annals, Chapter
from provisioning.differences import ORDER, patched
from provisioning.explain import explain, names_of
from provisioning.explanation import Above, Edition, Explanation
from provisioning.places import PlaceUnknown, line_of, read_place
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec
from provisioning.telling import CHINA, STATUS, Names, sentence, told_value, words
from provisioning.tree import Path
from townhall.centres.apply import standard_of
from townhall.centres.derived import Derived, Facts, derived
from townhall.centres.models import Revision
from townhall.centres.writing import marks_of
from townhall.script import fold
from townhall.standards.models import CountyOverlay, Release, Status
from townhall.standards.operations import overlay_on, pack_of
from townhall.units.models import Unit


@dataclass(frozen=True)
class Answer:
    """An explanation with its words: what it is about, the sentence, and one line for each contribution."""

    told: Explanation
    names: Names
    line: str
    moment: dt.datetime | None

    @property
    def sentence(self) -> str:
        return sentence(self.told, self.names, self.line)

    @property
    def value(self) -> str:
        return told_value(self.told.path, self.told.value, self.names)

    @property
    def rows(self) -> list[tuple[Any, str, str]]:
        """Each contribution with what became of it and in words."""
        if self.told.formula:
            return []
        return [
            (one, STATUS[one.status], words(one, self.told, self.names)) for one in self.told.contributions
        ]

    def data(self) -> dict[str, Any]:
        """As plain JSON."""
        told = self.told
        return {
            "path": told.place,
            "value": told.winner.data(told.path)["value"],
            "at": self.moment.isoformat() if self.moment else None,
            "sentence": self.sentence,
            "formula": told.formula,
            "inputs": [{"label": one.label, "value": one.value} for one in told.inputs],
            "contributions": [one.data(told.path) for one in told.contributions],
        }


def end_of(day: dt.date) -> dt.datetime:
    """The last moment of a day in China."""
    return dt.datetime.combine(day, dt.time.max, CHINA)


class NoCentreThen(LookupError):
    """There was no centre at that moment; the message says so in Chinese."""


def why(session: Session, unit: Unit, place: str, moment: dt.datetime | None = None) -> Answer:
    """Explain a place of a centre, now or as of a moment.

    `place` is in words or in the written form. Raises `PlaceUnknown` with near ones, `NoCentreThen`.
    """
    revisions = _revisions(session, unit, moment)
    if not revisions:
        raise NoCentreThen(f"{unit.short_code} {unit.name}{'當時' if moment else ''}尚未開通中心")
    book = _Book(session, unit, revisions)
    return book.answer(place, moment)


def _revisions(session: Session, unit: Unit, moment: dt.datetime | None) -> list[Revision]:
    wanted = select(Revision).where(Revision.unit_id == unit.code).order_by(Revision.number)
    if moment is not None:
        wanted = wanted.where(Revision.created_at <= moment)
    return list(session.scalars(wanted))


class _Book:
    """The revisions of one centre up to a moment, opened where they are asked for."""

    def __init__(self, session: Session, unit: Unit, revisions: list[Revision]) -> None:
        self._session, self._unit, self._revisions = session, unit, revisions
        self._bases: dict[tuple[int, int | None], Upstream] = {}

    def answer(self, place: str, moment: dt.datetime | None) -> Answer:
        above, last = self._above(), self._chapter(self._revisions[-1], ())
        facts = Facts(last.centre, above.pack, above.releases[-1].moment, self._unit.name)
        if (found := _derived(facts, place)) is not None:
            return Answer(found.explain(), {}, "", moment)
        names = {**names_of([last], above), **dict(self._named_once())}
        centres = (last.base.centre, last.centre)
        path = _read(place, centres, names, facts)
        moved = any(move.section == path[0] for move in last.base.moves)
        annals = [*(self._chapter(one, path[:1] if moved else path) for one in self._revisions[:-1]), last]
        try:
            told = explain(path, annals, above)
        except LookupError:
            raise PlaceUnknown(place, ()) from None
        return Answer(told, names, _line(annals, told.path), moment)

    def _chapter(self, row: Revision, path: Path) -> Chapter:
        """A revision as a chapter; with a path only what may stand at it is made up, which is quick."""
        base = self._base(row)
        changes = [one for one in row.changes if _concerns(one, path)]
        centre = patched(base.centre, changes) if changes else base.centre
        return Chapter(row.number, centre, base, marks_of(row.marks), row.actor, row.created_at, row.reason)

    def _base(self, row: Revision) -> Upstream:
        pins = (row.release_id, row.overlay_id)
        if pins not in self._bases:
            self._bases[pins] = standard_of(self._session, self._unit, *pins).upstream
        return self._bases[pins]

    def _named_once(self) -> Iterator[tuple[tuple[str, str], str]]:
        """What the township itself added at some time, also when it is gone."""
        for row in self._revisions:
            for section, key, field, after in row.changes:
                if field == "*" and key is not None and isinstance(after, dict):
                    yield (section, key), str(after.get("name") or after.get("title") or key)

    def _above(self) -> Above:
        """The line of releases, and of the county's overlays, up to those that the last revision is pinned to."""
        last = self._revisions[-1]
        release = self._session.get_one(Release, last.release_id)
        wanted = select(Release).where(Release.pack == release.pack, Release.number <= release.number)
        line = self._session.scalars(
            wanted.where(Release.status != Status.DRAFT.value).order_by(Release.number)
        )
        releases = [Edition(one.number, one.published_at, pack_of(one)) for one in line]
        return Above(releases, self._overlays(last, release))

    def _overlays(self, last: Revision, release: Release) -> list[Edition]:
        if last.overlay_id is None:
            return []
        pinned = self._session.get_one(CountyOverlay, last.overlay_id)
        same = select(CountyOverlay).filter_by(county_code=pinned.county_code)
        line = self._session.scalars(
            same.where(CountyOverlay.version <= pinned.version).order_by(CountyOverlay.version)
        )
        return [Edition(one.version, one.published_at, overlay_on(release, one)) for one in line]


def _concerns(change: list[Any], path: Path) -> bool:
    """Whether a change may be about a path; without one every change may."""
    if not path:
        return True
    section, key, field, _ = change
    # An order names items that are only there with all other changes, and says nothing about a single one.
    return section == path[0] and (len(path) == 1 or key == path[1] or (key is None and field != ORDER))


def _derived(facts: Facts, place: str) -> Derived | None:
    wanted = fold(place.strip())
    return next((one for one in derived(facts) if wanted in {one.place, fold(one.words)}), None)


def _read(place: str, centres: tuple[CentreSpec, ...], names: Names, facts: Facts) -> Path:
    try:
        return read_place(place, centres, names, fold)
    except PlaceUnknown as unknown:
        forms = {form: one for one in derived(facts) for form in (one.place, one.words)}
        raise PlaceUnknown(place, [*unknown.near, *get_close_matches(place, forms, 2)]) from None


def _line(annals: Annals, path: Path) -> str:
    """What a line inside an item is called, now or when it was last there."""
    found = (line_of(chapter.centre, path) for chapter in reversed(annals))
    return next((line for line in found if line), "")
