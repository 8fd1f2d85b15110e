"""Contexts are plain values in one script; what is missing is named, what no lawyer saw is refused."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from provisioning.specs import Blank, Duration, Fee, Regime
from provisioning.specs.centre import Review
from provisioning.specs.values import DayUnit
from tests.fixtures.papers import DRAFT, ISSUE, Sample, filled, filled_for, unfilled
from townhall.documents.catalogue import subjects
from townhall.documents.commission import centre_name
from townhall.documents.errors import DocumentError, NeedsReview, Overflow, UnfilledBlank
from townhall.documents.fields import day, duration, substitute
from townhall.documents.fitting import halves
from townhall.script import to_script

KEYS = [document.key for document in filled().pack.documents]
ITEM = "zhou:minimum-living-allowance"
REGIME = "zhou:first-inquiry"


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def first(sample: Sample, key: str) -> str | None:
    return subjects(sample.document(key), sample.centre)[0].key


def changed(sample: Sample, collection: str, key: str, **fields: Any) -> Sample:
    """The sample with fields of one item of a collection replaced."""
    items = tuple(
        item.model_copy(update=fields) if item.key == key else item
        for item in getattr(sample.centre, collection)
    )
    return replace(sample, centre=sample.centre.model_copy(update={collection: items}))


@pytest.mark.parametrize("script", ["hant", "hans"])
@pytest.mark.parametrize("key", KEYS)
def test_a_context_holds_only_texts_numbers_booleans_lists_and_dicts(key: str, script: str) -> None:
    sample = filled_for(key)
    plain = sample.context(key, first(sample, key), script)
    assert {type(leaf) for leaf in leaves(plain)} <= {str, int, float, bool}


@pytest.mark.parametrize("key", KEYS)
def test_every_text_of_a_simplified_context_is_simplified(key: str) -> None:
    sample = filled_for(key)
    texts = [
        leaf for leaf in leaves(sample.context(key, first(sample, key), "hans")) if isinstance(leaf, str)
    ]
    assert [text for text in texts if to_script(text, "hans") != text] == []


@pytest.mark.parametrize("key", KEYS)
def test_equal_values_give_an_equal_context(key: str) -> None:
    sample = filled_for(key)
    assert sample.context(key, first(sample, key)) == sample.context(key, first(sample, key))


def test_the_stored_simplified_name_is_printed_and_not_a_converted_one() -> None:
    sample = filled().named("乾務鎮", "乾务镇")
    assert sample.context("card", script="hans")["card"]["name"] == "乾务镇便民服务中心"


def test_the_words_of_an_office_are_left_out_of_the_name_of_the_centre() -> None:
    assert centre_name("黃草街道辦事處", filled().pack.header) == "黃草街道便民服務中心"


def test_blanks_are_named_in_the_words_of_the_reader() -> None:
    with pytest.raises(UnfilledBlank) as refused:
        unfilled().context("guide", ITEM)
    assert set(refused.value.fields) >= {"辦理依據", "熱線電話", "監督投訴電話", "辦公地址", "辦公時間"}


def test_only_blanks_that_the_document_prints_stop_it() -> None:
    with pytest.raises(UnfilledBlank) as refused:
        unfilled().context("regime-board", REGIME)
    assert refused.value.fields == ("監督投訴電話",)


def test_a_legal_basis_that_is_missing_does_not_stop_the_concise_guide() -> None:
    sample = changed(filled(), "items", ITEM, legal_basis=Blank(blank="由縣級部門填寫"))
    assert sample.context("guide-brief", ITEM)["item"]["name"]


@pytest.mark.parametrize(
    "key", ["centre-sign", "window-plate", "hall-plan", "fixture-list", "post-a4", "wall-elevation"]
)
def test_papers_without_local_facts_need_no_blank_filled(key: str) -> None:
    sample = unfilled()
    assert sample.context(key, first(sample, key))["title"]


def test_a_draft_shows_a_blank_and_says_so() -> None:
    place = unfilled().context("guide", ITEM, issue=DRAFT)["item"]["place"]
    assert place["hotline"].startswith("〔待填：")


def test_a_charge_without_standard_or_basis_is_a_blank() -> None:
    sample = changed(filled(), "items", ITEM, fee=Fee(free=False))
    with pytest.raises(UnfilledBlank) as refused:
        sample.context("guide", ITEM)
    assert refused.value.fields == ("收費標準", "收費依據")


def test_a_regime_that_needs_review_is_printed_only_as_a_draft() -> None:
    sample = changed(filled(), "regimes", REGIME, review=Review.NEEDED)
    with pytest.raises(NeedsReview, match="首問責任制"):
        sample.context("regime-board", REGIME)
    assert sample.context("regime-board", REGIME, issue=DRAFT)["regime"]["unreviewed"] is True


def test_the_wall_says_the_number_that_the_rule_has() -> None:
    sample = filled()
    regime = next(r for r in sample.centre.regimes if r.key == "zhou:time-limit")
    parameters = tuple(
        p.model_copy(update={"value": 5}) if p.key == "proxy-days" else p for p in regime.parameters
    )
    board = changed(sample, "regimes", regime.key, parameters=parameters).context("regime-board", regime.key)
    texts = [article["text"] for article in board["regime"]["articles"]]
    assert any("5個工作日內完成報送" in text for text in texts)
    assert not any("{" in text for text in texts)


def test_a_number_that_a_regime_does_not_define_is_an_error() -> None:
    with pytest.raises(DocumentError, match="unknown-days"):
        substitute("須在{unknown-days}內", {})


def test_letters_of_a_board_shrink_by_steps_and_never_below_nine_millimetres() -> None:
    sizes = [board_size(regime) for regime in lengthening()]
    assert sizes == sorted(sizes, reverse=True)
    assert set(sizes) <= {14, 12, 11, 10, 9}
    assert sizes[-1] == 9


def lengthening() -> Iterator[Regime]:
    regime = filled().centre.regimes[0]
    for length in (20, 80, 130, 160, 200, 400):
        articles = tuple(a.model_copy(update={"text": "便" * length}) for a in regime.articles)
        yield regime.model_copy(update={"articles": articles})


def board_size(regime: Regime) -> float:
    sample = changed(filled(), "regimes", regime.key, articles=regime.articles)
    size: float = sample.context("regime-board", regime.key, issue=DRAFT)["regime"]["body"]["size"]
    return size


def test_a_code_is_printed_only_where_there_is_a_public_address() -> None:
    code = filled().context("guide-brief", ITEM)["qr"]
    assert (
        code["address"] == "https://example.org/g/999999201/minimum-living-allowance?v=1.2-guide-brief-hant"
    )
    assert code["image"].startswith("data:image/svg+xml")
    silent = filled().context("guide-brief", ITEM, issue=replace(ISSUE, public_url=None))["qr"]
    assert silent == {"address": "", "image": ""}


def test_a_slot_names_what_hangs_in_it() -> None:
    slots = {slot["mark"]: slot["shows"] for slot in filled().context("hall-plan")["plan"]["slots"]}
    assert "首問責任制" in slots.values()
    assert "便民服務卡" in slots.values()


def test_quantities_follow_the_number_of_windows() -> None:
    sample = filled()
    rows = {f["name"]: f["quantity"] for g in sample.context("fixture-list")["groups"] for f in g["fixtures"]}
    assert rows["窗口標識牌"] == len(sample.centre.windows)


def test_totals_by_requirement_add_up_to_all_lines() -> None:
    plain = filled().context("fixture-list")
    assert sum(total["lines"] for total in plain["totals"]) == plain["lines"] == len(filled().centre.fixtures)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (Duration(days=0), "當場辦結"),
        (Duration(days=5), "5個工作日"),
        (Duration(days=30, unit=DayUnit.CALENDAR), "30個自然日"),
    ],
)
def test_a_time_limit_is_written_with_its_unit(limit: Duration, words: str) -> None:
    assert duration(limit) == words


def test_a_date_has_no_leading_zeros() -> None:
    assert day(dt.date(2026, 3, 1)) == "2026年3月1日"


@pytest.mark.parametrize(
    ("field", "text"),
    [("hotline", "0000-00000000" * 4), ("address", "樣例路" * 60)],
    ids=["hotline", "address"],
)
def test_a_card_that_cannot_hold_its_texts_is_refused(field: str, text: str) -> None:
    with pytest.raises(Overflow):
        filled().with_profile(**{field: text}).context("card")


def test_a_hall_too_large_for_the_sheet_is_refused() -> None:
    sample = filled()
    hall = sample.centre.hall.model_copy(update={"width": 90_000})
    large = replace(sample, centre=sample.centre.model_copy(update={"hall": hall}))
    with pytest.raises(DocumentError, match="1:200"):
        large.context("hall-plan")


def test_an_unknown_subject_is_refused() -> None:
    with pytest.raises(DocumentError, match="zhou:nothing"):
        filled().context("guide", "zhou:nothing")


def test_an_unknown_template_is_refused() -> None:
    sample = filled()
    document = sample.document("guide").model_copy(update={"key": "leaflet", "template": "leaflet.html"})
    odd = replace(sample, pack=sample.pack.model_copy(update={"documents": (document,)}))
    with pytest.raises(DocumentError, match=r"leaflet\.html"):
        odd.context("leaflet", ITEM)


def test_a_sign_takes_its_size_from_the_standard_of_signs() -> None:
    sample = changed(filled(), "signs", "zhou:sign-centre", width=3000, height=500)
    sheet = sample.sheet("centre-sign", "zhou:sign-centre")
    assert (sheet.width, sheet.height) == (3000, 500)


def test_a_sign_per_zone_is_asked_for_by_sign_and_zone() -> None:
    sample = filled()
    document = sample.document("centre-sign").model_copy(update={"sign": None})
    odd = replace(sample, pack=sample.pack.model_copy(update={"documents": (document,)}))
    assert odd.context("centre-sign", "zhou:sign-zone@zhou:zone-waiting")["sign"]["text"] == "等候休息區"


Maker = Callable[[], Sample]


@pytest.mark.parametrize("maker", [filled, unfilled])
def test_every_subject_of_every_document_has_a_draft(maker: Maker) -> None:
    sample = maker()
    for document in sample.pack.documents:
        for subject in subjects(document, sample.centre):
            assert sample.context(document.key, subject.key, issue=DRAFT)["title"]


@pytest.mark.parametrize(
    ("name", "both"),
    [
        ("群眾接待和諮詢監督窗口", ["群眾接待和", "諮詢監督窗口"]),
        ("群眾接待諮詢窗口", ["群眾接待", "諮詢窗口"]),
        ("甲窗口", ["甲", "窗口"]),
    ],
)
def test_a_window_name_is_parted_where_a_reader_would_pause(name: str, both: list[str]) -> None:
    assert halves(name) == both
