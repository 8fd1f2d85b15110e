"""Why a value is what it is: who had a say, who won, and what became of the others (rules K1 to K3)."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.annals import Chapter
from provisioning.explain import explain, names_of
from provisioning.explanation import Above, Explanation, Status
from provisioning.marks import Mark, MarkKind, Marks
from provisioning.places import PlaceUnknown, read_place
from provisioning.resolve import Layer, Upstream
from provisioning.specs import CentreSpec, Overlay, UnitKind
from provisioning.specs.pack import Policy
from provisioning.telling import place_words, sentence
from tests.fixtures.annals import DIRECTOR, OPENER, above, annals, chapter, day, pack_of, under
from tests.fixtures.changes import (
    OWN,
    added,
    changed,
    keys,
    move,
    ordered,
    part,
    plan,
    release,
    rule,
    ruled,
    without,
)
from tests.fixtures.life import small_standard

ITEM, PEN = "zhou:temporary-relief", "zhou:pen"
HERE = ("items", ITEM, "result")
OVERLAY = Overlay.model_validate(
    {
        "county": "522301",
        "version": 3,
        "title": "縣補充",
        "profile": {"slogan": "縣的宗旨"},
        "change": {"items": {ITEM: {"result": "縣的結果"}}},
        "remove": {"fixtures": [PEN]},
    }
)
Said = list[tuple[Layer, Status]]


@pytest.fixture
def standard() -> Upstream:
    return small_standard()


@pytest.fixture
def county(standard: Upstream) -> Upstream:
    return under(standard, OVERLAY)


def said(told: Explanation) -> Said:
    return [(one.layer, one.status) for one in told.contributions]


def words(told: Explanation, chapters: list[Chapter], layers: Above) -> str:
    return sentence(told, names_of(chapters, layers))


def upgraded(centre: CentreSpec, base: Upstream, target: Upstream, number: int, marks: Marks = ()) -> Chapter:
    made = plan(centre, base, target, marks)
    return chapter(number, made.changes.after, target, made.changes.marks, "州平台", "升級")


# K1: ordered contributions, one of which has won ----------------------------------------------------------------


def test_rule_k1_an_untouched_value_is_the_prefectures(standard: Upstream) -> None:
    told = explain(HERE, annals(standard), above(standard))
    assert said(told) == [(Layer.PREFECTURE, Status.WON)]
    assert told.winner.value == part(standard.centre, "items", ITEM).result
    assert told.winner.release == standard.number


def test_rule_k1_the_layers_stand_in_order_and_the_lowest_that_spoke_has_won(county: Upstream) -> None:
    mine = changed(county.centre, "items", ITEM, result="鄉的結果")
    told = explain(HERE, annals(county, mine), above(small_standard(), overlays=[OVERLAY]))
    assert said(told) == [
        (Layer.PREFECTURE, Status.OVERRIDDEN),
        (Layer.COUNTY, Status.OVERRIDDEN),
        (Layer.TOWNSHIP, Status.WON),
    ]
    first, second, third = told.contributions
    assert first.value == part(small_standard().centre, "items", ITEM).result
    assert (second.value, second.release) == ("縣的結果", 3)
    assert (third.value, third.actor, third.moment, third.reason) == ("鄉的結果", DIRECTOR, day(2), "第2次")


def test_rule_k1_the_county_wins_where_it_writes_and_the_township_does_not(county: Upstream) -> None:
    told = explain(HERE, annals(county), above(small_standard(), overlays=[OVERLAY]))
    assert said(told) == [(Layer.PREFECTURE, Status.OVERRIDDEN), (Layer.COUNTY, Status.WON)]
    assert told.winner.value == "縣的結果"


def test_rule_k1_who_set_a_value_last_is_who_made_it_what_it_is(standard: Upstream) -> None:
    first = changed(standard.centre, "items", ITEM, result="甲")
    other = changed(first, "profile", None, slogan="別的")
    back = changed(other, "items", ITEM, result="乙")
    again = changed(back, "items", ITEM, result="甲")
    chapters = annals(standard, first, other, back, again)
    assert explain(HERE, chapters, above(standard)).winner.revision == 5
    assert explain(HERE, chapters[:3], above(standard)).winner.revision == 2


def test_rule_k1_one_sentence_tells_the_whole_chain_without_path_syntax(county: Upstream) -> None:
    mine = changed(county.centre, "items", ITEM, promised_limit={"days": 3, "unit": "工作日"})
    layers, chapters = above(small_standard(), overlays=[OVERLAY]), annals(county, mine)
    text = words(explain(("items", ITEM, "promised_limit"), chapters, layers), chapters, layers)
    assert text.startswith("事項〔臨時救助申請〕的承諾時限現為 3 個工作日：州標準第 1 版")
    assert "本鄉由主任於2026年3月4日改為 3 個工作日（第2次），以本鄉為準" in text
    assert text.count("。") == 1
    assert not any(sign in text for sign in ("items", "[", "zhou:", "promised"))


# K2: complete and sound -----------------------------------------------------------------------------------------


def test_rule_k2_an_open_conflict_names_the_new_standard_and_the_old_base(standard: Upstream) -> None:
    mine = changed(standard.centre, "items", ITEM, result="鄉的結果")
    second = release(standard, changed(standard.centre, "items", ITEM, result="州的新結果"))
    chapters = [*annals(standard, mine), upgraded(mine, standard, second, 3)]
    told = explain(HERE, chapters, above(standard, second))
    assert said(told) == [(Layer.PREFECTURE, Status.PENDING), (Layer.TOWNSHIP, Status.WON)]
    pending = told.contributions[0]
    assert (pending.value, pending.base) == ("州的新結果", part(standard.centre, "items", ITEM).result)
    assert told.winner.revision == 2
    assert "待本地決定" in words(told, chapters, above(standard, second))


def test_rule_k2_a_value_that_a_lock_suspended_is_listed_with_the_lock(standard: Upstream) -> None:
    mine = changed(standard.centre, "items", ITEM, result="鄉的結果")
    locked = release(ruled(standard, rule("items[*].result", Policy.LOCKED)))
    chapters = [*annals(standard, mine), upgraded(mine, standard, locked, 3)]
    told = explain(HERE, chapters, above(standard, locked))
    assert said(told) == [
        (Layer.PREFECTURE, Status.WON),
        (Layer.TOWNSHIP, Status.SUSPENDED),
        (Layer.PREFECTURE, Status.LOCKED),
    ]
    suspended = told.contributions[1]
    assert (suspended.value, suspended.actor, suspended.revision) == ("鄉的結果", DIRECTOR, 2)
    assert told.contributions[2].reason == "理由（來源）"


def test_rule_k2_a_lock_of_the_county_is_the_countys(standard: Upstream) -> None:
    overlay = OVERLAY.model_copy(update={"tighten": (rule("items[*].scope", Policy.LOCKED),)})
    told = explain(
        ("items", ITEM, "scope"), annals(under(standard, overlay)), above(standard, overlays=[overlay])
    )
    assert said(told) == [(Layer.PREFECTURE, Status.WON), (Layer.COUNTY, Status.LOCKED)]


def test_rule_k2_a_pin_is_listed_with_who_put_it(standard: Upstream) -> None:
    pin = Mark(MarkKind.PIN, HERE, "pin", part(standard.centre, "items", ITEM).result, reason="領導要求")
    chapters = [*annals(standard), chapter(2, standard.centre, standard, (pin,), actor="書記")]
    told = explain(HERE, chapters, above(standard))
    assert said(told) == [(Layer.PREFECTURE, Status.WON), (Layer.TOWNSHIP, Status.PINNED)]
    assert (told.contributions[1].actor, told.contributions[1].reason) == ("書記", "領導要求")


def test_rule_k2_the_policy_that_governs_is_named_with_its_layer(standard: Upstream) -> None:
    bounded = ruled(standard, rule(f"items[{ITEM}].promised_limit", Policy.BOUNDED, maximum=7))
    chapters, layers = annals(bounded), above(bounded)
    told = explain(("items", ITEM, "promised_limit"), chapters, layers)
    assert told.ruling is not None
    assert (told.ruling.layer, told.ruling.rule.maximum) == (Layer.PREFECTURE, 7)
    assert "州規定上限為 7 天（理由）" in words(told, chapters, layers)


def test_rule_k2_a_county_that_wrote_elsewhere_is_not_listed(county: Upstream) -> None:
    layers = above(small_standard(), overlays=[OVERLAY])
    for path in (("items", ITEM, "scope"), ("items",), ("windows",), ("profile", "hotline"), ("envelope",)):
        assert said(explain(path, annals(county), layers)) == [(Layer.PREFECTURE, Status.WON)], path
    assert said(explain(("fixtures",), annals(county), layers))[-1] == (Layer.COUNTY, Status.WON)


def test_rule_k2_a_county_that_changed_what_is_cancelled_now_did_not_cancel_it(standard: Upstream) -> None:
    second = under(release(standard, without(standard.centre, "items", ITEM)), OVERLAY)
    releases = (standard, release(standard, without(standard.centre, "items", ITEM)))
    told = explain(("items", ITEM), annals(second), above(*releases, overlays=[OVERLAY]))
    assert said(told) == [(Layer.PREFECTURE, Status.WON)]
    assert told.winner.act == "cancelled"


def test_rule_k2_what_a_county_leaves_empty_or_says_no_to_is_not_cancelled(standard: Upstream) -> None:
    change = {"windows": {"zhou:civil": {"low_counter": False}}, "fixtures": {"zhou:cabinet": {"note": None}}}
    overlay = OVERLAY.model_copy(update={"change": change})
    for path in (("windows", "zhou:civil", "low_counter"), ("fixtures", "zhou:cabinet", "note")):
        told = explain(path, annals(under(standard, overlay)), above(standard, overlays=[overlay]))
        assert (told.winner.layer, told.winner.act) == (Layer.COUNTY, "")


def test_rule_k2_an_item_of_the_townships_own_has_nobody_above_it(standard: Upstream) -> None:
    key = f"{OWN}own"
    mine = added(standard.centre, "items", ITEM, key)
    chapters = annals(standard, mine)
    for path in (("items", key), ("items", key, "result"), ("items", key, "code")):
        told = explain(path, chapters, above(standard))
        assert said(told) == [(Layer.TOWNSHIP, Status.WON)], path
        assert told.winner.revision == 2
    assert "自行增設" in words(explain(("items", key), chapters, above(standard)), chapters, above(standard))


def test_rule_k2_a_local_override_survives_a_change_of_key_with_its_author(standard: Upstream) -> None:
    mine = changed(standard.centre, "items", ITEM, result="鄉的結果")
    items = tuple(
        item.model_copy(update={"key": "zhou:relief"}) if item.key == ITEM else item
        for item in standard.centre.items
    )
    second = release(
        standard,
        standard.centre.model_copy(update={"items": items}),
        moves=(move("temporary-relief", "relief"),),
    )
    chapters = [*annals(standard, mine), upgraded(mine, standard, second, 3)]
    told = explain(("items", "zhou:relief", "result"), chapters, above(standard, second))
    assert (told.winner.value, told.winner.revision) == ("鄉的結果", 2)
    gone = explain(("items", ITEM), chapters, above(standard, second))
    assert (gone.winner.layer, gone.winner.act, gone.winner.reason) == (
        Layer.PREFECTURE,
        "moved",
        "zhou:relief",
    )


# K3: what is not there, order, any past date ----------------------------------------------------------------------


def test_rule_k3_an_item_that_the_township_removed_says_who_and_when(standard: Upstream) -> None:
    chapters = annals(standard, without(standard.centre, "fixtures", PEN))
    told = explain(("fixtures", PEN), chapters, above(standard))
    assert said(told) == [(Layer.PREFECTURE, Status.OVERRIDDEN), (Layer.TOWNSHIP, Status.WON)]
    assert (told.value, told.winner.value, told.winner.actor) == (None, None, DIRECTOR)
    text = words(told, chapters, above(standard))
    assert "現在沒有" in text
    assert "由主任於2026年3月4日刪去" in text


def test_rule_k3_an_item_that_the_county_removed_says_so(county: Upstream) -> None:
    told = explain(("fixtures", PEN), annals(county), above(small_standard(), overlays=[OVERLAY]))
    assert said(told) == [(Layer.PREFECTURE, Status.OVERRIDDEN), (Layer.COUNTY, Status.WON)]
    assert told.winner.value is None


def test_rule_k3_an_item_that_a_release_cancelled_names_the_release(standard: Upstream) -> None:
    second = release(standard, without(standard.centre, "fixtures", PEN))
    third = release(second, changed(second.centre, "items", ITEM, result="新"), number=3)
    chapters = [*annals(standard), upgraded(standard.centre, standard, third, 2)]
    told = explain(("fixtures", PEN, "note"), chapters, above(standard, second, third))
    assert told.path == ("fixtures", PEN)
    assert said(told) == [(Layer.PREFECTURE, Status.WON)]
    assert (told.winner.release, told.winner.moment, told.winner.act) == (2, day(-98), "cancelled")


def test_rule_k3_an_item_of_the_townships_own_that_is_gone_says_who_removed_it(standard: Upstream) -> None:
    key = f"{OWN}own"
    mine = added(standard.centre, "fixtures", PEN, key, name="本地筆架")
    chapters = annals(standard, mine, standard.centre)
    told = explain(("fixtures", key), chapters, above(standard))
    assert said(told) == [(Layer.TOWNSHIP, Status.WON)]
    assert (told.winner.value, told.winner.revision) == (None, 3)
    assert "設施〔本地筆架〕現在沒有" in words(told, chapters, above(standard))


def test_rule_k3_an_item_for_another_kind_of_unit_is_listed_as_not_applicable(standard: Upstream) -> None:
    items = tuple(
        item.model_copy(update={"only_for": frozenset({UnitKind.STREET})}) if item.key == ITEM else item
        for item in standard.centre.items
    )
    pack = pack_of(replace(standard, centre=standard.centre.model_copy(update={"items": items})))
    here = replace(standard, centre=without(standard.centre, "items", ITEM))
    told = explain(("items", ITEM), annals(here), above(pack))
    assert said(told) == [(Layer.PREFECTURE, Status.NOT_APPLICABLE), (Layer.PREFECTURE, Status.WON)]
    assert told.winner.value is None


def test_rule_k3_the_order_of_a_collection_is_explained(standard: Upstream) -> None:
    last = keys(standard.centre, "items")[-1]
    mine = ordered(standard.centre, "items", last)
    told = explain(("items",), annals(standard, mine), above(standard))
    assert said(told) == [(Layer.PREFECTURE, Status.OVERRIDDEN), (Layer.TOWNSHIP, Status.WON)]
    assert told.winner.value == keys(mine, "items")
    assert told.place == "items.order"


def test_rule_k3_what_it_was_on_any_day_is_told_as_it_was_then(standard: Upstream) -> None:
    mine = changed(standard.centre, "items", ITEM, result="鄉的結果")
    second = release(standard, changed(standard.centre, "items", ITEM, result="州的新結果"))
    chapters = [*annals(standard, mine), upgraded(mine, standard, second, 3)]
    then = explain(HERE, chapters[:1], above(standard))
    assert (then.winner.layer, then.winner.actor == OPENER) == (Layer.PREFECTURE, False)
    later = explain(HERE, chapters[:2], above(standard))
    assert said(later) == [(Layer.PREFECTURE, Status.OVERRIDDEN), (Layer.TOWNSHIP, Status.WON)]


def test_rule_k3_what_never_was_is_no_place(standard: Upstream) -> None:
    with pytest.raises(LookupError):
        explain(("items", "zhou:never"), annals(standard), above(standard))
    with pytest.raises(KeyError):
        explain(("items", ITEM, "nothing"), annals(standard), above(standard))


# places, as people write them ---------------------------------------------------------------------------------


@pytest.fixture
def names(standard: Upstream) -> Mapping[tuple[str, str], str]:
    return names_of(annals(standard), above(standard))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f"items[{ITEM}].result", HERE),
        ("items.order", ("items",)),
        ("profile.hotline", ("profile", "hotline")),
        ("envelope", ("envelope",)),
        ("事項〔臨時救助申請〕的辦理結果", HERE),
        ("臨時救助申請 辦理結果", HERE),
        ("熱線電話", ("profile", "hotline")),
        ("建設資金總額", ("envelope",)),
        ("窗口的排列次序", ("windows",)),
        ("事項〔臨時救助申請〕", ("items", ITEM)),
    ],
)
def test_a_place_is_read_in_words_and_in_the_written_form(
    standard: Upstream, names: Mapping[tuple[str, str], str], text: str, path: tuple[str, ...]
) -> None:
    assert read_place(text, [standard.centre], names) == path


@pytest.mark.parametrize(
    ("text", "near"),
    [
        (f"items[{ITEM}].resul", f"items[{ITEM}].result"),
        ("items[zhou:temporary-relieve].result", f"items[{ITEM}].result"),
        ("臨時救濟申請的辦理結果", "事項〔臨時救助申請〕的辦理結果"),
    ],
)
def test_an_unknown_place_is_answered_with_near_ones(
    standard: Upstream, names: Mapping[tuple[str, str], str], text: str, near: str
) -> None:
    with pytest.raises(PlaceUnknown) as refusal:
        read_place(text, [standard.centre], names)
    assert near in refusal.value.near


def test_every_place_in_words_leads_back_to_itself(
    standard: Upstream, names: Mapping[tuple[str, str], str]
) -> None:
    for path in (HERE, ("items", ITEM), ("profile", "address"), ("fixtures", PEN, "note"), ("hall", "width")):
        assert read_place(place_words(path, names), [standard.centre], names) == path
