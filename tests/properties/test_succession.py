"""Rules P2 and P4 for any townships: whatever they have made of their standard, all of it goes somewhere."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning.canonical import content_hash
from provisioning.differences import delta, patched
from provisioning.estate import Holding, Kind, Party
from provisioning.marks import Marks, mark_of
from provisioning.reconcile import open_questions
from provisioning.specs import CentreSpec
from provisioning.succession import SuccessionPlan
from provisioning.tree import centre_tree, same, value_at
from tests.fixtures.life import Change, allowed, changes, done, small_standard
from tests.fixtures.soak import examples
from tests.fixtures.townships import A, B, C, after, check_whole, divided, merged, party

HOLDINGS = [Holding(kind, key) for kind in Kind if kind not in {Kind.MONEY, Kind.MARK} for key in "ab"]


def lived(code: str, wanted: list[Change], envelope: int, held: list[Holding]) -> Party:
    """A township of the small standard after some edits."""
    standard, centre = small_standard(), small_standard().centre
    for number, change in enumerate(wanted):
        changed, path = done(centre, change, f"xiang:{code[:9]}:own-{number}")
        centre = changed if allowed(standard, changed, path) else centre
    centre = centre.model_copy(update={"envelope": envelope})
    return party(code, standard, centre, holdings=tuple(held))


def parties(code: str) -> st.SearchStrategy[Party]:
    held = st.lists(st.sampled_from(HOLDINGS), unique=True, max_size=4)
    edits = st.lists(changes(), max_size=4)
    return st.builds(lived, st.just(code), edits, st.integers(0, 10**9), held)


def sound(plan: SuccessionPlan) -> None:
    """Every thing once, no fen lost, and what comes of it can be stored, read back and asked again."""
    check_whole(plan)
    for result in plan.results:
        again = CentreSpec.model_validate(result.centre.model_dump(mode="json"))
        assert content_hash(again) == content_hash(result.centre)
        stored = patched(result.party.centre, delta(result.party.centre, result.centre))
        assert content_hash(stored) == content_hash(result.centre)
        marks: Marks = tuple(mark_of(mark.data()) for mark in result.marks)
        assert marks == result.marks
        assert open_questions(result.party.code, result.party.standard, result.centre, marks) == marks
        assert len({mark.id for mark in marks}) == len(marks)


def own_words(one: Party) -> dict[tuple[str, ...], Any]:
    """The texts that a township has made its own, by place."""
    tree, standard = centre_tree(one.centre), centre_tree(one.standard.centre)
    places = [
        (section, item.key, field)
        for section, field in (("items", "scope"), ("items", "result"), ("fixtures", "note"))
        for item in getattr(one.centre, section)
    ]
    values = {path: value_at(tree, path) for path in (*places, ("profile", "slogan"))}
    return {path: value for path, value in values.items() if not same(value, value_at(standard, path))}


@examples(60)
@given(parties(A), parties(B), parties(C))
def test_rule_q_a_merger_loses_nothing_and_overrules_nobody(a: Party, b: Party, c: Party) -> None:
    plan = merged(c, a, b)
    sound(plan)
    tree, marks = centre_tree(after(plan, C)), plan.results[0].marks
    for one in (c, a, b):
        for path, value in own_words(one).items():
            asked = [mark.theirs for mark in marks if mark.path == path and mark.origin == one.code]
            assert same(value_at(tree, path), value) or value in asked, path
    for path, value in own_words(c).items():
        assert same(value_at(tree, path), value), path


@examples(60)
@given(parties(A), parties(B), parties(C), st.data())
def test_rule_q_a_split_loses_nothing_of_the_source(
    a: Party, b: Party, c: Party, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, a.centre.envelope))
    assigned = {
        ("items", item.key): data.draw(st.sampled_from([B, C]))
        for item in a.centre.items
        if data.draw(st.booleans())
    }
    plan = divided(a, b, c, shares={B: part, C: a.centre.envelope - part}, assigned=assigned)
    sound(plan)
    for path, value in own_words(a).items():
        unit = assigned.get(path[:2], B)  # type: ignore[arg-type]
        result = next(one for one in plan.results if one.party.code == unit)
        asked = [mark.theirs for mark in result.marks if mark.path == path]
        assert same(value_at(centre_tree(result.centre), path), value) or value in asked, path
