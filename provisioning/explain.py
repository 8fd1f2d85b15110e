"""Why a value is what it is: everything that had a say in a place, and who won (rules K1 to K3). Pure.

Contributions stand from the top layer down: the prefecture's release before any overlay, the county where its
overlay writes there, the township where it has made something else of it; then what marks say of the place (values
that a lock suspended, pins) and a lock itself. Exactly one has won, and its value is the one in force.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from provisioning.annals import (
    Annals,
    Change,
    Chapter,
    first_marked,
    items_around,
    last_change,
    standing,
    until,
)
from provisioning.explanation import Above, Contribution, Edition, Explanation, Ruling, Status
from provisioning.labels import item_label
from provisioning.marks import Mark, MarkKind, of_kind
from provisioning.overlay import written_by
from provisioning.resolve import Layer, Upstream
from provisioning.specs import CentreSpec, Overlay, Pack, PolicyRule
from provisioning.specs.centre import COLLECTIONS
from provisioning.specs.pack import Move, Policy
from provisioning.tree import Path, identical, node_at, written


def explain(path: Path, annals: Annals, above: Above) -> Explanation:
    """Explain a place of a centre as of the last chapter of its annals.

    Of what lies inside an item that is not there, the item is explained. Raises `KeyError` for a path that the
    schema does not know, `LookupError` for an item that neither the centre nor a layer above ever had.
    """
    node_at(path)
    lacking = (item for item in items_around(path) if standing(annals[-1].centre, item) is None)
    return _Explaining(next(lacking, path), annals, above).whole()


@dataclass(frozen=True)
class _Explaining:
    path: Path
    annals: Annals
    above: Above

    @property
    def ours(self) -> CentreSpec:
        return self.annals[-1].centre

    @property
    def standard(self) -> Upstream:
        return self.annals[-1].base

    @cached_property
    def value(self) -> Any:
        return standing(self.ours, self.path)

    @cached_property
    def inherited(self) -> Any:
        return standing(self.standard.centre, self.path)

    def whole(self) -> Explanation:
        chain = [*self._layers(), *self._marks()]
        return Explanation(
            self.path,
            written(self.path) + (".order" if self._ordered else ""),
            self.value,
            (*chain, *self._lock()),
            self._ruling(),
            accepted=self._accepted(),
        )

    @property
    def _ordered(self) -> bool:
        return len(self.path) == 1 and self.path[0] in COLLECTIONS

    # the layers, from the top ---------------------------------------------------------------------------------

    def _layers(self) -> list[Contribution]:
        found = [*self._prefecture(), *self._county(), *self._township()]
        if not found:
            raise LookupError(written(self.path))
        if all(one.status is Status.NOT_APPLICABLE for one in found):
            found.append(replace(found[0], value=None, status=Status.WON, act="elsewhere"))
        last = max(place for place, one in enumerate(found) if one.status is not Status.NOT_APPLICABLE)
        pending = self._pending() if found[last].layer is Layer.TOWNSHIP else None
        found[last] = replace(found[last], status=Status.WON)
        if pending is not None and last > 0:
            found[last - 1] = _awaited(found[last - 1], pending, self.path)
        return found

    def _prefecture(self) -> Iterator[Contribution]:
        edition = self.above.releases[-1]
        said = Contribution(
            Layer.PREFECTURE, Status.OVERRIDDEN, release=edition.number, moment=edition.moment
        )
        said = replace(said, actor=self.above.pack.header.issuer)
        if _has(self.above.pack.centre, self.path):
            yield replace(said, value=self._for_this_kind(self.above.pack.centre), status=self._applies())
        elif (move := _carried_on(self.above.pack, self.path)) is not None:
            yield replace(said, release=move.since, moment=None, act="moved", reason="、".join(move.into))
        elif (gone := _gone(self.above.releases, self.path)) is not None:
            yield replace(said, release=gone.number, moment=gone.moment, act="cancelled")

    def _county(self) -> Iterator[Contribution]:
        overlay = self.above.overlay
        if overlay is None:
            return
        edition = self.above.overlays[-1]
        said = Contribution(Layer.COUNTY, Status.OVERRIDDEN, release=edition.number, moment=edition.moment)
        said = replace(said, reason=overlay.title)
        if any(self._about(one) for one in written_by(overlay)) and _has(self.above.laid, self.path):
            yield replace(said, value=self._for_this_kind(self.above.laid), status=self._applies())
        elif _removed_by(overlay, self.path) and _has(self.above.pack.centre, self.path):
            yield replace(said, act="cancelled")
        elif (gone := _gone(self.above.overlays, self.path)) is not None:
            yield replace(said, release=gone.number, moment=gone.moment, reason="", act="cancelled")

    def _township(self) -> Iterator[Contribution]:
        if identical(self.value, self.inherited) and not self._only_here and not self._own_removal:
            return
        change = last_change(self.annals, self.path)
        one = change.chapter
        yield Contribution(
            Layer.TOWNSHIP,
            Status.WON,
            self.value,
            revision=one.number,
            actor=one.actor,
            moment=one.moment,
            reason=one.reason,
            act=_act(change, self.value),
        )

    @property
    def _only_here(self) -> bool:
        """Whether the place lies in an item, or a line of one, that no layer above has."""
        around = [item for item in items_around(self.path) if standing(self.ours, item) is not None]
        return any(standing(self.standard.centre, item) is None for item in around)

    @property
    def _own_removal(self) -> bool:
        """Whether the township itself did away with something that no layer above has any more."""
        if self.value is not None or self.path not in items_around(self.path):
            return False
        before = last_change(self.annals, self.path).before
        return before is not None and standing(before.base.centre, self.path) is None

    def _accepted(self) -> Mark | None:
        marks = of_kind(self._here(), MarkKind.ACCEPTED)
        return next((mark for mark in marks if mark.path == self.path), None)

    def _for_this_kind(self, centre: CentreSpec) -> Any:
        """What a layer says here; of the order of items, only those that units of this kind have."""
        value = standing(centre, self.path)
        if self.path != ("items",) or value is None:
            return value
        narrowed = _not_for(self.above.laid, self.standard.centre)
        return [key for key in value if key not in narrowed] or None

    def _applies(self) -> Status:
        """Whether what the layers above say of an item is meant for units of this kind (`only_for`)."""
        meant = self.path[0] != "items" or len(self.path) == 1
        meant = meant or self.path[1] not in _not_for(self.above.laid, self.standard.centre)
        return Status.OVERRIDDEN if meant else Status.NOT_APPLICABLE

    # what marks and policies add ------------------------------------------------------------------------------

    def _about(self, place: Path) -> bool:
        """Whether what is said of a place is said of this one: the order of a collection is about whole items."""
        if self._ordered:
            return place == self.path or (place[:1] == self.path and len(place) == 2)
        return _touching(place, self.path)

    def _here(self) -> tuple[Mark, ...]:
        return tuple(mark for mark in self.annals[-1].marks if self._about(mark.path))

    def _pending(self) -> Mark | None:
        """The open conflict about the place, about something inside of it or around it."""
        found = sorted(of_kind(self._here(), MarkKind.CONFLICT), key=lambda mark: mark.path != self.path)
        return found[0] if found else None

    def _marks(self) -> Iterator[Contribution]:
        for mark in of_kind(self._here(), MarkKind.SUSPENDED):
            displaced = first_marked(self.annals, mark)
            earlier = until(self.annals, displaced.number) or self.annals
            yield _said_by(last_change(earlier, mark.path).chapter, mark, Status.SUSPENDED)
        for mark in of_kind(self._here(), MarkKind.PIN):
            yield replace(_said_by(first_marked(self.annals, mark), mark, Status.PINNED), reason=mark.reason)

    def _ruling(self) -> Ruling | None:
        rule = self.standard.rule(self.path)
        return None if rule is None else Ruling(_setter(self.standard, rule), rule)

    def _lock(self) -> Iterator[Contribution]:
        ruling = self._ruling()
        if ruling is not None and ruling.rule.policy is Policy.LOCKED:
            editions = self.above.overlays if ruling.layer is Layer.COUNTY else self.above.releases
            because = f"{ruling.rule.reason}（{ruling.rule.source}）"
            edition = editions[-1]
            yield Contribution(
                ruling.layer, Status.LOCKED, release=edition.number, moment=edition.moment, reason=because
            )


def _awaited(one: Contribution, pending: Mark, path: Path) -> Contribution:
    """What the layers above say last, while the township has not decided about it (rule G1)."""
    return replace(one, status=Status.PENDING, base=pending.value if pending.path == path else None)


def _act(change: Change, value: Any) -> str:
    was = standing(change.before.centre, change.path) if change.before else None
    if value is None:
        return "unset" if was is None else "removed"
    if change.before is None:
        return "opening"
    if change.by_the_township:
        return "added" if was is None and change.path in items_around(change.path) else "set"
    return "merged"


def _said_by(chapter: Chapter, mark: Mark, status: Status) -> Contribution:
    return Contribution(
        Layer.TOWNSHIP,
        status,
        mark.value,
        revision=chapter.number,
        actor=chapter.actor,
        moment=chapter.moment,
        reason=chapter.reason,
        path=mark.path,
    )


def _setter(standard: Upstream, rule: PolicyRule) -> Layer:
    return Layer.PREFECTURE if rule in standard.policies[0] else Layer.COUNTY


def _touching(one: Path, other: Path) -> bool:
    """Whether a place lies in another or around it."""
    short = min(len(one), len(other))
    return one[:short] == other[:short]


def _has(centre: CentreSpec, path: Path) -> bool:
    """Whether a layer says something of a place: of a field also that it is empty, where the item is there."""
    return all(standing(centre, item) is not None for item in items_around(path))


def _not_for(laid: CentreSpec, resolved: CentreSpec) -> set[str]:
    return {item.key for item in laid.items} - {item.key for item in resolved.items}


def _removed_by(overlay: Overlay, path: Path) -> bool:
    return len(path) > 1 and path[1] in overlay.remove.get(path[0], ())


def _carried_on(pack: Pack, path: Path) -> Move | None:
    """The move by which an item went on under another key, None where it did not."""
    if len(path) < 2:
        return None
    moves = (move for move in pack.moves if move.section == path[0] and path[1] in move.origins)
    return next(moves, None)


def _gone(editions: Sequence[Edition], path: Path) -> Edition | None:
    """The edition that did away with an item, None where none ever had it."""
    for earlier, edition in reversed([*pairwise(editions)]):
        if _offers(earlier, path):
            return edition
    return None


def _offers(edition: Edition, path: Path) -> bool:
    if isinstance(edition.content, Pack):
        return len(path) > 1 and path[0] in COLLECTIONS and _has(edition.content.centre, path)
    return any(str(raw.get("key")) == path[-1] for raw in edition.content.add.get(path[0], ()))


def names_of(annals: Annals, above: Above) -> dict[tuple[str, str], str]:
    """What items are called, by section and key: as they are now, else as they were."""
    packs = (edition.content for edition in above.releases)
    laid = [pack.centre for pack in packs if isinstance(pack, Pack)]
    centres = [*laid, above.laid, annals[-1].base.centre, *(one.centre for one in annals)]
    return dict(_named(centres))


def _named(centres: Iterable[CentreSpec]) -> Iterator[tuple[tuple[str, str], str]]:
    for centre in centres:
        for section in COLLECTIONS:
            yield from (((section, item.key), item_label(item)) for item in getattr(centre, section))
