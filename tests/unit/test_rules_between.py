"""Rule P4 afterwards: the question between two townships is decided, stays open, or settles itself."""

from typing import Any

import pytest

from provisioning.marks import Choice, Mark, decide
from provisioning.reconcile import open_questions
from provisioning.resolve import Upstream
from provisioning.tree import centre_of, centre_tree, value_at
from tests.fixtures.changes import changed, part, plan, release
from tests.fixtures.townships import (
    A,
    B,
    after,
    merged,
    party,
)

RELIEF = "zhou:temporary-relief"


def asked_between(standard: Upstream) -> tuple[Any, Any, Mark]:
    a, b = (party(code, standard, changed(standard.centre, "items", RELIEF, scope=code)) for code in (A, B))
    made = merged(b, a)
    (mark,) = made.results[0].marks
    return after(made, B), made.results[0].marks, mark


@pytest.mark.parametrize(
    ("choice", "scope"),
    [(Choice.KEEP_LOCAL, B), (Choice.TAKE_STANDARD, A), (Choice.NEW_VALUE, "折中")],
)
def test_rule_p4_the_question_is_decided_like_any_other(
    standard: Upstream, choice: Choice, scope: str
) -> None:
    centre, marks, mark = asked_between(standard)
    tree, left = decide(centre_tree(centre), centre_tree(standard.centre), marks, mark, choice, "折中")
    assert left == ()
    assert value_at(tree, mark.path) == scope
    assert open_questions(B, standard, centre_of(tree, centre), left) == ()


def test_rule_p4_the_question_stays_open_over_other_edits_and_releases(standard: Upstream) -> None:
    centre, marks, mark = asked_between(standard)
    edited = changed(centre, "profile", None, slogan="另一宗旨")
    assert open_questions(B, standard, edited, marks) == marks
    later = changed(standard.centre, "items", RELIEF, result="州改")
    brought = plan(edited, standard, release(standard, later), marks)
    assert brought.changes.marks == marks
    assert part(brought.changes.after, "items", RELIEF).result == "州改"
    assert Mark.data(mark)["origin"] == A


@pytest.mark.parametrize("settled", [A, None])
def test_rule_p4_the_question_closes_itself_where_the_heir_comes_to_one_of_the_values(
    standard: Upstream, settled: str | None
) -> None:
    centre, marks, _ = asked_between(standard)
    scope = settled or part(standard.centre, "items", RELIEF).scope
    assert open_questions(B, standard, changed(centre, "items", RELIEF, scope=scope), marks) == ()
    again = changed(centre, "items", RELIEF, scope="第三")
    (open_still,) = open_questions(B, standard, again, marks)
    assert (open_still.ours, open_still.theirs) == ("第三", A)


def test_rule_p4_what_is_decided_about_the_standard_is_not_asked_again_beside_it(standard: Upstream) -> None:
    centre, marks, between = asked_between(standard)
    target = release(standard, changed(standard.centre, "items", RELIEF, scope="州改"))
    brought = plan(centre, standard, target, marks).changes.marks
    (about,) = [mark for mark in brought if not mark.origin]
    assert {mark.path for mark in brought} == {between.path}
    tree, left = decide(centre_tree(centre), centre_tree(target.centre), brought, about, Choice.KEEP_LOCAL)
    assert [mark.id for mark in left] == [between.id]
    assert open_questions(B, target, centre_of(tree, centre), left) == left
