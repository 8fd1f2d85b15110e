"""A common standard out of centres that are there, without losing anything of theirs (rules L1 to L4)."""

from typing import Any

import pytest

from provisioning.canonical import content_hash
from provisioning.extract import (
    ExtractionRefused,
    Source,
    extract,
    overlay_of,
    provisioned,
    resolved,
)
from provisioning.matching import Match
from provisioning.parameters import parameterised, rendered
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from tests.fixtures.changes import added, keys, ordered, part, without
from tests.fixtures.life import small_standard
from tests.fixtures.taken import NAMES, UNITS, own, source

ITEM = "zhou:temporary-relief"
WORDS = {"unit_name": "黃草街道", "hotline": "0000-1", "address": "黃草街道虛構路"}


def with_own(place: int, section: str, like: str, key: str, **fields: Any) -> Source:
    centre = added(small_standard().centre, section, like, f"{own(place)}{key}", **fields)
    return source(place, centre=centre)


def result(place: int, text: str) -> Source:
    return source(place, ["items", ITEM, "result", text])


def given_back(sources: list[Source], **options: Any) -> CentreSpec:
    """The common standard, once every centre was given back exactly."""
    made = extract(sources, **options)
    for one, overlay in zip(sources, made.overlays, strict=True):
        assert resolved(made.template, overlay) == one.centre
        assert resolved(made.template, overlay_of(overlay.data())) == one.centre
    return made.template


# L1: lossless ------------------------------------------------------------------------------------------------------


def test_rule_l1_every_centre_is_given_back_with_its_order_and_its_own_items() -> None:
    first = source(
        0, centre=ordered(small_standard().centre, "items", keys(small_standard().centre, "items")[-1])
    )
    second = with_own(1, "items", ITEM, "own", name="本地一項", code="X-1")
    third = source(2, centre=without(small_standard().centre, "fixtures", "zhou:pen"))
    given_back([first, second, third])


def test_rule_l1_what_means_nothing_by_itself_is_given_back_too() -> None:
    """The order of what is sorted by key, and envelopes and halls that no county could change."""
    base = small_standard().centre
    turned = base.model_copy(update={"fixtures": base.fixtures[::-1], "envelope": 1_000})
    given_back([source(0), source(1, ["hall", None, "width", 9_000], centre=turned)])


def test_rule_l1_keys_of_their_own_come_back_where_others_point_at_them() -> None:
    sources = []
    for place in (0, 1):
        centre = added(
            small_standard().centre, "windows", "zhou:civil", f"{own(place)}desk", number=9, name="咨詢窗口"
        )
        changes = ["items", ITEM, "windows", [f"{own(place)}desk"]]
        sources.append(source(place, changes, centre=centre))
    template = given_back(sources)
    assert part(template, "items", ITEM).windows == {f"{own(0)}desk"}
    assert not extract(sources).overlays[1].changes


# L2: the majority, matched by natural key or by a reviewed list ---------------------------------------------------


def test_rule_l2_of_each_place_the_value_of_most_is_common() -> None:
    template = given_back([result(0, "甲"), result(1, "乙"), result(2, "乙")])
    assert part(template, "items", ITEM).result == "乙"


def test_rule_l2_of_as_many_the_first_listed_has_its_way() -> None:
    assert part(given_back([result(1, "乙"), result(0, "甲")]), "items", ITEM).result == "乙"


def test_rule_l2_what_fewer_than_the_threshold_have_stays_local() -> None:
    sources = [with_own(0, "items", ITEM, "own", name="一項", code="X-1"), source(1), source(2)]
    assert keys(given_back(sources), "items") == keys(small_standard().centre, "items")
    assert f"{own(0)}own" in keys(given_back(sources, threshold=1), "items")


def test_rule_l2_the_same_code_is_the_same_item_and_its_place_means_nothing() -> None:
    first = with_own(0, "items", ITEM, "own", name="甲鄉叫法", code="X-1")
    centre = added(
        small_standard().centre, "items", ITEM, f"{own(1)}other", at=0, name="乙鄉叫法", code="X-1"
    )
    template = given_back([first, source(1, centre=centre)])
    assert keys(template, "items").count(f"{own(0)}own") == 1
    assert f"{own(1)}other" not in keys(template, "items")
    assert part(template, "items", f"{own(0)}own").name == "甲鄉叫法"


def test_rule_l2_windows_are_matched_by_number_and_name() -> None:
    sources = [
        with_own(place, "windows", "zhou:civil", f"desk-{place}", number=9, name=name)
        for place, name in enumerate(("咨詢窗口", "咨詢窗口", "另一窗口"))
    ]
    template = given_back(sources)
    assert f"{own(0)}desk-0" in keys(template, "windows")
    assert len(template.windows) == len(small_standard().centre.windows) + 1
    # The same number over another name is another window: each of the two stays with its township.
    assert given_back(sources[1:]).windows == small_standard().centre.windows


