"""Papers as Word files: the words of the printed page, in named styles, the same bytes from the same paper."""

import re
import zipfile
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from docx.oxml.ns import qn
from docx.shared import Mm
from PIL import Image

from provisioning.specs.centre import Review
from tests.fixtures.papers import DRAFT, ISSUE, filled, unfilled
from tests.fixtures.soak import rounds
from tests.fixtures.wordfiles import close, manuscript, opened, paragraphs, words_in, words_on
from townhall.cli.printing import Choice
from townhall.documents.catalogue import subjects
from townhall.documents.commission import Illustration
from townhall.documents.errors import DocumentError, FetchRefused, NeedsReview, UnfilledBlank
from townhall.documents.production import Binder
from townhall.documents.word.manners import MANNERS
from townhall.documents.word.manuscript import has_word
from townhall.script import SCRIPTS, to_script

KEYS = [document.key for document in filled().pack.documents if has_word(document.template)]
every_kind = pytest.mark.parametrize("key", KEYS)
both_scripts = pytest.mark.parametrize("script", SCRIPTS)


@cache
def file(key: str, script: str = "hant") -> Any:
    return opened(manuscript(filled(), key, script).written())


def namespaced(names: str) -> set[str]:
    return {qn(f"w:{name}") for name in names.split()}


def test_all_documents_in_word_are_those_that_have_a_word_file() -> None:
    sample = filled()
    orders = Choice((), SCRIPTS, draft=False, word=True).orders(
        Binder(sample.unit, sample.centre, sample.pack, ISSUE)
    )
    assert {order.document.key for order in orders} == set(KEYS)
    assert all(order.word for order in orders)


