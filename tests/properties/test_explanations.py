"""Whatever happens to a centre, every value can be explained, and who won is who is in force (rules K, Q)."""

from collections.abc import Iterator
from typing import Any

from hypothesis import settings
from hypothesis.stateful import initialize, invariant

from provisioning.annals import Chapter, standing
from provisioning.explain import explain
from provisioning.explanation import Above, Edition, Explanation, Status
from provisioning.marks import MarkKind, of_kind
from provisioning.resolve import Layer
from provisioning.schema import CENTRE, Kind, Node
from provisioning.specs import CentreSpec
from provisioning.tree import Path, centre_tree, identical, opened
from tests.fixtures.annals import chapter, day, pack_of
from tests.fixtures.soak import examples
from tests.properties.test_life import Life


def places(node: Node, tree: Any, path: Path = ()) -> Iterator[Path]:
    """Every place that a schema has in a centre: fields also where they are empty, items, lines, orders."""
    if path:
        yield path
    tree = opened(node, tree) or {}
    if node.kind is Kind.RECORD:
        for name, inner in node.fields.items():
            yield from places(inner, tree.get(name), (*path, name))
    elif node.kind is Kind.COLLECTION:
        for key, item in tree.items():
            yield from places(node.each, item, (*path, key))


def all_places(*centres: CentreSpec) -> list[Path]:
    return list(dict.fromkeys(path for centre in centres for path in places(CENTRE, centre_tree(centre))))


class Explained(Life):
    """The life of a township with its annals kept: after every step everything is asked for."""

    @initialize()
    def opened(self) -> None:
        super().opened()
        self.annals: list[Chapter] = []
        self.releases: dict[int, Edition] = {}

    def _keep(self) -> None:
        last = self.annals[-1] if self.annals else None
        state = (self.centre, self.base, self.marks)
        if last is None or (last.centre, last.base, last.marks) != state:
            self.annals.append(chapter(len(self.annals) + 1, *state))
        number = self.base.number
        self.releases.setdefault(number, Edition(number, day(number - 100), pack_of(self.base)))

    @property
    def above(self) -> Above:
        return Above([one for number, one in sorted(self.releases.items()) if number <= self.base.number])

    @invariant()
    def every_place_is_explained_and_who_won_is_in_force(self) -> None:
        self._keep()
        above = self.above
        for path in all_places(self.centre, self.base.centre):
            told = explain(path, self.annals, above)
            assert identical(told.winner.value, standing(self.centre, told.path)), path
            self._is_complete(told)

    def _is_complete(self, told: Explanation) -> None:
        """No layer with a say is missing, and none is there that has none (rule K2)."""
        path, base = told.path, self.base
        said = {(one.layer, one.status) for one in told.contributions}
        layers = {
            layer for layer, status in said if status not in {Status.SUSPENDED, Status.PINNED, Status.LOCKED}
        }
        differs = not identical(standing(self.centre, path), standing(base.centre, path))
        if differs:
            assert told.winner.layer is Layer.TOWNSHIP
            assert told.winner.revision == self._since(path)
        if standing(base.centre, path) is not None:
            assert Layer.PREFECTURE in layers
        assert Layer.COUNTY not in layers
        about = [mark for mark in self.marks if mark.path == path]
        assert (Status.PENDING in {status for _, status in said}) >= any(of_kind(about, MarkKind.CONFLICT))
        assert (Status.PINNED in {status for _, status in said}) >= any(of_kind(about, MarkKind.PIN))
        assert (Status.SUSPENDED in {status for _, status in said}) >= any(of_kind(about, MarkKind.SUSPENDED))

    def _since(self, path: Path) -> int:
        """The first revision from which on the place has been as it is, where no move is in the way."""
        now, number = standing(self.centre, path), self.annals[-1].number
        for one in reversed(self.annals):
            if not identical(standing(one.centre, path), now):
                break
            number = one.number
        moved = {key for move in self.base.moves for key in move.into}
        return number if len(path) < 2 or path[1] not in moved else explained(self, path)

    @invariant()
    def how_it_was_is_told_as_it_was_told_then(self) -> None:
        if len(self.annals) < 2:
            return
        then = self.annals[: len(self.annals) // 2]
        old = then[-1]
        above = Above([one for number, one in sorted(self.releases.items()) if number <= old.base.number])
        for path in all_places(old.centre)[::7]:
            told = explain(path, then, above)
            assert identical(told.winner.value, standing(old.centre, path))
            assert all(one.moment is None or one.moment <= old.moment for one in told.contributions)


def explained(machine: Explained, path: Path) -> int:
    """What is told of a place that a move has carried here: at least that it was there from then on."""
    number = explain(path, machine.annals, machine.above).winner.revision
    assert number is not None
    assert number <= machine.annals[-1].number
    return number


TestExplained = Explained.TestCase
TestExplained.settings = settings(examples(6), stateful_step_count=8)
