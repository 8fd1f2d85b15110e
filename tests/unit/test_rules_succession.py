"""Rules P: townships that merge and split. Nothing is orphaned, nothing is lost, and nobody's word is overruled."""

from dataclasses import replace
from typing import Any

import pytest

from provisioning.canonical import content_hash
from provisioning.estate import Holding, How, Kind, Party
from provisioning.marks import Mark, MarkKind
from provisioning.plan import Reason
from provisioning.reconcile import open_questions
from provisioning.refusals import SuccessionRefused, below
from provisioning.resolve import Upstream
from provisioning.shares import by_category, with_money
from provisioning.shares import divided as shared
from provisioning.succession import merge_plan, split_plan
from tests.fixtures.changes import added, changed, keys, part, release, without
from tests.fixtures.townships import (
    DAY,
    A,
    B,
    C,
    after,
    check_whole,
    divided,
    fate,
    inactive,
    merged,
    money,
    party,
    people,
)

RELIEF, CABINET, CIVIL = "zhou:temporary-relief", "zhou:cabinet", "zhou:civil"
OWN = f"xiang:{A[:9]}:own"


def refused(act: Any, *arguments: Any, **more: Any) -> set[str]:
    with pytest.raises(SuccessionRefused) as told:
        act(*arguments, date=DAY, note="", **more)
    assert all(one.sentence and one.sentence.isprintable() for one in told.value.refusals)
    return set(told.value.codes)


def test_rule_p1_a_merger_that_makes_no_sense_is_refused_with_its_code(standard: Upstream) -> None:
    a, b = party(A, standard), party(B, standard)
    county = Party("522301000000", "某縣", standard, standard.centre)
    assert refused(merge_plan, [], b) == {"NO_SOURCE"}
    assert refused(merge_plan, [a], None) == {"NO_TARGET"}
    assert refused(merge_plan, [a, b], b) == {"TARGET_IS_SOURCE"}
    assert refused(merge_plan, [a, a], b) == {"SOURCE_TWICE"}
    assert refused(merge_plan, [county], b) == {"TARGET_BELOW_SOURCE"}
    assert refused(merge_plan, [a], inactive(b)) == {"TARGET_INACTIVE"}
    assert refused(merge_plan, [inactive(a)], b) == {"SOURCE_INACTIVE"}
    assert refused(merge_plan, [a], party(B, release(standard))) == {"RELEASES_DIFFER"}
    assert refused(merge_plan, [], None) == {"NO_SOURCE", "NO_TARGET"}


def test_rule_p1_a_split_that_makes_no_sense_is_refused_with_its_code(standard: Upstream) -> None:
    a, b, c = (party(code, standard) for code in (A, B, C))
    assert refused(split_plan, None, [b, c], B) == {"NO_SOURCE"}
    assert refused(split_plan, a, [b], B) == {"FEW_TARGETS"}
    assert refused(split_plan, a, [b, b], B) == {"FEW_TARGETS", "TARGET_TWICE"}
    assert refused(split_plan, a, [a, b], B) == {"SOURCE_IS_TARGET"}
    assert refused(split_plan, a, [b, c], None) == {"NO_PRIMARY"}
    assert refused(split_plan, a, [b, c], A) == {"PRIMARY_NOT_TARGET"}
    assert refused(split_plan, a, [b, inactive(c)], B) == {"TARGET_INACTIVE"}


def test_rule_p1_shares_that_do_not_add_up_are_refused_with_the_difference(standard: Upstream) -> None:
    a, b, c = (party(code, standard) for code in (A, B, C))
    with pytest.raises(SuccessionRefused, match=r"少 0\.01 元") as told:
        divided(a, b, c, shares={B: 150_000_000, C: 49_999_999})
    assert told.value.codes == ("SHARES_DIFFER",)
    more: dict[str, Any] = {"shares": {B: 1, A: standard.centre.envelope}}
    assert refused(split_plan, a, [b, c], B, **more) == {"SHARE_OF_NO_TARGET", "SHARES_DIFFER"}
    more = {"assigned": {("items", "zhou:none"): B, ("items", RELIEF): A}}
    assert refused(split_plan, a, [b, c], B, **more) == {"NOTHING_TO_ASSIGN", "ASSIGNED_TO_NO_TARGET"}


def test_rule_p1_below_is_told_by_the_digits_that_mean_something() -> None:
    assert below(A, "522301000000")
    assert below("522301001003", A)
    assert not below(B, A)
    assert not below(A, A)


