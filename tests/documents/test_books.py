"""Booklets of guides: found by contents, bookmarks, page numbers and tabs; never with a blank, and say what guides say."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any

import pypdf
import pypdfium2
import pytest

from tests.fixtures.papers import DRAFT, Sample, filled, lean, printed, unfilled
from townhall.documents.errors import UnfilledBlank

CENTRE, WINDOW = "booklet-centre", "booklet-window"
FIRST = 4  # pages before the first guide: cover, notes, contents and its back
MILLIMETRE = 72 / 25.4


@cache
def book() -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(printed(lean(filled()).sheet(CENTRE))))


def texts() -> list[str]:
    return [re.sub(r"\s", "", page.extract_text()) for page in book().pages]


def emptied(sample: Sample) -> Sample:
    return replace(sample, centre=sample.centre.model_copy(update={"items": ()}))


def test_the_contents_name_the_page_on_which_each_guide_starts() -> None:
    pages = texts()
    for item in lean(filled()).centre.items:
        found = re.search(rf"{item.name}·+(\d+)", pages[2])
        assert found, item.name
        assert item.name in pages[int(found[1]) - 1]
        assert "事項編碼" in pages[int(found[1]) - 1]


def test_bookmarks_lead_to_kinds_and_to_the_guides_in_them() -> None:
    outline = [entry if isinstance(entry, list) else entry.title for entry in book().outline]
    names = [[guide.title for guide in entry] if isinstance(entry, list) else entry for entry in outline]
    items = lean(filled()).centre.items
    assert names == ["目錄", "民政事務1項", [items[0].name], "社會保障1項", [items[1].name]]


def test_page_numbers_stand_on_the_outer_side_for_binding_at_the_left() -> None:
    for number in (FIRST + 1, FIRST + 2):
        x = place_of(book().pages[number - 1], str(number))
        assert (x > 180) == (number % 2 == 1), number


def place_of(page: pypdf.PageObject, words: str) -> float:
    """Millimetres from the left edge at which some words stand that are a text by themselves, the lowest."""
    found: list[tuple[float, float]] = []

    def visit(text: str, _: Any, matrix: Any, *__: Any) -> None:
        if text.strip() == words:
            found.append((matrix[5], matrix[4]))

    page.extract_text(visitor_text=visit)
    return max(found)[1] / MILLIMETRE


def test_a_tab_is_printed_over_the_outer_trim_and_stands_at_the_height_of_its_kind() -> None:
    heights = [[round(middle) for middle in tab] for tab in map(inked, range(FIRST, len(book().pages)))]
    assert all(heights)
    assert len({tab[0] for tab in heights}) == 2
    assert inked(2) == []


def inked(number: int) -> list[float]:
    """Millimetres from the top at which the outer bleed of a page, counted from 0, begins to be dark."""
    with pypdfium2.PdfDocument(printed(lean(filled()).sheet(CENTRE))) as document:
        image = document[number].render(scale=1 / MILLIMETRE).to_pil().convert("L")
    column = 1 if number % 2 else image.width - 2
    dark = [row for row in range(image.height) if image.getpixel((column, row)) < 128]
    return [float(dark[0])] if dark else []


def test_a_booklet_says_what_the_single_guide_says() -> None:
    sample = lean(filled())
    for section in sample.context(CENTRE)["sections"]:
        for guide in section["guides"]:
            item = next(item for item in sample.centre.items if item.name == guide["item"]["name"])
            single = sample.context("guide", item.key)
            assert all(guide[name] == single[name] for name in ("item", "notice", "closing"))
            # The code says which paper it stands on.
            pages = {facts["qr"]["address"].partition("?")[0] for facts in (guide, single)}
            assert len(pages) == 1


def test_a_window_has_the_guides_of_its_own_items() -> None:
    sample = filled()
    window = sample.centre.windows[6]
    names = {item.name for item in sample.centre.items if window.key in item.windows}
    assert set(guide_names(sample.context(WINDOW, window.key))) == names


def test_the_centre_has_every_guide_once() -> None:
    sample = filled()
    assert sorted(guide_names(sample.context(CENTRE))) == sorted(item.name for item in sample.centre.items)


def guide_names(facts: dict[str, Any]) -> Iterator[str]:
    return (guide["item"]["name"] for section in facts["sections"] for guide in section["guides"])


def test_blanks_stop_a_booklet_and_are_named_item_by_item() -> None:
    sample = lean(unfilled())
    with pytest.raises(UnfilledBlank) as refused:
        sample.context(CENTRE)
    fields = refused.value.fields
    assert [field for field in fields if "：" not in field] == [
        "辦公地址",
        "辦公時間",
        "熱線電話",
        "監督投訴電話",
    ]
    assert {f"{item.name}：辦理依據" for item in sample.centre.items} <= set(fields)


def test_one_blank_in_one_guide_stops_the_booklet_of_its_window_only() -> None:
    sample = lean(filled())
    first, second = sample.centre.items
    blank = first.model_copy(update={"legal_basis": unfilled().centre.items[0].legal_basis})
    holed = replace(sample, centre=sample.centre.model_copy(update={"items": (blank, second)}))
    with pytest.raises(UnfilledBlank) as refused:
        holed.context(WINDOW, sample.centre.windows[0].key)
    assert refused.value.fields == (f"{first.name}：辦理依據",)
    assert holed.context(WINDOW, sample.centre.windows[1].key)["count"] == 1


def test_a_draft_shows_the_blanks() -> None:
    assert lean(unfilled()).sheet(CENTRE, issue=DRAFT).html.count("〔待填：") > 8


@pytest.mark.parametrize(
    ("key", "subject", "whose"), [(WINDOW, "zhou:civil", "2號窗口"), (CENTRE, None, "本中心")]
)
def test_a_booklet_of_nothing_is_not_printed(key: str, subject: str | None, whose: str) -> None:
    with pytest.raises(UnfilledBlank) as refused:
        emptied(filled()).context(key, subject)
    assert refused.value.fields == (f"{whose}的服務事項",)
