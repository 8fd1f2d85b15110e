"""Every document type in both scripts, measured: true size, boxes, fonts, and text that comes out as it went in."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from html5lib import parse

from tests.fixtures.papers import filled, filled_for, printed, renderer
from townhall.documents.catalogue import Subject, subjects
from townhall.documents.sheet import Sheet

MILLIMETRE = 72 / 25.4
KEYS = [document.key for document in filled().pack.documents]
SIZES = {
    "guide": (210, 297),
    "guide-brief": (210, 297),
    "card": (90, 54),
    "card-sheet": (210, 297),
    "regime-board": (600, 900),
    "regime-a4": (210, 297),
    "regime-notice": (210, 297),
    "centre-sign": (2400, 400),
    "window-plate": (600, 200),
    "hall-plan": (420, 297),
    "fixture-list": (210, 297),
    "card-folded": (210, 148),
    "acceptance-form": (210, 297),
    "booklet-window": (210, 297),
    "booklet-centre": (210, 297),
    "regime-a1": (594, 841),
    "regime-a2": (420, 594),
    "regime-a3": (297, 420),
    "one-time-notice": (210, 297),
    "promise-notice": (210, 297),
    "return-notice": (210, 297),
    "case-register": (297, 210),
    "proxy-register": (297, 210),
    "seal-register": (297, 210),
    "attendance": (297, 210),
    "duty-roster": (210, 297),
    "leave-slip": (210, 297),
    "rating-card": (210, 297),
    "opinion-book": (210, 297),
    "post-board": (600, 900),
    "post-a4": (210, 297),
    "staff-board": (1200, 800),
    "service-flow": (900, 600),
    "item-flow": (297, 420),
    "wall-elevation": (420, 297),
}
WITH_BLEED = {"card", "regime-board", "centre-sign", "window-plate"} | {
    "post-board",
    "staff-board",
    "service-flow",
    "card-folded",
    "booklet-window",
    "booklet-centre",
    "regime-a1",
    "regime-a2",
}
SLUG = {"card-folded": 8}


def middle(key: str) -> Subject:
    """A subject that is neither the first nor the last, where there are several."""
    found = subjects(filled().document(key), filled_for(key).centre)
    return found[len(found) // 2]


def made(key: str, script: str) -> tuple[Sheet, bytes]:
    sheet = filled_for(key).sheet(key, middle(key).key, script)
    return sheet, printed(sheet)


def millimetres(box: Any) -> tuple[float, float, float, float]:
    return tuple(float(edge) / MILLIMETRE for edge in box)  # type: ignore[return-value]


@pytest.mark.parametrize("key", KEYS)
def test_a_page_has_its_true_size_to_a_tenth_of_a_millimetre(key: str) -> None:
    _, pdf = made(key, "hant")
    width, height = SIZES[key]
    bleed = 3 if key in WITH_BLEED else 0
    edge = bleed + SLUG.get(key, 0)
    for page in pypdf.PdfReader(BytesIO(pdf)).pages:
        assert millimetres(page.mediabox) == pytest.approx(
            (0, 0, width + 2 * edge, height + 2 * edge), abs=0.1
        )
        assert millimetres(page.trimbox) == pytest.approx((edge, edge, width + edge, height + edge), abs=0.1)


@pytest.mark.parametrize("script", ["hant", "hans"])
@pytest.mark.parametrize("key", KEYS)
def test_all_fonts_are_ours_embedded_and_subset(key: str, script: str, tmp_path: Path) -> None:
    _, pdf = made(key, script)
    path = tmp_path / "document.pdf"
    path.write_bytes(pdf)
    listed = subprocess.run(
        ["pdffonts", path], check=True, capture_output=True, text=True
    ).stdout.splitlines()[2:]
    assert listed
    wanted, other = ("SC", "TC") if script == "hans" else ("TC", "SC")
    for line in listed:
        assert re.match(rf"[A-Z]{{6}}\+Townhall-?(Song|Hei|Fang|Kai)-?{wanted}", line), line
        assert f"-{other}" not in line
        assert re.search(r"\byes\s+yes\s+yes\b", line), line


@pytest.mark.parametrize("script", ["hant", "hans"])
@pytest.mark.parametrize("key", KEYS)
def test_the_text_comes_out_of_the_file_as_it_went_in(key: str, script: str, tmp_path: Path) -> None:
    sheet, pdf = made(key, script)
    path = tmp_path / "document.pdf"
    path.write_bytes(pdf)
    command = ["pdftotext", "-raw", path, "-"]
    extracted = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Order is the layout's business (columns, margins); what and how often is not. Page margins repeat.
    missing = han_counts(words_of(sheet)) - han_counts(extracted)
    assert not missing


def words_of(sheet: Sheet) -> Iterable[str]:
    """The visible words; the titles of drawings are for screen readers."""
    body = parse(sheet.html, namespaceHTMLElements=False).find("body")
    titles = "".join(element.text or "" for element in body.iter("{http://www.w3.org/2000/svg}title"))
    return (Counter("".join(body.itertext())) - Counter(titles)).elements()


def han_counts(text: Iterable[str]) -> Counter[str]:
    return Counter(character for character in text if "一" <= character <= "鿿")


@pytest.mark.parametrize("key", KEYS)
def test_a_file_is_sound_and_tagged_and_says_its_language(key: str, tmp_path: Path) -> None:
    _, pdf = made(key, "hant")
    path = tmp_path / "document.pdf"
    path.write_bytes(pdf)
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
    root = pypdf.PdfReader(BytesIO(pdf)).trailer["/Root"]
    assert bool(root["/MarkInfo"]["/Marked"])
    assert str(root["/Lang"]).startswith("zh-Hant")


@pytest.mark.parametrize("key", KEYS)
def test_the_same_input_gives_the_same_bytes(key: str) -> None:
    sheet, pdf = made(key, "hans")
    assert renderer().render(sheet) == pdf
