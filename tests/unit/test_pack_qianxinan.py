"""What release 1 of the prefecture's standard contains, and what it must never contain."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from provisioning.canonical import canonical
from provisioning.load import load_overlay, load_sample
from provisioning.resolve import resolve
from provisioning.specs import Blank, CentreSpec, Duration, Overlay, Pack, Regime, UnitKind
from provisioning.specs.item import CaseType, Category
from provisioning.validate import check_centre
from tests.fixtures.standards import PACK_FOLDER

# 六公開: service content, procedure, materials, legal basis, time limit, fee (太湖鄉管理辦法 第十二條)
SIX_DISCLOSURES = ("description", "steps", "materials", "legal_basis", "promised_limit", "fee")


def texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


@pytest.fixture(scope="module")
def words(pack: Pack) -> list[str]:
    """Every text of the pack but its document templates."""
    return list(texts(canonical(pack.model_copy(update={"templates": {}}))))


def full_text(regime: Regime) -> str:
    values = {parameter.key: f"{parameter.value}{parameter.unit}" for parameter in regime.parameters}
    articles = [str(article.text) for article in regime.articles]
    return regime.purpose + re.sub(r"\{([^}]+)\}", lambda found: values[found[1]], "".join(articles))


def test_the_seven_regimes_of_the_source_are_there_in_its_order(pack: Pack) -> None:
    wanted = ["首問責任", "限時辦結", "一次性告知", "服務承諾", "預約服務", "廉政建設", "責任追究"]
    assert [
        regime.title[: len(name)] for regime, name in zip(pack.centre.regimes, wanted, strict=True)
    ] == wanted


def test_each_regime_is_a_full_text_of_its_own(pack: Pack) -> None:
    lengths = {regime.title: len(full_text(regime)) for regime in pack.centre.regimes}
    assert all(400 <= length <= 1_200 for length in lengths.values()), lengths


def test_no_sentence_stands_in_two_regimes(pack: Pack) -> None:
    sentences = [
        sentence
        for regime in pack.centre.regimes
        for sentence in re.split("[。；]", full_text(regime))
        if len(sentence) > 12
    ]
    assert [sentence for sentence, count in Counter(sentences).items() if count > 1] == []


def test_there_are_items_of_every_category(pack: Pack) -> None:
    counts = Counter(item.category for item in pack.centre.items)
    assert sum(counts.values()) >= 30
    assert set(counts) == set(Category)


def test_every_item_has_each_of_the_six_disclosures_or_says_that_it_is_blank(pack: Pack) -> None:
    for item in pack.centre.items:
        for field in SIX_DISCLOSURES:
            value = getattr(item, field)
            no_papers_needed = field == "materials" and item.category is Category.GENERAL
            assert value or no_papers_needed, (item.name, field)


def test_an_immediate_case_is_done_on_the_spot(pack: Pack) -> None:
    for item in pack.centre.items:
        if isinstance(item.promised_limit, Duration):
            assert item.promised_limit.immediate == (item.case_type is CaseType.IMMEDIATE), item.name


def test_the_hardware_standard_has_seven_and_the_software_standard_four_lines(pack: Pack) -> None:
    numbers = {
        group: [c.number for c in pack.checks if c.group == group] for group in ("hardware", "software")
    }
    assert numbers == {"hardware": [1, 2, 3, 4, 5, 6, 7], "software": [1, 2, 3, 4]}


def test_the_milestones_keep_the_words_and_make_their_reading_explicit(pack: Pack) -> None:
    dates = {milestone.date.isoformat(): milestone for milestone in pack.milestones}
    assert set(dates) == {"2012-12-31", "2013-12-31"}
    assert dates["2013-12-31"].words.startswith("2014年前")
    assert len(dates["2013-12-31"].reading) > 10


def test_the_envelope_is_two_million_yuan_shared_over_the_three_uses_of_the_source(pack: Pack) -> None:
    assert pack.centre.envelope == 200_000_000
    assert sum(line.share for line in pack.centre.budget) == 10_000
    assert len({line.category for line in pack.centre.budget}) == 3
    assert all("默認" in line.origin and "非來源" in line.origin for line in pack.centre.budget)


def test_no_law_is_cited_by_article_and_no_document_by_number(words: list[str]) -> None:
    invented = re.compile(r"《[^》]*(?:法|條例|規定)》|〔\d{4}〕\d+號|[一二三四五六七八九十]號令")
    sources = "管理辦法》"
    assert [text for text in words if invented.search(text) and sources not in text] == []


def test_no_telephone_number_and_no_national_code_is_made_up(pack: Pack, words: list[str]) -> None:
    assert [text for text in words if re.search(r"\d{3,4}-\d{7,8}|1\d{10}|\d{7,8}(?!\d)", text)] == []
    assert all(item.code is None for item in pack.centre.items)
    assert all(
        isinstance(getattr(pack.centre.profile, name), Blank) for name in ("hotline", "complaint_phone")
    )


def test_what_the_sources_name_without_explaining_is_nowhere_explained(pack: Pack, words: list[str]) -> None:
    titles = {source.title for source in pack.header.sources}
    assert [
        text for text in words if re.search("三個一個樣|三不[準准]|雙代", text) and text not in titles
    ] == []


def test_old_names_are_kept_so_that_a_search_by_either_finds_the_item(pack: Pack) -> None:
    former = {name for item in pack.centre.items for name in item.former_names}
    assert {"新農合", "新型農村合作醫療"} <= former
    assert any("計生" in name or "計劃生育" in name for name in former)
    assert not [item.name for item in pack.centre.items if "計劃生育" in item.name]


def test_the_pack_is_written_in_well_formed_traditional_characters(pack: Pack, words: list[str]) -> None:
    """A character that Big5 lacks is a simplified form (or so rare that somebody should look at it)."""
    han = {character for text in words for character in text if "一" <= character <= "鿿"}
    foreign = sorted(character for character in han if not _in_big5(character))
    stored_names = {character for place in pack.header.counties for character in place.name_hans}
    assert [character for character in foreign if character not in stored_names] == []


def _in_big5(character: str) -> bool:
    try:
        character.encode("big5")
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("kind", UnitKind)
def test_the_sample_and_the_demonstration_leave_no_fault(pack: Pack, kind: UnitKind) -> None:
    _, sample = load_sample(PACK_FOLDER)
    demo = load_overlay((PACK_FOLDER / "demo" / "522301.yaml").read_bytes(), "522301.yaml", pack)
    for overlay in (sample, demo):
        assert list(check_centre(resolve(pack, overlay, kind))) == []


def blanks(centre: CentreSpec) -> list[str]:
    return list(_blank_texts(canonical(centre)))


def _blank_texts(value: object) -> Iterator[str]:
    if isinstance(value, dict) and set(value) == {"blank"}:
        yield str(value["blank"])
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _blank_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _blank_texts(inner)


def test_the_sample_fills_every_blank(pack: Pack) -> None:
    _, sample = load_sample(PACK_FOLDER)
    assert blanks(pack.centre)
    assert blanks(resolve(pack, sample, UnitKind.TOWNSHIP)) == []


def test_the_demonstration_marks_its_texts_as_such(pack: Pack) -> None:
    overlay: Overlay = load_overlay((PACK_FOLDER / "demo" / "522301.yaml").read_bytes(), "522301.yaml", pack)
    assert overlay.demonstration
    assert all("（演示）" in text for text in texts(canonical(dict(overlay.profile))))


def _inside(outer: CentreSpec) -> Iterator[str]:
    for thing in outer.objects:
        if thing.x + thing.width > outer.hall.width or thing.y + thing.depth > outer.hall.depth:
            # A door stands in the wall, not in the room.
            yield thing.name


def test_everything_in_the_default_hall_stands_inside_it_and_nothing_on_anything_else(pack: Pack) -> None:
    centre = pack.centre
    assert list(_inside(centre)) == []
    things = [thing for thing in centre.objects if thing.kind != "門"]
    overlapping = [
        (one.name, other.name)
        for place, one in enumerate(things)
        for other in things[place + 1 :]
        if one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.depth
        and other.y < one.y + one.depth
    ]
    assert overlapping == []


def test_every_window_has_a_counter_a_post_and_a_regime_board_has_its_place(pack: Pack) -> None:
    centre = pack.centre
    windows = {window.key for window in centre.windows}
    assert {thing.window for thing in centre.objects if thing.window} == windows
    assert {post.window for post in centre.posts if post.window} == windows
    shown = {slot.shows for slot in centre.slots}
    assert {f"regime:{regime.key}" for regime in centre.regimes} <= shown


def test_a_regime_names_no_pattern_where_one_kind_of_place_is_meant(pack: Pack) -> None:
    """「鄉（鎮、街道）」 is a choice for the author, not a text for the wall of one street (domain 1.7, 29)."""
    assert [r.title for r in pack.centre.regimes if "（鎮" in full_text(r) or "××" in full_text(r)] == []