def test_rule_l2_what_only_a_reviewed_list_knows_to_be_one_is_matched_by_it() -> None:
    first = with_own(0, "items", ITEM, "own", name="甲鄉叫法", code="X-1")
    second = with_own(1, "items", ITEM, "other", name="乙鄉叫法", code="Y-2")
    assert len(given_back([first, second]).items) == len(small_standard().centre.items)
    match = Match("items", ((UNITS[0], f"{own(0)}own"), (UNITS[1], f"{own(1)}other")))
    template = given_back([first, second], matches=[match])
    assert len(template.items) == len(small_standard().centre.items) + 1


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (((UNITS[0], ITEM), (UNITS[1], "zhou:old-age-allowance")), "兩項併成一項"),
        (((UNITS[0], "zhou:never"), (UNITS[1], ITEM)), "沒有「zhou:never」"),
    ],
)
def test_rule_l2_a_match_that_cannot_be_is_refused(members: Any, reason: str) -> None:
    with pytest.raises(ExtractionRefused, match=reason):
        extract([source(0), source(1)], matches=[Match("items", members)])


def test_rule_l2_a_pointer_at_what_stays_local_is_not_common() -> None:
    centre = added(
        small_standard().centre, "windows", "zhou:civil", f"{own(0)}desk", number=9, name="咨詢窗口"
    )
    moved = source(0, ["items", ITEM, "windows", [f"{own(0)}desk", "zhou:civil"]], centre=centre)
    template = given_back([moved, source(1)])
    assert part(template, "items", ITEM).windows == {"zhou:civil"}


# L3: of one, and provisioned again --------------------------------------------------------------------------------


def test_rule_l3_of_one_centre_nothing_is_its_own() -> None:
    only = with_own(0, "items", ITEM, "own", name="黃草街道的一項", code="X-1")
    made = extract([only])
    assert not made.overlays[0]
    assert provisioned(made.template, only.attributes) == only.centre


def test_rule_l3_a_new_township_with_other_words_gets_the_same_with_its_own() -> None:
    text = "請到{}，電話{}"
    sources = [
        source(place, ["items", ITEM, "delivery", text.format(NAMES[place], f"0000-100000{place}")])
        for place in (0, 1)
    ]
    template = given_back(sources)
    made = provisioned(template, source(2).attributes)
    assert part(made, "items", ITEM).delivery == text.format("清溪鄉", "0000-1000002")
    wanted = source(2, ["items", ITEM, "delivery", part(made, "items", ITEM).delivery]).centre
    assert content_hash(made) == content_hash(wanted)


# L4: parameters ---------------------------------------------------------------------------------------------------


def test_rule_l4_the_townships_own_words_become_parameters() -> None:
    template = given_back([result(0, "到黃草街道辦"), result(1, "到橋頭鎮辦")])
    assert part(template, "items", ITEM).result == "到{unit_name}辦"
    assert template.profile.hotline == "{hotline}"


@pytest.mark.parametrize(
    "text",
    [
        "到黃草街道辦",
        "黃草街道虛構路1號",
        "{unit_name}",
        "{=unit_name}和黃草街道",
        "{{ 熱線電話 }}0000-1",
        "{hotline0000-1}",
        "",
    ],
)
def test_rule_l4_putting_the_words_back_gives_exactly_what_was_there(text: str) -> None:
    neutral = parameterised(text, WORDS)
    assert rendered(neutral, WORDS) == text
    assert not any(word in neutral for word in WORDS.values())


def test_rule_l4_of_two_words_that_begin_alike_the_longer_counts() -> None:
    assert parameterised("黃草街道虛構路1號", WORDS) == "{address}1號"


def test_rule_l4_a_parameter_that_was_there_is_told_from_one_that_was_put_there() -> None:
    template = given_back([result(0, "{unit_name}"), result(1, "橋頭鎮"), result(2, "清溪鄉")])
    assert part(template, "items", ITEM).result == "{unit_name}"
    assert (
        part(given_back([result(0, "{unit_name}"), result(1, "{unit_name}")]), "items", ITEM).result
        == "{=unit_name}"
    )


def test_rule_l4_a_name_that_is_left_over_is_refused_with_its_place() -> None:
    sources = [result(0, "也可到橋頭鎮辦"), source(1), result(2, "也可到橋頭鎮辦")]
    with pytest.raises(ExtractionRefused) as refusal:
        extract(sources)
    assert refusal.value.reasons == (f"items[{ITEM}].result 仍有 {UNITS[1]} 自己的「橋頭鎮」",)


def test_what_has_no_centre_gives_no_standard() -> None:
    with pytest.raises(ExtractionRefused):
        extract([])


def test_every_section_has_its_natural_key() -> None:
    from provisioning.matching import NATURAL

    assert set(NATURAL) == set(COLLECTIONS)