def test_rule_p2_two_townships_with_nothing_of_their_own_become_one_with_the_money_of_both(
    standard: Upstream,
) -> None:
    made = merged(party(B, standard), party(A, standard))
    centre = after(made, B)
    assert centre.envelope == 2 * standard.centre.envelope
    alone = centre.model_copy(update={"envelope": standard.centre.envelope})
    assert content_hash(alone) == content_hash(standard.centre)
    assert not made.errors
    check_whole(made)


def test_rule_p2_what_is_local_to_a_source_moves_with_its_key(standard: Upstream) -> None:
    centre = added(standard.centre, "windows", CIVIL, OWN, name="夜間窗口")
    centre = added(centre, "items", RELIEF, OWN, name="本鄉事項", windows=frozenset({OWN}))
    made = merged(party(B, standard), party(A, standard, centre))
    assert part(after(made, B), "items", OWN) == part(centre, "items", OWN)
    assert fate(made, "items", OWN).how is How.MOVED
    assert fate(made, "items", RELIEF).how is How.JOINED
    check_whole(made)


def test_rule_p2_a_window_whose_number_is_taken_gets_the_next_free_one_and_is_told(
    standard: Upstream,
) -> None:
    own, last = part(standard.centre, "windows", CIVIL).number, len(standard.centre.windows)
    centre = added(standard.centre, "windows", CIVIL, OWN, name="夜間窗口")
    made = merged(party(B, standard), party(A, standard, centre))
    assert part(after(made, B), "windows", OWN).number == last + 1
    assert fate(made, "windows", OWN).note == f"原 {own} 號已有窗口，改為 {last + 1} 號"
    assert not made.errors


def test_rule_p2_what_one_of_them_has_taken_out_stays_where_the_other_has_it(standard: Upstream) -> None:
    lean = without(standard.centre, "items", RELIEF)
    for ours, theirs in ((lean, standard.centre), (standard.centre, lean)):
        made = merged(party(B, standard, ours), party(A, standard, theirs))
        assert part(after(made, B), "items", RELIEF) == part(standard.centre, "items", RELIEF)
        check_whole(made)
    both = merged(party(B, standard, lean), party(A, standard, lean))
    assert RELIEF not in keys(after(both, B), "items")


def test_rule_p2_what_is_on_hand_adds_up(standard: Upstream) -> None:
    a, b = (changed(standard.centre, "fixtures", CABINET, on_hand=count) for count in (2, 3))
    made = merged(party(B, standard, b), party(A, standard, a))
    assert part(after(made, B), "fixtures", CABINET).on_hand == 5
    assert fate(made, "fixtures", CABINET).note == "現有數量合計 5"
    assert not made.results[0].asked


def test_rule_p2_the_hall_is_the_heirs_own_or_the_first_that_is_arranged(standard: Upstream) -> None:
    large, larger = (changed(standard.centre, "hall", None, width=width) for width in (30_000, 40_000))
    taken = merged(party(C, standard), party(A, standard, large), party(B, standard, larger))
    assert after(taken, C).hall == large.hall
    assert fate(taken, "hall", "").unit == C
    assert "原址" in fate(taken, "hall", "", B).reason
    kept = merged(party(C, standard, larger), party(A, standard, large))
    assert after(kept, C).hall == larger.hall
    for made in (taken, kept):
        check_whole(made)


def test_rule_p2_every_category_has_the_fen_of_both_even_where_shares_are_too_coarse(
    standard: Upstream,
) -> None:
    odd = standard.centre.model_copy(update={"envelope": 100_000_001})
    odd = changed(odd, "budget", odd.budget[0].key, share=odd.budget[0].share - 1)
    odd = changed(odd, "budget", odd.budget[1].key, share=odd.budget[1].share + 1)
    made = merged(party(B, standard), party(A, standard, odd))
    assert money(after(made, B)) == money(standard.centre, odd)
    assert sum(line.share for line in after(made, B).budget) == 10_000
    check_whole(made)


def test_rule_p2_a_split_gives_every_heir_its_fen_and_the_first_what_is_left(standard: Upstream) -> None:
    source = standard.centre.model_copy(update={"envelope": 100_000_001})
    made = divided(party(A, standard, source), party(B, standard), party(C, standard))
    own = standard.centre.envelope
    assert [after(made, code).envelope - own for code in (B, C)] == [50_000_001, 50_000_000]
    check_whole(made)
    told = divided(
        party(A, standard, source), party(B, standard), party(C, standard), shares={C: 1, B: 100_000_000}
    )
    assert [after(told, code).envelope - own for code in (B, C)] == [100_000_000, 1]
    check_whole(told)