@both_scripts
@every_kind
def test_a_word_file_says_what_the_printed_page_says(key: str, script: str) -> None:
    sample = filled()
    found = subjects(sample.document(key), sample.centre)
    for subject in found[:: rounds(max(len(found) // 2, 1), 1)]:
        written = manuscript(sample, key, script, subject=subject.key)
        assert words_in(opened(written.written())) == words_on(written.html, written.template), subject.label


@both_scripts
@every_kind
def test_a_draft_with_blanks_says_what_the_printed_draft_says(key: str, script: str) -> None:
    written = manuscript(unfilled(), key, script, issue=DRAFT)
    assert words_in(opened(written.written())) == words_on(written.html, written.template)


@both_scripts
@every_kind
def test_the_foot_of_each_page_has_the_paper_its_version_and_its_date(key: str, script: str) -> None:
    foot = close(file(key, script).sections[0].footer.paragraphs[0].text)
    for words in (filled().context(key, first(key), script)["centre_name"], "版本1.2", "2026年3月1日"):
        assert close(words) in foot


def first(key: str) -> str | None:
    return subjects(filled().document(key), filled().centre)[0].key


@pytest.mark.parametrize(("script", "words"), [("hant", "第頁共頁"), ("hans", "第页共页")])
def test_word_counts_the_pages_itself(script: str, words: str) -> None:
    foot = file("guide", script).sections[0].footer.paragraphs[0]
    assert foot._p.xpath("w:fldSimple/@w:instr") == ["PAGE", "NUMPAGES"]
    assert close(foot.text).endswith(words)


@every_kind
def test_every_paragraph_run_and_table_has_its_looks_from_a_named_style(key: str) -> None:
    made, names = file(key), {style.name for style in MANNERS[filled().document(key).template].styles}
    edges = [made.sections[0].footer.paragraphs[0]]
    for paragraph in [*paragraphs(made), *edges]:
        direct = {child.tag for child in paragraph._p.xpath("w:pPr/* | .//w:rPr/*")}
        assert direct <= namespaced("pStyle numPr rStyle")
        assert paragraph.style.element.name_val in names
    assert {table.style.name for table in made.tables} <= names


@both_scripts
@every_kind
def test_a_file_has_the_styles_that_its_words_name_and_no_others(key: str, script: str) -> None:
    styles = file(key, script).styles.element
    told = {to_script(style.name, script) for style in MANNERS[filled().document(key).template].styles}
    assert {style.name_val for style in styles.style_lst} - told == {
        "Default Paragraph Font",
        "Normal Table",
        "No List",
    }
    referred = set(
        file(key, script).element.body.xpath("//w:pStyle/@w:val | //w:rStyle/@w:val | //w:tblStyle/@w:val")
    )
    assert referred <= {style.styleId for style in styles.style_lst}


@pytest.mark.parametrize("script", SCRIPTS)
def test_headings_are_those_that_word_builds_its_outline_from(script: str) -> None:
    levels = {
        name: style.element.xpath("w:pPr/w:outlineLvl/@w:val")
        for style in file("guide", script).styles
        if (name := style.name).startswith("Heading")
    }
    assert levels == {"Heading 1": ["0"], "Heading 2": ["1"], "Heading 3": ["2"]}
    assert [p.text for p in file("guide", script).paragraphs if p.style.name == "Heading 1"] == [
        filled().context("guide", middle("guide"), script)["item"]["name"]
    ]


def middle(key: str) -> str | None:
    found = subjects(filled().document(key), filled().centre)
    return found[len(found) // 2].key


@pytest.mark.parametrize(
    ("script", "body", "language"), [("hant", "仿宋", "zh-TW"), ("hans", "仿宋_GB2312", "zh-CN")]
)
def test_chinese_faces_and_language_are_named_for_all_characters(
    script: str, body: str, language: str
) -> None:
    made = file("regime-a4", script)
    faces = {name: set(made.styles[name].element.rPr.rFonts.attrib.values()) for name in ("Normal", "Strong")}
    assert faces == {"Normal": {body, "eastAsia"}, "Strong": {"黑体", "eastAsia"}}
    assert set(made.styles.element.xpath("w:docDefaults//w:lang/@*")) == {language}
    assert made.core_properties.language == language


@every_kind
def test_the_page_is_a4_with_the_margins_of_the_printed_one(key: str) -> None:
    page, margins = file(key).sections[0], MANNERS[filled().document(key).template].margins
    assert (page.page_width, page.page_height) == pytest.approx((Mm(210), Mm(297)), abs=Mm(0.05))
    found = (page.top_margin, page.right_margin, page.bottom_margin, page.left_margin)
    assert found == pytest.approx([Mm(margin) for margin in margins], abs=Mm(0.05))
    css = filled().pack.templates[filled().document(key).stylesheet]
    said = re.search(r"@page \{ margin: ([^;]+);", css)
    assert said
    assert said[1] == " ".join(f"{margin}mm" for margin in margins)


@every_kind
def test_tables_are_as_wide_as_the_text_and_keep_their_columns(key: str) -> None:
    manner = MANNERS[filled().document(key).template]
    for table in file(key).tables:
        assert not table.autofit
        assert sum(column.width for column in table.columns) == pytest.approx(Mm(manner.width), abs=Mm(0.3))
        assert {cell.width for row in table.rows for cell in row.cells} <= {c.width for c in table.columns}


def test_the_head_of_the_list_of_materials_is_repeated_and_no_row_below_it_is_torn() -> None:
    table = next(table for table in file("guide").tables if table.style.name == "材料表")
    names = [[mark.tag for mark in row._tr.xpath("w:trPr/*")] for row in table.rows]
    # The first is free, for LibreOffice.
    assert names == [[qn("w:tblHeader")], [], *([qn("w:cantSplit")] for _ in table.rows[2:])]
    assert len(names) > 3


@every_kind
def test_a_draft_says_so_at_the_head_of_each_page(key: str) -> None:
    draft = opened(manuscript(filled(), key, issue=DRAFT).written())
    assert [section.header.paragraphs[0].text for section in draft.sections] == ["草稿"]
    assert file(key).sections[0].header.is_linked_to_previous  # an edition has none


@every_kind
def test_what_still_waits_to_be_filled_in_stops_the_word_file_too(key: str) -> None:
    with pytest.raises(UnfilledBlank):
        manuscript(unfilled(), key)


def test_a_regime_that_no_lawyer_has_seen_is_written_as_a_draft_only() -> None:
    sample = filled()
    regime = sample.centre.regimes[0].model_copy(update={"review": Review.NEEDED})
    waiting = replace(sample, centre=sample.centre.model_copy(update={"regimes": (regime,)}))
    with pytest.raises(NeedsReview):
        manuscript(waiting, "regime-a4")
    assert "待法制審查" in words_in(opened(manuscript(waiting, "regime-a4", issue=DRAFT).written()))


@every_kind
def test_the_same_paper_gives_the_same_bytes_at_any_time(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = manuscript(filled(), key).written()
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert manuscript(filled(), key).written() == before


@both_scripts
def test_a_file_manager_is_told_what_it_is_whose_and_of_when(script: str) -> None:
    properties, facts = (
        file("guide", script).core_properties,
        filled().context("guide", middle("guide"), script),
    )
    assert (properties.title, properties.author) == (facts["title"], facts["issuer"])
    assert (properties.version, properties.revision) == (ISSUE.number, 1)
    assert properties.created.date() == properties.modified.date() == ISSUE.date


def test_nothing_in_a_file_speaks_of_another_program() -> None:
    with zipfile.ZipFile(BytesIO(manuscript(filled(), "guide").written())) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
        folders = {name.partition("/")[0] for name in archive.namelist()}
        assert folders == {"[Content_Types].xml", "_rels", "docProps", "word"}
        assert [name for name in archive.namelist() if name.startswith("docProps/")] == ["docProps/core.xml"]
    assert [name for name in (b"python-docx", b"Macintosh", b"ja-JP", b"en-US") if name in text] == []


def test_the_code_of_the_public_page_is_a_picture_with_its_address() -> None:
    for key, said in (("guide", "本指南網頁版"), ("guide-brief", "完整指南")):
        told = file(key).element.body.xpath(".//wp:docPr/@descr")
        assert [text.partition("：")[0] for text in told] == [said]
    assert file("guide").element.body.xpath(".//wp:anchor")


def test_the_map_of_how_to_get_there_is_in_the_full_guide() -> None:
    image = BytesIO()
    Image.new("RGB", (40, 20)).save(image, "PNG")
    way = Illustration("image/png", 40, 20, image.getvalue())
    made = opened(manuscript(filled(), "guide", way=way).written())
    shapes = [shape for shape in made.inline_shapes if shape._inline.docPr.get("descr") == "位置示意圖"]
    assert [(shape.width, shape.height) for shape in shapes] == [(Mm(130), Mm(65))]


@pytest.mark.parametrize(
    ("page", "error"),
    [
        ('<p><img src="https://example.org/a.png" alt="甲"></p>', FetchRefused),
        (
            '<table class="materials"><tr><td><table class="pairs"><tr><td>甲</td></tr></table></td></tr></table>',
            DocumentError,
        ),
    ],
)
def test_what_a_word_file_cannot_hold_is_refused(page: str, error: type[DocumentError]) -> None:
    paper = replace(manuscript(filled(), "guide"), html=f"<body>{page}</body>")
    with pytest.raises(error):
        paper.written()


def test_a_number_that_a_style_does_not_count_stays_among_the_words() -> None:
    paper = replace(manuscript(filled(), "guide"), html="<body><p class='closing'><b>一、</b>甲</p></body>")
    assert words_in(opened(paper.written())) == "一、甲"
