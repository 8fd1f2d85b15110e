"""Rules G: the base with its exceptions, the life of a question, and what decides it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from provisioning.marks import (
    Choice,
    Mark,
    Marks,
    NoSuchConflict,
    decide,
    mark_of,
    open_conflict,
    with_old_bases,
)
from provisioning.plan import Changes
from provisioning.planning import plan_centre
from provisioning.reconcile import open_questions
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec
from provisioning.tree import centre_of, centre_tree, value_at
from tests.fixtures.changes import UNIT, changed, keys, part, plan, release, told, without

RELIEF, SCREEN = "zhou:temporary-relief", "zhou:screen"
PATH = ("items", RELIEF, "scope")


def scoped(standard: Upstream, text: str, number: int = 2) -> Upstream:
    return release(standard, changed(standard.centre, "items", RELIEF, scope=text), number)


@dataclass
class Asked:
    """A township with one open question about a scope: 「鄉」 here, 「州」 in release 2."""

    first: Upstream
    second: Upstream
    centre: CentreSpec
    marks: Marks

    @property
    def mark(self) -> Mark:
        (mark,) = self.marks
        return mark

    @property
    def base(self) -> str:
        return str(part(self.first.centre, "items", RELIEF).scope)

    def to(self, target: Upstream) -> Changes:
        return plan(self.centre, self.second, target, self.marks).changes

    def edited(self, text: str) -> "Asked":
        centre = changed(self.centre, "items", RELIEF, scope=text)
        marks = open_questions(UNIT, self.second, centre, self.marks)
        return Asked(self.first, self.second, centre, marks)

    def decided(self, choice: Choice, value: Any = None, until: dt.date | None = None) -> "Asked":
        theirs = centre_tree(self.second.centre)
        tree, marks = decide(centre_tree(self.centre), theirs, self.marks, self.mark, choice, value, until)
        return Asked(self.first, self.second, centre_of(tree, self.centre), marks)

    @property
    def scope(self) -> str:
        return str(part(self.centre, "items", RELIEF).scope)


@pytest.fixture
def asked(standard: Upstream) -> Asked:
    second = scoped(standard, "州")
    changes = plan(changed(standard.centre, "items", RELIEF, scope="鄉"), standard, second).changes
    return Asked(standard, second, changes.after, changes.marks)


def test_rule_g1_the_base_is_the_standard_but_the_old_value_where_nothing_is_decided(asked: Asked) -> None:
    base = with_old_bases(centre_tree(asked.second.centre), asked.marks)
    assert value_at(base, PATH) == asked.base
    expected = changed(asked.second.centre, "items", RELIEF, scope=asked.base)
    assert centre_of(base) == expected


def test_rule_g2_the_same_release_again_asks_the_same_and_does_nothing(asked: Asked) -> None:
    again = asked.to(asked.second)
    assert again.marks == asked.marks
    assert again.after == asked.centre
    assert not again.effective
    assert not again.closed


def test_rule_g2_a_further_release_is_compared_with_the_old_base_and_keeps_the_id(asked: Asked) -> None:
    third = asked.to(scoped(asked.first, "州又改", 3))
    (mark,) = third.marks
    assert mark.id == asked.mark.id
    assert (mark.value, mark.ours, mark.theirs) == (asked.base, "鄉", "州又改")
    assert third.after == asked.centre


def test_rule_g3_keeping_the_local_value_moves_the_base_on(asked: Asked) -> None:
    kept = asked.decided(Choice.KEEP_LOCAL)
    assert (kept.scope, kept.marks) == ("鄉", ())
    assert told(plan(kept.centre, kept.second, kept.second)) == {f"items[{RELIEF}].scope": "LOCAL_KEPT"}


def test_rule_g3_taking_the_standard_clears_the_override(asked: Asked) -> None:
    taken = asked.decided(Choice.TAKE_STANDARD)
    assert (taken.scope, taken.marks) == ("州", ())
    assert not plan(taken.centre, taken.second, taken.second).changes.actions


def test_rule_g3_a_new_value_is_the_townships_own(asked: Asked) -> None:
    new = asked.decided(Choice.NEW_VALUE, "折中")
    assert (new.scope, new.marks) == ("折中", ())
    assert told(plan(new.centre, new.second, new.second)) == {f"items[{RELIEF}].scope": "LOCAL_KEPT"}


def test_rule_g3_later_leaves_it_open_with_a_day(asked: Asked) -> None:
    later = asked.decided(Choice.LATER, until=dt.date(2026, 6, 1))
    assert later.scope == "鄉"
    assert (later.mark.id, later.mark.until) == (asked.mark.id, dt.date(2026, 6, 1))
    assert later.to(scoped(asked.first, "州又改", 3)).marks[0].until == dt.date(2026, 6, 1)


def test_rule_g3_a_removed_item_that_is_taken_back_stands_where_the_standard_has_it(
    standard: Upstream,
) -> None:
    second = scoped(standard, "州")
    changes = plan(without(standard.centre, "items", RELIEF), standard, second).changes
    theirs = centre_tree(second.centre)
    (mark,) = changes.marks
    tree, marks = decide(centre_tree(changes.after), theirs, changes.marks, mark, Choice.TAKE_STANDARD)
    centre = centre_of(tree, second.centre)
    assert keys(centre, "items") == keys(standard.centre, "items")
    assert not plan(centre, second, second, marks).changes.actions


def test_rule_g3_a_cancelled_item_that_follows_the_standard_is_gone(standard: Upstream) -> None:
    second = release(standard, without(standard.centre, "items", RELIEF))
    ours = changed(standard.centre, "items", RELIEF, scope="鄉")
    changes = plan(ours, standard, second).changes
    (mark,) = changes.marks
    theirs = centre_tree(second.centre)
    tree, _ = decide(centre_tree(changes.after), theirs, changes.marks, mark, Choice.TAKE_STANDARD)
    assert RELIEF not in keys(centre_of(tree, ours), "items")


def test_rule_g4_after_keeping_the_same_standard_never_asks_again_but_another_does(asked: Asked) -> None:
    kept = asked.decided(Choice.KEEP_LOCAL)
    assert not kept.to(scoped(asked.first, "州", 3)).conflicts
    assert [one.reason for one in kept.to(scoped(asked.first, "州又改", 3)).conflicts] == ["CONFLICT_MM"]


def test_rule_g5_ids_are_of_township_place_and_values(asked: Asked) -> None:
    ours = changed(asked.first.centre, "items", RELIEF, scope="鄉")
    others = [
        plan_centre("522301002000", ours, asked.first, asked.second),
        plan(changed(ours, "items", RELIEF, scope="另一"), asked.first, asked.second),
        plan(ours, asked.first, scoped(asked.first, "另一州")),
    ]
    ids = {made.changes.marks[0].id for made in others} | {asked.mark.id}
    assert len(ids) == 4
    assert plan(ours, asked.first, asked.second).changes.marks[0].id == asked.mark.id


def test_rule_g5_a_question_closes_itself_when_the_township_agrees(asked: Asked) -> None:
    assert asked.edited("州").marks == ()


def test_rule_g5_a_question_closes_itself_when_the_township_returns_to_the_base(asked: Asked) -> None:
    back = asked.edited(asked.base)
    assert back.marks == ()
    assert back.scope == asked.base
    assert not back.to(asked.second).conflicts


def test_rule_g5_another_local_value_is_the_same_question(asked: Asked) -> None:
    """The control of the two before: an edit as such closes nothing."""
    other = asked.edited("又一")
    assert (other.mark.id, other.mark.ours) == (asked.mark.id, "又一")


def test_rule_g5_a_question_closes_itself_when_the_standard_returns(asked: Asked) -> None:
    changes = asked.to(release(asked.first, number=3))
    assert changes.marks == ()
    assert changes.closed == asked.marks
    assert plan(asked.centre, asked.second, release(asked.first, number=3), asked.marks)


def test_rule_g6_townships_with_the_same_three_values_have_the_same_question(asked: Asked) -> None:
    ours = changed(asked.first.centre, "items", RELIEF, scope="鄉")
    (other,) = plan_centre("522301002000", ours, asked.first, asked.second).changes.marks
    assert other.question == asked.mark.question
    assert other.id != asked.mark.id
    (another,) = plan(changed(ours, "items", RELIEF, scope="異"), asked.first, asked.second).changes.marks
    assert another.question != asked.mark.question


def test_rule_g6_a_mark_survives_being_stored(asked: Asked) -> None:
    assert mark_of(asked.mark.data()) == asked.mark
    assert mark_of(asked.mark.data()).question == asked.mark.question


def test_rule_g7_what_was_decided_by_itself_can_be_taken_back(asked: Asked) -> None:
    """Keeping leaves the value and taking back puts the mark on again: nothing of the question is lost."""
    kept = asked.decided(Choice.KEEP_LOCAL)
    again = plan(kept.centre, kept.second, kept.second, asked.marks).changes
    assert again.marks == asked.marks


def test_rule_g8_a_question_about_an_item_is_one_and_not_one_for_each_field(standard: Upstream) -> None:
    ours = without(standard.centre, "items", RELIEF)
    theirs = changed(standard.centre, "items", RELIEF, scope="州", result="州", description="州")
    changes = plan(ours, standard, release(standard, theirs)).changes
    assert [mark.path for mark in changes.marks] == [("items", RELIEF)]


def test_rule_g8_a_question_inside_an_item_is_taken_up_by_one_about_the_item(asked: Asked) -> None:
    changes = asked.to(release(asked.first, without(asked.first.centre, "items", RELIEF), 3))
    assert [mark.path for mark in changes.marks] == [("items", RELIEF)]
    assert not changes.closed


def test_a_question_that_is_not_open_is_refused_in_words(asked: Asked) -> None:
    assert open_conflict(asked.marks, asked.mark.id) == asked.mark
    with pytest.raises(NoSuchConflict, match="已經處理或已自行消除"):
        open_conflict((), asked.mark.id)


def test_rule_g1_a_decision_at_one_place_leaves_the_other_base_where_it_is(standard: Upstream) -> None:
    theirs = changed(standard.centre, "items", RELIEF, scope="州", result="州")
    ours = changed(standard.centre, "items", RELIEF, scope="鄉", result="鄉")
    second = release(standard, theirs)
    changes = plan(ours, standard, second).changes
    mark = next(one for one in changes.marks if one.path == PATH)
    tree, left = decide(
        centre_tree(changes.after), centre_tree(theirs), changes.marks, mark, Choice.TAKE_STANDARD
    )
    again = plan(centre_of(tree, ours), second, second, left).changes
    assert again.marks == left == tuple(one for one in changes.marks if one is not mark)
    assert part(again.after, "items", RELIEF).scope == "州"