def test_rule_p2_a_split_gives_an_heir_what_is_assigned_to_it_and_the_primary_one_the_rest(
    standard: Upstream,
) -> None:
    centre = added(standard.centre, "items", RELIEF, OWN, name="本鄉事項")
    centre = changed(centre, "items", RELIEF, scope="本鄉另有範圍")
    centre = changed(centre, "fixtures", CABINET, on_hand=4)
    made = divided(
        party(A, standard, centre, holdings=people("li", "wang")),
        party(B, standard),
        party(C, standard, changed(standard.centre, "fixtures", CABINET, on_hand=1)),
        assigned={("items", OWN): C, ("membership", "wang:township_director"): C},
    )
    assert OWN in keys(after(made, C), "items")
    assert OWN not in keys(after(made, B), "items")
    assert part(after(made, B), "items", RELIEF).scope == "本鄉另有範圍"
    assert part(after(made, C), "items", RELIEF) == part(standard.centre, "items", RELIEF)
    counts = [part(after(made, code), "fixtures", CABINET).on_hand for code in (B, C)]
    assert counts == [4, 1]
    assert fate(made, "membership", "wang:township_director").unit == C
    assert fate(made, "membership", "li:township_director").unit == B
    check_whole(made)


def test_rule_p2_an_item_that_would_lose_its_window_makes_the_plan_one_to_read_only(
    standard: Upstream,
) -> None:
    centre = added(standard.centre, "windows", CIVIL, OWN, number=90)
    centre = changed(added(centre, "items", RELIEF, OWN), "items", OWN, windows=[OWN])
    parties = party(A, standard, centre), party(B, standard), party(C, standard)
    broken = divided(*parties, assigned={("items", OWN): C})
    assert len(broken.errors) == 1
    assert "丙鎮" in broken.errors[0]
    whole = divided(*parties, assigned={("items", OWN): C, ("windows", OWN): C})
    assert whole.errors == ()


def test_rule_p2_what_the_host_keeps_moves_or_ends_with_a_reason(standard: Upstream) -> None:
    open_ones = (Kind.INVITATION, Kind.APPROVAL, Kind.JOB, Kind.MESSAGE, Kind.POSTING)
    holdings = (*people("li", "wang"), Holding(Kind.PICTURE, "map"), Holding(Kind.PICTURE, "photo"))
    holdings += tuple(Holding(kind, "1") for kind in open_ones)
    made = merged(
        party(B, standard, holdings=(*people("li"), Holding(Kind.PICTURE, "map"))),
        party(A, standard, holdings=holdings),
    )
    assert fate(made, "membership", "wang:township_director").unit == B
    assert "已任同一角色" in fate(made, "membership", "li:township_director").reason
    assert fate(made, "picture", "photo").unit == B
    assert "已有" in fate(made, "picture", "map").reason
    assert all(fate(made, kind, "1").how is How.RETIRED for kind in open_ones)
    check_whole(made)


def test_rule_p2_the_second_source_finds_what_the_first_has_brought(standard: Upstream) -> None:
    photo = (Holding(Kind.PICTURE, "photo"),)
    made = merged(party(C, standard), *(party(code, standard, holdings=photo) for code in (A, B)))
    assert fate(made, "picture", "photo").unit == C
    assert fate(made, "picture", "photo", B).how is How.RETIRED


def test_rule_p4_two_values_of_the_same_item_are_a_question_and_neither_is_lost(standard: Upstream) -> None:
    a, b, c = (
        party(code, standard, changed(standard.centre, "items", RELIEF, scope=code)) for code in (A, B, C)
    )
    made = merged(c, a, b)
    assert part(after(made, C), "items", RELIEF).scope == C
    told = {mark.origin: (mark.code, mark.value, mark.ours, mark.theirs) for mark in made.results[0].asked}
    old = part(standard.centre, "items", RELIEF).scope
    assert told == {code: (Reason.CONFLICT_AA, old, C, code) for code in (A, B)}
    assert fate(made, "items", RELIEF).how is How.ASKED
    check_whole(made)


def test_rule_p4_without_a_value_of_the_heirs_the_first_source_stands(standard: Upstream) -> None:
    a, b = (party(code, standard, changed(standard.centre, "items", RELIEF, scope=code)) for code in (A, B))
    for first, second in ((a, b), (b, a)):
        made = merged(party(C, standard), first, second)
        assert part(after(made, C), "items", RELIEF).scope == first.code
        assert [mark.origin for mark in made.results[0].asked] == [second.code]


