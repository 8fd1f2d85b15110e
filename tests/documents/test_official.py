"""公文 by GB/T 9704-2012, measured on the finished page: area, lines, characters, faces, numbers, rules, imprint."""

import re
import subprocess
from collections import Counter
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple

import pypdf
import pytest
from html5lib import parse

from tests.fixtures.papers import Sample, filled, printed
from townhall.documents.catalogue import subjects
from townhall.documents.errors import Overflow

KEY = "regime-notice"
POINT = 25.4 / 72
LEFT, TOP, WIDTH, HEIGHT = 28.0, 37.0, 156.0, 225.0  # millimetres (5.2.1)
PITCH = HEIGHT / 22  # of the lines (5.2.3)
CLOSING = "，。；：、）》」"
SQUARE = re.compile("[\u4e00-\u9fff，。；：、（）《》「」]")


class Line(NamedTuple):
    """A line of text: its words from left to right, edges in millimetres."""

    page: int
    left: float
    right: float
    top: float
    bottom: float
    text: str


def notice(sample: Sample, script: str = "hant", place: int = 0) -> bytes:
    key = subjects(sample.document(KEY), sample.centre)[place].key
    return printed(sample.sheet(KEY, key, script))


@cache
def lines(pdf: bytes) -> list[Line]:
    """All lines of a document as Poppler finds them."""
    command = ["pdftotext", "-bbox-layout", "-", "-"]
    told = subprocess.run(command, input=pdf, check=True, capture_output=True).stdout
    pages = parse(told.decode(), namespaceHTMLElements=False).iter("page")
    return [
        Line(
            number,
            *(float(line.attrib[edge]) * POINT for edge in ("xmin", "xmax", "ymin", "ymax")),
            "".join(word.text or "" for word in line.iter("word")),
        )
        for number, page in enumerate(pages, 1)
        for line in page.iter("line")
    ]


def within(line: Line) -> bool:
    """Whether a line lies in the text area, not in the margins with numbers and versions."""
    return line.top > TOP - 1 and line.bottom < TOP + HEIGHT + 1


def body(pdf: bytes) -> list[Line]:
    """The lines of the annex, which is text from edge to edge."""
    found = [line for line in lines(pdf) if within(line) and line.page >= 3]
    return sorted(found, key=lambda line: (line.page, line.top))


@pytest.mark.parametrize("script", ["hant", "hans"])
def test_5_2_3_a_full_line_has_twenty_eight_characters(script: str) -> None:
    """Or 27, where a mark that may not begin a line has taken the last of them along."""
    found = body(notice(filled(), script))
    squares = [
        (line, after)
        for line, after in pairwise(found)
        if line.right - line.left > WIDTH - 1 and not SQUARE.sub("", line.text)
    ]
    counts = Counter(len(line.text) for line, _ in squares)
    assert counts[28] >= 5
    assert all(after.text[1] in CLOSING for line, after in squares if len(line.text) != 28), counts
    for line, _ in squares:
        assert (line.left, line.right) == pytest.approx((LEFT, LEFT + WIDTH), abs=0.3)


def test_5_2_3_twenty_two_lines_make_a_page() -> None:
    tops = rows(notice(filled()), 4)
    assert [after - before for before, after in pairwise(tops)] == pytest.approx([PITCH] * 19, abs=0.1)
    assert tops[0] - TOP < PITCH / 2
    assert len(tops) == 20  # and the imprint stands where two more would be


def rows(pdf: bytes, page: int) -> list[float]:
    """The upper edges of the lines of a page; where the face changes in a line, Poppler tells it as two."""
    found: list[float] = []
    for line in body(pdf):
        of_text = line.page == page and line.left < 90 and line.bottom < TOP + 20.5 * PITCH
        if of_text and (not found or line.top - found[-1] > 1):
            found.append(line.top)
    return found


def test_7_5_page_numbers_stand_outside_seven_millimetres_below_the_text() -> None:
    numbers = [line for line in lines(notice(filled())) if re.fullmatch("—[0-9]+—", line.text)]
    assert [line.text for line in numbers] == [f"—{line.page}—" for line in numbers]
    assert [line.page for line in numbers] == [1, 2, 3, 4]
    em = 14 * POINT
    for line in numbers:
        outside = LEFT + WIDTH - line.right if line.page % 2 else line.left - LEFT
        assert outside == pytest.approx(em, abs=0.3)
        middle = (line.top + line.bottom) / 2
        assert middle - TOP - HEIGHT == pytest.approx(7, abs=1)


def test_7_3_3_levels_are_set_in_the_faces_of_the_standard() -> None:
    fonts = {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for page in pypdf.PdfReader(BytesIO(notice(filled()))).pages
        for font in page["/Resources"]["/Font"].values()
    }
    for face in ("Townhall-Fang-TC", "Townhall-Kai-TC", "Townhall-Hei-TC", "Townhall-Song-TC-Bold"):
        assert any(font.startswith(face) for font in fonts), (face, fonts)


def test_7_4_the_imprint_ends_with_the_text_area_of_the_last_page() -> None:
    found = [line for line in lines(notice(filled())) if line.text.endswith("日印發")]
    assert [line.page for line in found] == [4]
    assert found[0].bottom < TOP + HEIGHT < found[0].bottom + 4


def test_the_number_of_the_document_is_left_for_the_registry() -> None:
    first = [line for line in lines(notice(filled())) if line.page == 1 and "〔" in line.text]
    assert [line.text for line in first] == ["〔2026〕"]


@pytest.mark.parametrize(
    ("name", "office"),
    [("黃草街道", "樣例縣黃草街道辦事處"), ("魯礎營回族鄉", "樣例縣魯礎營回族鄉人民政府")],
)
def test_a_street_has_an_office_and_a_township_a_government(name: str, office: str) -> None:
    sample = filled().named(name, name)
    kind = "街道" if name.endswith("街道") else "鄉"
    sample = replace(sample, unit=replace(sample.unit, kind=kind))
    facts = sample.context(KEY, subjects(sample.document(KEY), sample.centre)[0].key)
    assert facts["official"]["organ"] == office


def test_a_name_that_no_line_of_the_title_holds_is_refused() -> None:
    sample = filled().named("甲乙丙丁戊己庚辛壬癸子丑寅卯鄉", "甲乙丙丁戊己庚辛壬癸子丑寅卯乡")
    with pytest.raises(Overflow):
        notice(sample)
