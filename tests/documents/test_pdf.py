"""Rendered PDFs: true size, embedded fonts, real text, reproducible bytes, and every refusal."""

import hashlib
import os
import re
import socket
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pypdf
import pytest

from townhall.documents import basesheet, justify, store
from townhall.documents.errors import DocumentError, FetchRefused, MissingGlyph, Overflow
from townhall.documents.fonts import ensure_faces
from townhall.documents.pdf import Renderer
from townhall.documents.sheet import Sheet

MM = 25.4 / 72  # millimetres a point
TRADITIONAL = "戶籍辦理：臺江縣某某鄉便民服務中心（2026年）"
SIMPLIFIED = "户籍办理：台江县某某乡便民服务中心（2026年）"


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ensure_faces())


def sheet(body: str, lang: str = "zh-Hant", css: str = "", **facts: int | None) -> Sheet:
    html = (
        f'<!DOCTYPE html><html lang="{lang}"><head><title>辦事指南</title></head><body>{body}</body></html>'
    )
    return Sheet(html, css, **({"width": 210, "height": 297} | facts))  # type: ignore[arg-type]


def board() -> Sheet:
    css = "@page{margin:60mm} body{font-size:20mm;line-height:1.5} p{text-align:justify}"
    return sheet(
        f"<h1>首問責任制</h1><p>{TRADITIONAL * 4}</p>", css=css, width=600, height=900, bleed=3, pages=1
    )


def millimetres(box: pypdf.generic.RectangleObject) -> list[float]:
    return [float(value) * MM for value in box]


def text_of(pdf: bytes, path: Path) -> str:
    path.write_bytes(pdf)
    return subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout


def test_board_has_its_exact_size_and_its_corner_at_the_origin(renderer: Renderer) -> None:
    page = pypdf.PdfReader(BytesIO(renderer.render(board()))).pages[0]
    assert millimetres(page.mediabox) == pytest.approx([0, 0, 606, 906], abs=0.1)
    assert millimetres(page.bleedbox) == pytest.approx([0, 0, 606, 906], abs=0.1)
    assert millimetres(page.trimbox) == pytest.approx([3, 3, 603, 903], abs=0.1)


def test_marks_have_their_place_outside_the_bleed(renderer: Renderer) -> None:
    folded = Sheet(board().html, "@page{margin:1mm}", width=210, height=148, bleed=3, slug=8)
    page = pypdf.PdfReader(BytesIO(renderer.render(folded))).pages[0]
    assert millimetres(page.mediabox) == pytest.approx([0, 0, 232, 170], abs=0.1)
    assert millimetres(page.bleedbox) == pytest.approx([8, 8, 224, 162], abs=0.1)
    assert millimetres(page.trimbox) == pytest.approx([11, 11, 221, 159], abs=0.1)


def test_a_sheet_without_bleed_is_trimmed_at_its_edge(renderer: Renderer) -> None:
    page = pypdf.PdfReader(BytesIO(renderer.render(sheet("文", width=90, height=54)))).pages[0]
    assert millimetres(page.trimbox) == millimetres(page.mediabox) == pytest.approx([0, 0, 90, 54], abs=0.1)


def test_a_stylesheet_cannot_change_the_size_of_its_sheet(renderer: Renderer) -> None:
    css = "@page{size:A3!important;bleed:9mm;marks:crop}"
    page = pypdf.PdfReader(BytesIO(renderer.render(sheet("文", css=css, width=90, height=54)))).pages[0]
    assert millimetres(page.mediabox) == pytest.approx([0, 0, 90, 54], abs=0.1)


def test_every_font_is_embedded_as_a_truetype_subset_of_our_faces(renderer: Renderer, tmp_path: Path) -> None:
    path = tmp_path / "fonts.pdf"
    path.write_bytes(
        renderer.render(sheet("一<b>二</b><i style='font-family:serif'>三</i><code>Four</code>"))
    )
    rows = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[
        2:
    ]
    assert len(rows) >= 2
    for row in rows:
        assert re.match(r"[A-Z]{6}\+Townhall-\S+ +CID TrueType +Identity-H +yes yes yes", row)


@pytest.mark.parametrize(("lang", "text"), [("zh-Hant", TRADITIONAL), ("zh-Hans", SIMPLIFIED)])
def test_text_comes_back_as_it_was_written(renderer: Renderer, tmp_path: Path, lang: str, text: str) -> None:
    assert text_of(renderer.render(sheet(f"<p>{text}</p>", lang)), tmp_path / "text.pdf").split() == [text]


@pytest.mark.parametrize(("lang", "face"), [("zh-Hant", "TC"), ("zh-Hans", "SC")])
def test_each_script_is_set_in_its_own_face(renderer: Renderer, lang: str, face: str) -> None:
    page = pypdf.PdfReader(BytesIO(renderer.render(sheet("骨", lang)))).pages[0]
    names = [font.get_object()["/BaseFont"] for font in page["/Resources"]["/Font"].values()]
    assert [name.rpartition("-")[2] for name in names] == [face]


def test_document_is_tagged_and_states_language_and_title(renderer: Renderer) -> None:
    reader = pypdf.PdfReader(BytesIO(renderer.render(sheet("<h1>標題</h1><p>文</p>"))))
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert reader.root_object["/Lang"] == "zh-Hant"
    assert reader.metadata is not None
    assert reader.metadata.title == "辦事指南"


def test_no_date_is_written_and_metadata_is_readable(renderer: Renderer) -> None:
    pdf = renderer.render(sheet("文"))
    assert "辦事指南".encode() in pdf
    assert b"CreateDate" not in pdf
    assert pypdf.PdfReader(BytesIO(pdf)).metadata.keys() == {"/Producer", "/Title"}  # type: ignore[union-attr]


