"""Justified Han lines: flush to a tenth of a millimetre, evenly spread, and nothing else changed."""

from collections import defaultdict
from itertools import pairwise

import pypdfium2
import pytest
import weasyprint

from townhall.documents import justify
from townhall.documents.fonts import ensure_faces
from townhall.documents.justify import UnsupportedRenderer
from townhall.documents.pdf import Renderer
from townhall.documents.sheet import Sheet

MM = 25.4 / 72
LEFT, RIGHT = 28.0, 184.0  # of the text on an A4 page, in millimetres
GRID = "line-height:10.227mm;letter-spacing:calc(155.95mm/28 - 16pt)"  # GB/T 9704-2012: 28 characters a line
SENTENCE = (
    "各鄉鎮便民服務中心應當按照統一標準設置窗口，公開辦事指南，實行首問責任制、限時辦結制，並接受群眾監督。"
)

Glyph = tuple[float, float, str]  # left and right edge of the advance in millimetres, character


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ensure_faces())


def paragraph(
    body: str, style: str = "", width: int = 210, height: int = 297, margin: str = "0 26mm 0 28mm"
) -> Sheet:
    html = f'<html lang="zh-Hant"><head><title>制度</title></head><body><p>{body}</p></body></html>'
    css = f"@page{{margin:{margin}}} p{{margin:0;text-align:justify;font-size:16pt;{style}}}"
    return Sheet(html, css, width, height)


def lines_of(pdf: bytes) -> list[list[Glyph]]:
    """The glyphs of each line of the first page, from top to bottom and left to right."""
    document = pypdfium2.PdfDocument(pdf)
    text = document[0].get_textpage()
    lines: dict[int, list[Glyph]] = defaultdict(list)
    for index in range(text.count_chars()):
        left, bottom, right, _ = text.get_charbox(index, loose=True)
        if (character := text.get_text_range(index, 1)).strip():
            lines[round(bottom)].append((left * MM, right * MM, character))
    document.close()
    return [sorted(lines[bottom]) for bottom in sorted(lines, reverse=True)]


def advances(line: list[Glyph]) -> list[float]:
    return [following[0] - glyph[0] for glyph, following in pairwise(line)]


@pytest.mark.parametrize(
    "style", ["", GRID, "font-weight:bold", "font-size:10.5pt", "font-size:14pt;letter-spacing:1pt"]
)
def test_all_lines_but_the_last_end_flush(renderer: Renderer, style: str) -> None:
    lines = lines_of(renderer.render(paragraph(SENTENCE * 5, style)))
    assert len(lines) > 5
    for line in lines[:-1]:
        assert line[0][0] == pytest.approx(LEFT, abs=0.1)
        assert line[-1][1] == pytest.approx(RIGHT, abs=0.1)


def test_a_board_with_characters_of_twenty_millimetres_ends_flush(renderer: Renderer) -> None:
    sheet = paragraph(SENTENCE * 3, "font-size:20.3mm", width=600, height=900, margin="45mm")
    for line in lines_of(renderer.render(sheet))[:-1]:
        assert line[-1][1] == pytest.approx(555, abs=0.1)


def test_the_last_line_is_not_stretched(renderer: Renderer) -> None:
    last = lines_of(renderer.render(paragraph(SENTENCE * 5)))[-1]
    assert last[-1][1] < RIGHT - 10
    assert advances(last) == pytest.approx([16 * MM] * (len(last) - 1), abs=0.01)


def test_room_is_spread_evenly_over_the_ideographs(renderer: Renderer) -> None:
    for line in lines_of(renderer.render(paragraph(SENTENCE * 5)))[:-1]:
        assert max(advances(line)) - min(advances(line)) < 0.02
        assert min(advances(line)) > 16 * MM


def test_the_space_after_an_article_number_keeps_its_width(renderer: Renderer) -> None:
    line = lines_of(renderer.render(paragraph(f"第一條 {SENTENCE}")))[0]
    assert [glyph[2] for glyph in line[:4]] == list("第一條各")
    stretched = advances(line)[0] - 16 * MM
    assert stretched > 0.05
    space = advances(line)[2] - advances(line)[0]
    assert space == pytest.approx(0.256 * 16 * MM, abs=0.02)


def test_latin_runs_keep_their_spacing(renderer: Renderer) -> None:
    word = "Windows"
    natural = lines_of(renderer.render(paragraph(word)))[0]
    line = lines_of(renderer.render(paragraph(f"各鄉鎮便民{word}服務中心" + SENTENCE)))[0]
    start = next(index for index, glyph in enumerate(line) if glyph[2] == "W")
    assert advances(line[start : start + len(word)]) == pytest.approx(advances(natural), abs=0.01)
    assert line[-1][1] == pytest.approx(RIGHT, abs=0.1)


def test_emphasis_inside_a_line_does_not_open_a_gap(renderer: Renderer) -> None:
    body = f"{SENTENCE}其中<b>應當按照統一標準</b>設置<i>窗口</i>的，{SENTENCE}"
    for line in lines_of(renderer.render(paragraph(body)))[:-1]:
        assert line[-1][1] == pytest.approx(RIGHT, abs=0.1)
        assert max(advances(line)) - min(advances(line)) < 0.05


def test_lines_of_words_are_justified_at_their_spaces(renderer: Renderer) -> None:
    body = "The township service centre publishes every guide and keeps each promise 言 that it has made to the public."
    line = lines_of(renderer.render(paragraph(body)))[0]
    assert line[-1][1] == pytest.approx(RIGHT, abs=0.2)
    letters = advances(line[:3])
    assert letters == pytest.approx(advances(lines_of(renderer.render(paragraph("The")))[0]), abs=0.01)


def test_text_that_is_not_justified_is_left_alone(renderer: Renderer) -> None:
    line = lines_of(renderer.render(paragraph(SENTENCE * 2, "text-align:left")))[0]
    assert advances(line) == pytest.approx([16 * MM] * (len(line) - 1), abs=0.01)


def test_an_indent_of_ideographic_spaces_keeps_its_width(renderer: Renderer) -> None:
    lines = lines_of(renderer.render(paragraph(f"\u3000\u3000{SENTENCE * 2}")))
    assert lines[0][0][0] == pytest.approx(LEFT + 32 * MM, abs=0.2)
    assert lines[0][-1][1] == pytest.approx(RIGHT, abs=0.1)


@pytest.mark.parametrize("pair", ["——", "……"])
def test_pairs_that_draw_one_mark_are_not_parted(renderer: Renderer, pair: str) -> None:
    line = lines_of(renderer.render(paragraph(f"窗口{pair}{SENTENCE * 2}")))[0]
    assert advances(line)[2] == pytest.approx(16 * MM, abs=0.01)
    assert line[-1][1] == pytest.approx(RIGHT, abs=0.1)


def test_another_weasyprint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weasyprint, "__version__", "70.1")
    with pytest.raises(UnsupportedRenderer, match=r"70\.1.*70\.0"):
        justify.install()


@pytest.mark.parametrize("name", justify.PRIVATE_NAMES)
def test_every_private_name_exists_in_the_supported_version(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert hasattr(__import__(module, fromlist=[attribute]), attribute)
