"""The life of a township (rules Q, F4, G): it edits, the prefecture releases, questions are asked and decided."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from provisioning.canonical import content_hash
from provisioning.differences import delta, patched
from provisioning.marks import Choice, Mark, MarkKind, Marks, decide, of_kind, ordered, with_old_bases
from provisioning.plan import Action, Plan, Reason
from provisioning.reconcile import open_questions
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec
from provisioning.tree import Path, centre_of, centre_tree, same, value_at
from tests.fixtures.changes import UNIT, plan
from tests.fixtures.life import PREFECTURE, Change, Prefecture, allowed, changes, done, own_key
from tests.fixtures.soak import examples

CHOICES = (Choice.KEEP_LOCAL, Choice.TAKE_STANDARD, Choice.NEW_VALUE, Choice.LATER)


TEXTS = {"scope", "result", "name", "note", "slogan"}
HERE = object()  # of an item of its own: that it is there


def within(path: Path, around: Path) -> bool:
    return path[: len(around)] == around


class Life(RuleBasedStateMachine):
    """One township and its prefecture. `own` is what the township has made of single places and must keep."""

    base: Upstream
    centre: CentreSpec

    @initialize()
    def opened(self) -> None:
        self.prefecture = Prefecture()
        self.base = self.prefecture.newest
        self.centre = self.base.centre
        self.marks: Marks = ()
        self.own: dict[Path, Any] = {}
        self.made = 0

    @property
    def asked(self) -> tuple[Mark, ...]:
        return tuple(of_kind(self.marks, MarkKind.CONFLICT))

    # what people do -----------------------------------------------------------------------------------------

    @rule(change=changes())
    def township_edits(self, change: Change) -> None:
        self.made += 1
        after, path = done(self.centre, change, own_key(self.made))
        if not allowed(self.base, after, path):
            return
        self.centre = after
        if path is not None and change.deed != "member":
            self._forget(path)
            self.own[path] = HERE if change.deed == "add" else value_at(centre_tree(after), path)
        self._settle()

    @rule(wanted=st.lists(changes(PREFECTURE), min_size=1, max_size=2))
    def prefecture_releases(self, wanted: list[Change]) -> None:
        self.prefecture.publish(*wanted)

    @rule()
    def township_is_brought_up(self) -> None:
        target = self.prefecture.newest
        made = plan(self.centre, self.base, target, self.marks)
        if not made.applicable:
            return
        before, after = self.centre, made.changes.after
        assert content_hash(patched(before, delta(before, after))) == made.changes.after_revision
        self._lose_what_was_displaced(made)
        self._follow_moves(made)
        self.base, self.centre, self.marks = target, after, made.changes.marks
        self._forget_what_agrees()

    @precondition(lambda self: self.asked)
    @rule(place=st.integers(0, 5), choice=st.sampled_from(CHOICES))
    def township_decides(self, place: int, choice: Choice) -> None:
        self._decide(self.asked[place % len(self.asked)], choice)

    @precondition(lambda self: self.asked)
    @rule(choices=st.lists(st.sampled_from(CHOICES[:3]), min_size=1, max_size=4))
    def township_decides_everything(self, choices: list[Choice]) -> None:
        for place in range(99):
            if not self.asked:
                break
            self._decide(self.asked[0], choices[place % len(choices)])
        made = plan(self.centre, self.base, self.base, self.marks)
        assert not made
        assert not made.changes.conflicts

    @rule(change=changes(("set",)))
    def township_pins(self, change: Change) -> None:
        _, path = done(self.centre, change, "")
        if path is not None and path not in {mark.path for mark in self.marks}:
            value = value_at(centre_tree(self.centre), path)
            self.marks = ordered((*self.marks, Mark(MarkKind.PIN, path, f"pin-{path}", value)))

    # what must hold at every moment -------------------------------------------------------------------------

    @invariant()
    def the_centre_is_valid(self) -> None:
        again = CentreSpec.model_validate(self.centre.model_dump(mode="json"))
        assert content_hash(again) == content_hash(self.centre)

    @invariant()
    def planning_again_does_nothing_and_asks_the_same(self) -> None:
        made = plan(self.centre, self.base, self.base, self.marks)
        assert not made.changes.effective, [action.data() for action in made.changes.actions]
        assert made.changes.marks == self.marks
        assert made.changes.closed == ()

    @invariant()
    def what_the_township_made_of_a_place_stands(self) -> None:
        tree = centre_tree(self.centre)
        for path, value in self.own.items():
            stands = value_at(tree, path)
            assert stands is not None if value is HERE else stands == value, path

    @invariant()
    def every_question_says_what_stands_against_what(self) -> None:
        tree, standard = centre_tree(self.centre), centre_tree(self.base.centre)
        old = with_old_bases(standard, self.marks)
        for mark in self.asked:
            assert same(value_at(tree, mark.path), mark.ours)
            assert same(value_at(standard, mark.path), mark.theirs)
            assert same(value_at(old, mark.path), mark.value)
            assert not same(mark.ours, mark.theirs)

    @invariant()
    def no_question_lies_inside_another_and_no_id_is_there_twice(self) -> None:
        paths = [mark.path for mark in self.asked]
        assert not [one for one in paths for other in paths if one != other and within(one, other)]
        assert len({mark.id for mark in self.asked}) == len(paths)

    # what follows from it -----------------------------------------------------------------------------------

    def _settle(self) -> None:
        self.marks = open_questions(UNIT, self.base, self.centre, self.marks)
        self._forget_what_agrees()

    def _decide(self, mark: Mark, choice: Choice) -> None:
        if choice is Choice.NEW_VALUE and mark.path[-1] not in TEXTS:
            choice = Choice.KEEP_LOCAL
        tree, marks = decide(
            centre_tree(self.centre), centre_tree(self.base.centre), self.marks, mark, choice, "折中"
        )
        self.centre, self.marks = centre_of(tree, self.centre), marks
        if choice in {Choice.TAKE_STANDARD, Choice.NEW_VALUE}:
            self._forget(mark.path)
        if choice is Choice.NEW_VALUE:
            self.own[mark.path] = "折中"
        assert (mark.id in {one.id for one in self.asked}) is (choice is Choice.LATER)
        self._settle()

    def _forget(self, path: Path) -> None:
        """What is at a place and inside it is accounted for anew."""
        self.own = {place: value for place, value in self.own.items() if not within(place, path)}

    def _forget_what_agrees(self) -> None:
        """A value that is the standard's is not the township's any more: it follows from now on."""
        standard = centre_tree(self.base.centre)
        self.own = {path: value for path, value in self.own.items() if value_at(standard, path) != value}

    def _lose_what_was_displaced(self, made: Plan) -> None:
        suspended = {mark.path for mark in made.changes.marks if mark.kind is MarkKind.SUSPENDED}
        for action in made.changes.actions:
            if action.reason is Reason.LOCKED_DISPLACED:
                assert action.path in suspended
                self._forget(action.path)
            elif action.reason is Reason.REQUIRED_RESTORED:
                self._forget(action.path)

    def _follow_moves(self, made: Plan) -> None:
        for action in made.changes.actions:
            if action.reason is Reason.MOVED:
                self._rename(action)

    def _rename(self, action: Action) -> None:
        move = next(one for one in self.prefecture.newest.moves if one.into[0] == action.path[1])
        old, new = ("items", move.origins[0]), ("items", move.into[0])
        self.own = {
            (*new, *path[2:]) if within(path, old) else path: value for path, value in self.own.items()
        }


TestLife = Life.TestCase
TestLife.settings = settings(examples(60), stateful_step_count=20)