def test_qpdf_finds_no_fault(renderer: Renderer, tmp_path: Path) -> None:
    path = tmp_path / "board.pdf"
    path.write_bytes(renderer.render(board()))
    assert subprocess.run(["qpdf", "--check", path], capture_output=True, check=False).returncode == 0


def test_no_stream_ends_in_a_carriage_return(renderer: Renderer) -> None:
    for number in range(40):
        assert b"\r\nendstream" not in renderer.render(sheet(f"<p>第{number}號</p>"))


def test_rule_n3_two_processes_write_the_same_bytes(renderer: Renderer) -> None:
    script = (
        "import hashlib, sys; from townhall.documents.pdf import Renderer; from townhall.documents.sheet import Sheet;"
        "print(hashlib.sha256(Renderer().render(eval(sys.argv[1]))).hexdigest())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", script, repr(board())]
    other = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(renderer.render(board())).hexdigest()


def test_what_was_rendered_before_leaves_no_trace(renderer: Renderer) -> None:
    fresh = renderer.render(board())
    renderer.render(
        sheet("<style>@counter-style han{system:cyclic;symbols:x}</style>別的", css="@page{margin:9mm}")
    )
    assert renderer.render(board()) == fresh


def test_rule_n3_a_missing_character_is_named_with_its_surroundings(renderer: Renderer) -> None:
    with pytest.raises(MissingGlyph) as caught:
        renderer.render(sheet("<p>辦理條件</p><p>須經\U00013080審核</p>"))
    assert caught.value.character == "\U00013080"
    assert "須經\U00013080審核" in caught.value.place


def test_missing_character_that_only_the_stylesheet_writes_is_found_too(renderer: Renderer) -> None:
    with pytest.raises(MissingGlyph) as caught:
        renderer.render(sheet("<p>文</p>", css='p::before{content:"\\13080"}'))
    assert caught.value.character == "\U00013080"


def test_characters_that_are_never_seen_need_no_glyph(renderer: Renderer) -> None:
    assert renderer.render(sheet("<script>'\U00013080'</script>不\u200b換\u00ad行\n<!-- \U00013080 -->"))


def test_text_beyond_the_permitted_pages_is_refused(renderer: Renderer) -> None:
    with pytest.raises(Overflow) as caught:
        renderer.render(sheet("文" * 400, width=90, height=54, pages=1))
    assert caught.value.pages > caught.value.allowed == 1


def test_the_text_decides_where_no_number_of_pages_is_given(renderer: Renderer) -> None:
    assert len(pypdf.PdfReader(BytesIO(renderer.render(sheet("文" * 400, width=90, height=54)))).pages) > 1


@pytest.mark.parametrize(
    "body",
    [
        '<img src="{}">',
        '<link rel="stylesheet" href="{}">',
        '<link rel="attachment" href="{}">',
        '<style>@import "{}";</style>',
        '<p style="background:url({})">文</p>',
        '<style>@font-face{{font-family:x;src:url("{}")}}</style>',
        '<object data="{}"></object>',
        '<svg width="9" height="9"><image href="{}" width="9" height="9"/></svg>',
    ],
)
def test_nothing_is_fetched_from_outside(renderer: Renderer, tmp_path: Path, body: str) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text("<svg xmlns='http://www.w3.org/2000/svg'><text>機密</text></svg>", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        for address in (secret.as_uri(), f"http://127.0.0.1:{server.getsockname()[1]}/a.svg", "relative.svg"):
            with pytest.raises(FetchRefused):
                renderer.render(sheet(body.format(address)))
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_stylesheet_fetches_nothing_either(renderer: Renderer) -> None:
    with pytest.raises(FetchRefused, match="file:///etc/passwd"):
        renderer.render(sheet("文", css="body{background:url(file:///etc/passwd)}"))


def test_data_addresses_are_served(renderer: Renderer) -> None:
    picture = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
    assert renderer.render(sheet(f'<img alt="圖" src="{picture}">'))


def test_a_picture_that_cannot_be_drawn_is_an_error(renderer: Renderer) -> None:
    with pytest.raises(DocumentError, match="未能載入"):
        renderer.render(sheet('<img alt="圖" src="data:image/png,broken">'))


def test_a_refused_document_does_not_spoil_the_next(renderer: Renderer) -> None:
    before = renderer.render(board())
    with pytest.raises(FetchRefused):
        renderer.render(sheet('<img src="file:///etc/passwd">'))
    assert renderer.render(board()) == before


@pytest.mark.parametrize("html", ["<html><title>題</title>文</html>", '<html lang="zh-Hant">文</html>'])
def test_a_page_without_language_or_title_is_refused(renderer: Renderer, html: str) -> None:
    with pytest.raises(DocumentError, match="lang"):
        renderer.render(Sheet(html, "", 210, 297))


def test_lists_count_in_chinese(renderer: Renderer, tmp_path: Path) -> None:
    body = '<ol style="list-style:han;counter-reset:list-item 18"><li>甲<li>乙<li>丙</ol>'
    text = text_of(renderer.render(sheet(body, css="ol{margin:0 3em}")), tmp_path / "list.pdf")
    assert re.findall("[一-十]+、", text) == ["十九、", "二十、", "二十一、"]


@pytest.mark.parametrize(
    ("number", "word"), [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (99, "九十九")]
)
def test_numerals_are_written_as_chinese_counts(number: int, word: str) -> None:
    assert basesheet.numeral(number) == word


def test_store_keys_name_the_renderer_that_is_supported() -> None:
    assert f"weasyprint {justify.SUPPORTED}," in store.RENDERER_VERSION
