"""Rules B: one value, three sides."""

from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.marks import MarkKind
from provisioning.merge import Merged, merge
from provisioning.resolve import Upstream
from provisioning.schema import ATOM, Kind, Node
from provisioning.specs import CentreSpec, ServiceItem
from tests.fixtures.changes import changed, part, plan, release, sole, told, without

RELIEF = "zhou:temporary-relief"
PLACE = f"items[{RELIEF}].scope"
ONE_ITEM = Node(Kind.COLLECTION, item=Node(Kind.RECORD, {"days": ATOM, "name": ATOM}))


def scoped(standard: Upstream, text: str) -> CentreSpec:
    return changed(standard.centre, "items", RELIEF, scope=text)


def scope(centre: CentreSpec) -> str:
    return str(part(centre, "items", RELIEF).scope)


def atoms(base: Any, ours: Any, theirs: Any) -> tuple[Any, list[str]]:
    found: Merged = merge(base, ours, theirs, node=ATOM)
    return found.tree, [touch.code.value for touch in found.touches]


# Every case of the table, with None for what is absent.
TABLE = [
    ("b1", "b", "b", "b", "b", []),
    ("b1", "b", "n", "n", "n", ["CONVERGED"]),
    ("b1", None, "n", "n", "n", ["CONVERGED"]),
    ("b1", "b", None, None, None, ["CONVERGED"]),
    ("b2", "b", "b", "t", "t", ["TEMPLATE_CHANGED"]),
    ("b2 removal", "b", "b", None, None, ["TEMPLATE_REMOVED"]),
    ("b2 addition", None, None, "t", "t", ["TEMPLATE_CHANGED"]),
    ("b3", "b", "o", "b", "o", ["LOCAL_KEPT"]),
    ("b3 removal", "b", None, "b", None, ["LOCAL_REMOVAL_KEPT"]),
    ("b3 addition", None, "o", None, "o", ["LOCAL_KEPT"]),
    ("b4", "b", "o", "t", "o", ["CONFLICT_MM"]),
    ("b5", "b", None, "t", None, ["CONFLICT_DM"]),
    ("b6", "b", "o", None, "o", ["CONFLICT_MD"]),
    ("b7", None, "o", "t", "o", ["CONFLICT_AA"]),
]


@pytest.mark.parametrize(("case", "base", "ours", "theirs", "result", "codes"), TABLE)
def test_rule_b1_to_b7_the_table_of_one_value(
    case: str, base: Any, ours: Any, theirs: Any, result: Any, codes: list[str]
) -> None:
    assert atoms(base, ours, theirs) == (result, codes), case


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (1, True), ("1", True), (0, False)])
def test_rule_b1_values_of_different_types_are_different_values(one: Any, other: Any) -> None:
    assert atoms("b", one, other) == (one, ["CONFLICT_MM"])


def test_rule_b1_both_made_the_same_change(standard: Upstream) -> None:
    same = scoped(standard, "同一")
    assert told(plan(same, standard, release(standard, same))) == {PLACE: "CONVERGED"}


def test_rule_b2_the_standard_is_followed_where_nothing_is_local(standard: Upstream) -> None:
    made = plan(standard.centre, standard, release(standard, scoped(standard, "州")))
    assert told(made) == {PLACE: "TEMPLATE_CHANGED"}
    assert scope(made.changes.after) == "州"


def test_rule_b3_the_local_value_stands_while_the_standard_does(standard: Upstream) -> None:
    made = plan(scoped(standard, "鄉"), standard, release(standard))
    assert told(made) == {PLACE: "LOCAL_KEPT"}
    assert scope(made.changes.after) == "鄉"


def test_rule_b4_two_changes_of_one_value_are_a_question_and_the_local_one_stands(standard: Upstream) -> None:
    made = plan(scoped(standard, "鄉"), standard, release(standard, scoped(standard, "州")))
    assert sole(made).reason == "CONFLICT_MM"
    assert scope(made.changes.after) == "鄉"


def test_rule_b5_a_locally_removed_item_that_the_standard_changes_is_a_question(standard: Upstream) -> None:
    ours = without(standard.centre, "items", RELIEF)
    made = plan(ours, standard, release(standard, scoped(standard, "州")))
    assert sole(made).reason == "CONFLICT_DM"
    assert made.changes.after == ours


def test_rule_b6_an_item_that_the_standard_cancels_but_was_changed_here_is_a_question(
    standard: Upstream,
) -> None:
    ours = scoped(standard, "鄉")
    made = plan(ours, standard, release(standard, without(standard.centre, "items", RELIEF)))
    assert sole(made).reason == "CONFLICT_MD"
    assert made.changes.after == ours


def test_rule_b7_two_items_added_under_one_key_are_a_question_where_they_differ(standard: Upstream) -> None:
    base = release(standard, without(standard.centre, "fixtures", "zhou:printer"), number=1)
    printer = changed(standard.centre, "fixtures", "zhou:printer", note="鄉")
    theirs = changed(standard.centre, "fixtures", "zhou:printer", note="州")
    made = plan(printer, base, release(standard, theirs))
    assert told(made)["fixtures[zhou:printer].note"] == "CONFLICT_AA"
    assert part(made.changes.after, "fixtures", "zhou:printer").note == "鄉"