def test_rule_p4_the_same_value_twice_is_no_question(standard: Upstream) -> None:
    same = changed(standard.centre, "items", RELIEF, scope="同")
    made = merged(party(B, standard, same), party(A, standard, same))
    assert made.results[0].asked == ()
    assert part(after(made, B), "items", RELIEF).scope == "同"


def test_rule_p4_a_value_that_the_heir_has_pinned_is_not_overruled(standard: Upstream) -> None:
    path = ("items", RELIEF, "scope")
    pin = Mark(MarkKind.PIN, path, "pin", part(standard.centre, "items", RELIEF).scope)
    other = changed(standard.centre, "items", RELIEF, scope="另")
    made = merged(party(B, standard, marks=(pin,)), party(A, standard, other))
    assert after(made, B).items == standard.centre.items
    assert [mark.path for mark in made.results[0].asked] == [path]


def test_rule_p2_a_question_that_was_open_goes_on_where_its_value_stands(standard: Upstream) -> None:
    old = Mark(
        MarkKind.CONFLICT,
        ("items", RELIEF, "scope"),
        "0" * 16,
        "舊",
        "CONFLICT_MM",
        ours="甲",
        theirs=part(standard.centre, "items", RELIEF).scope,
    )
    asking = party(A, standard, changed(standard.centre, "items", RELIEF, scope="甲"), marks=(old,))
    made = merged(party(B, standard), asking)
    assert made.results[0].marks == (old,)
    assert fate(made, "mark", old.id).unit == B
    assert open_questions(B, standard, after(made, B), made.results[0].marks) == (old,)
    other = party(B, standard, changed(standard.centre, "items", RELIEF, scope="乙"))
    over = merged(other, asking)
    assert "不生效" in fate(over, "mark", old.id).reason
    assert [mark.origin for mark in over.results[0].marks] == [A]
    for one in (made, over):
        check_whole(one)


def test_rule_p2_a_plan_is_the_same_bytes_for_the_same_input_and_another_for_another(
    standard: Upstream,
) -> None:
    one, again = (merged(party(B, standard), party(A, standard)) for _ in range(2))
    assert one.data() == again.data()
    other = merged(party(B, standard), party(A, standard, holdings=people("li")))
    assert one.hash != other.hash
    assert all("[" not in sentence and "zhou:" not in sentence for sentence in one.sentences)


@pytest.mark.parametrize(
    ("totals", "parts"),
    [({"甲": 10, "乙": 7, "丙": 0}, [5, 11, 1]), ({"甲": 1, "乙": 1}, [1, 1]), ({"甲": 0}, [0, 0])],
)
def test_rule_p2_several_amounts_over_several_heirs_lose_no_fen(
    totals: dict[str, int], parts: list[int]
) -> None:
    found = shared(totals, parts)
    assert [sum(one.values()) for one in found] == parts
    assert {name: sum(one[name] for one in found) for name in totals} == totals


def test_rule_p2_what_the_heirs_standard_does_not_have_ends_unless_somebody_made_it_their_own(
    standard: Upstream,
) -> None:
    lean = replace(standard, centre=without(standard.centre, "items", RELIEF), overlay="1" * 64)
    made = merged(party(B, lean), party(A, standard))
    assert RELIEF not in keys(after(made, B), "items")
    assert "標準不設" in fate(made, "items", RELIEF).reason
    own = party(A, standard, changed(standard.centre, "items", RELIEF, scope="本地"))
    kept = merged(party(B, lean), own)
    assert part(after(kept, B), "items", RELIEF).scope == "本地"
    assert [mark.code for mark in kept.results[0].marks] == [Reason.CONFLICT_MD]
    for one in (made, kept):
        check_whole(one)


def test_rule_p2_fixed_amounts_give_way_in_proportion_when_the_envelope_changes(standard: Upstream) -> None:
    names = [line.category.value for line in standard.centre.budget]
    fixed = with_money(standard.centre, dict(zip(names, (1, 2, 4), strict=True)))
    doubled = fixed.model_copy(update={"envelope": 14})
    assert [*by_category(doubled).values()] == [2, 4, 8]


def test_rule_p2_a_pin_goes_on_only_where_the_value_that_it_holds_stands(standard: Upstream) -> None:
    path = ("items", RELIEF, "scope")
    pin = Mark(MarkKind.PIN, path, "pin", part(standard.centre, "items", RELIEF).scope)
    source = party(A, standard, marks=(pin,))
    made = merged(party(B, standard), source)
    assert made.results[0].marks == (pin,)
    other = changed(standard.centre, "items", RELIEF, scope="另")
    over = merged(party(B, standard, other), source)
    assert over.results[0].marks == ()
    assert "不生效" in fate(over, "mark", pin.id).reason
