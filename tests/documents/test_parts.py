"""Parts on paper: where each stands, in either script, and what it can never do there."""

from dataclasses import replace

import pytest

from provisioning.parts import PARTS, TextPart
from provisioning.specs import Blank
from tests.fixtures.papers import Sample, filled
from tests.fixtures.payloads import ESCAPES, EXHAUSTING, RUNNING_AWAY, STATEMENTS
from townhall.documents.catalogue import subjects
from townhall.documents.errors import DocumentError, Overflow, UnfilledBlank
from townhall.documents.part_facts import placed

STANDING = [
    (part, document.key)
    for part in PARTS
    for document in filled().pack.documents
    if document.template in part.templates
]


def first(sample: Sample, key: str) -> str | None:
    return subjects(sample.document(key), sample.centre)[0].key


def worded(part: TextPart, text: str) -> Sample:
    return filled().with_profile(**{part.field: text})


def on_paper(part: TextPart, key: str, text: str, script: str = "hant") -> str:
    sample = worded(part, text)
    return sample.sheet(key, first(sample, key), script).html


def test_every_part_stands_in_every_template_that_it_names() -> None:
    assert {template for part in PARTS for template in part.templates} == {
        filled().document(key).template for _, key in STANDING
    }


@pytest.mark.parametrize(("part", "key"), STANDING)
@pytest.mark.parametrize(("script", "seen"), [("hant", "請撥打0000-0000001"), ("hans", "请拨打0000-0000001")])
def test_a_part_is_printed_in_the_script_of_the_paper(
    part: TextPart, key: str, script: str, seen: str
) -> None:
    assert seen in on_paper(part, key, "請撥打{{ 熱線電話 }}", script)


@pytest.mark.parametrize(("part", "key"), STANDING)
def test_a_part_without_a_text_leaves_nothing_behind(part: TextPart, key: str) -> None:
    sample = filled().with_profile(**{part.field: None})
    html = sample.sheet(key, first(sample, key)).html
    assert 'class="notice"' not in html or part.field.endswith("closing")
    assert placed(part.field, sample.context(key, first(sample, key))) == []


@pytest.mark.parametrize(("part", "key"), STANDING)
def test_bar_p3_a_part_is_text_and_never_markup(part: TextPart, key: str) -> None:
    html = on_paper(part, key, "<b id=x>&甲")
    assert "<b id=x>" not in html
    assert "&lt;b id=x&gt;&amp;甲" in html


def test_markup_in_what_a_part_mentions_is_text_too() -> None:
    sample = worded(PARTS[0], "{{ 辦公地址 }}").with_profile(
        address="<b id=x>", guide_notice="{{ 辦公地址 }}"
    )
    assert "<b id=x>" not in sample.sheet("guide", first(sample, "guide")).html


def test_what_is_mentioned_is_never_read_as_a_template() -> None:
    sample = filled().with_profile(guide_notice="{{ 辦公地址 }}", address="{{ 7 * 7 }}{% for x in y %}")
    facts = sample.context("guide", first(sample, "guide"))
    assert facts["notice"] == ["{{ 7 * 7 }}{% for x in y %}"]


def test_a_condition_prints_its_passage_only_where_there_is_something_to_say() -> None:
    sample = filled().with_profile(
        guide_notice="{% if 曾用名稱 %}曾用{{ 曾用名稱 }}{% else %}沒有舊名{% endif %}"
    )
    item = sample.centre.items[0]
    for names, said in ((("舊名",), ["曾用舊名"]), ((), ["沒有舊名"])):
        changed = item.model_copy(update={"former_names": frozenset(names)})
        one = replace(sample, centre=sample.centre.model_copy(update={"items": (changed,)}))
        assert one.context("guide", item.key)["notice"] == said


def test_a_blank_that_a_part_mentions_keeps_the_paper_from_being_printed() -> None:
    sample = filled().with_profile(regime_closing="{{ 辦公時間 }}", opening_hours=Blank(blank="由本中心填寫"))
    with pytest.raises(UnfilledBlank) as blank:
        sample.context("regime-a4", first(sample, "regime-a4"))
    assert blank.value.fields == ("辦公時間",)


def test_a_notice_that_does_not_fit_the_card_is_refused_and_not_shrunk() -> None:
    sample = filled().with_profile(card_notice="{{ 辦公地址 }}", address="樣例路" * 40)
    with pytest.raises(Overflow):
        sample.context("card")


def test_names_of_places_keep_their_stored_form() -> None:
    sample = filled().with_profile(guide_closing="{{ 鄉鎮名稱 }}印發")
    sample = replace(sample, unit=replace(sample.unit, name="乾溪鄉", name_hans="乾溪乡"))
    assert sample.context("guide", first(sample, "guide"), "hans")["closing"] == ["乾溪乡印发"]


def test_bar_p1_no_hostile_template_becomes_text_where_townships_write() -> None:
    """Also where it came past the check of edits, as from a database that somebody else wrote."""
    payloads = [f"{{{{ {escape} }}}}" for escape in ESCAPES] + STATEMENTS + EXHAUSTING + RUNNING_AWAY
    answered = [text for text in payloads if not refused(text)]
    assert len(payloads) > 180
    assert answered == []


def refused(text: str) -> bool:
    try:
        filled().with_profile(card_notice=text).context("card")
    except DocumentError:
        return True
    return False