def test_rule_b8_a_centre_with_open_questions_is_a_valid_one(standard: Upstream) -> None:
    ours = without(scoped(standard, "鄉"), "fixtures", "zhou:screen")
    theirs = changed(scoped(standard, "州"), "fixtures", "zhou:screen", note="州")
    made = plan(ours, standard, release(standard, theirs))
    assert len(made.changes.conflicts) == 2
    assert CentreSpec.model_validate(made.changes.after.model_dump()) == made.changes.after == ours


def test_rule_b9_neither_side_is_taken_silently_against_the_other(standard: Upstream) -> None:
    ours, theirs = scoped(standard, "鄉"), scoped(standard, "州")
    made = plan(ours, standard, release(standard, theirs))
    (mark,) = made.changes.marks
    base = part(standard.centre, "items", RELIEF).scope
    assert (mark.kind, mark.value, mark.ours, mark.theirs) == (MarkKind.CONFLICT, base, "鄉", "州")


MEMBERS = [
    (
        ["戶口簿", "身份證"],
        ["戶口簿", "照片", "身份證"],
        ["申請表", "身份證"],
        ["照片", "申請表", "身份證"],
    ),
    (["a", "b"], ["a"], ["b"], None),
    (["a"], ["a", "b"], ["a", "c"], ["a", "b", "c"]),
    (["a", "b", "c"], ["b", "c"], ["a", "b"], ["b"]),
    (None, ["a"], ["b"], ["a", "b"]),
]


@pytest.mark.parametrize(("base", "ours", "theirs", "result"), MEMBERS)
def test_rule_b10_additions_and_removals_of_both_sides_hold_in_a_set(
    base: Any, ours: Any, theirs: Any, result: Any
) -> None:
    found = merge(base, ours, theirs, node=Node(Kind.SET))
    assert found.tree == (sorted(result) if result else None)
    assert not found.conflicts


def test_rule_b10_of_windows_that_handle_an_item_both_changes_hold(standard: Upstream) -> None:
    base = changed(standard.centre, "items", RELIEF, windows=["zhou:civil", "zhou:general"])
    ours = changed(base, "items", RELIEF, windows=["zhou:civil", "zhou:general", "zhou:medical"])
    theirs = changed(base, "items", RELIEF, windows=["zhou:civil", "zhou:social-security"])
    made = plan(ours, release(standard, base, number=1), release(standard, theirs))
    wanted = {"zhou:civil", "zhou:medical", "zhou:social-security"}
    assert part(made.changes.after, "items", RELIEF).windows == wanted
    assert not made.changes.conflicts


def test_rule_b10_a_set_that_would_fall_below_its_least_number_is_a_question(standard: Upstream) -> None:
    base = changed(standard.centre, "items", RELIEF, targets=["法人和其他組織", "自然人"])
    ours, theirs = (changed(base, "items", RELIEF, targets=[one]) for one in ("自然人", "法人和其他組織"))
    made = plan(ours, release(standard, base, number=1), release(standard, theirs))
    assert sole(made).reason == "CONFLICT_MM"
    assert made.changes.after == ours


@pytest.mark.parametrize(
    ("field", "value"), [("windows", "zhou:civil"), ("scope", ["a"]), ("materials", {"a": 1})]
)
def test_rule_b11_a_value_of_another_kind_never_reaches_a_plan(
    standard: Upstream, field: str, value: Any
) -> None:
    """Kinds are those of the program: they change with its version and its migrations, never with a release."""
    raw = part(standard.centre, "items", RELIEF).model_dump(mode="json")
    with pytest.raises(ValidationError):
        ServiceItem.model_validate({**raw, field: value})


def test_rule_b12_a_long_text_is_merged_whole_or_not_at_all(standard: Upstream) -> None:
    base = scoped(standard, "第一句。第二句。第三句。")
    ours = scoped(standard, "第一句（鄉）。第二句。第三句。")
    theirs = scoped(standard, "第一句。第二句。第三句（州）。")
    made = plan(ours, release(standard, base, number=1), release(standard, theirs))
    assert sole(made).reason == "CONFLICT_MM"
    assert scope(made.changes.after) == "第一句（鄉）。第二句。第三句。"


def test_rule_b12_articles_are_merged_by_their_keys_and_not_by_their_lines(standard: Upstream) -> None:
    regime = standard.centre.regimes[0]
    first, last = regime.articles[0].key, regime.articles[-1].key

    def rewritten(which: str, text: str) -> CentreSpec:
        articles = [
            {"key": one.key, "text": text if one.key == which else one.text} for one in regime.articles
        ]
        return changed(standard.centre, "regimes", regime.key, articles=articles)

    made = plan(rewritten(first, "鄉條文"), standard, release(standard, rewritten(last, "州條文")))
    texts = {one.key: one.text for one in part(made.changes.after, "regimes", regime.key).articles}
    assert first != last
    assert (texts[first], texts[last]) == ("鄉條文", "州條文")
    assert not made.changes.conflicts


def test_rule_b5_to_b7_presence_of_an_item_is_merged_like_a_value() -> None:
    old, mine, new = {"a": {"days": 20}}, {"a": {"days": 15}}, {"a": {"days": 10}}
    for base, ours, theirs, code in (
        (old, None, new, "DM"),
        (old, mine, None, "MD"),
        (None, mine, new, "AA"),
    ):
        found = merge(base, ours, theirs, node=ONE_ITEM)
        assert [touch.code for touch in found.touches] == [f"CONFLICT_{code}"]
        assert found.tree == ours
