"""Every document type in both scripts: the pages it must have, and nothing on them that people would laugh at."""

import re
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pypdf
import pytest

from tests.fixtures.papers import DRAFT, ISSUE, Sample, filled, filled_for, printed, unfilled_for
from tests.fixtures.soak import rounds
from townhall.documents.catalogue import subjects
from townhall.documents.errors import DocumentError, Overflow
from townhall.documents.fields import Pen
from townhall.documents.hall_facts import plan_of
from townhall.documents.html import compose
from townhall.documents.plan import thumbnail
from townhall.script import to_script

KEYS = [document.key for document in filled().pack.documents]
PAGES = {
    "card": 2,
    "card-sheet": 2,
    "guide-brief": 1,
    "regime-board": 1,
    "centre-sign": 1,
    "window-plate": 1,
    "hall-plan": 1,
    "card-folded": 2,
    "regime-a1": 1,
    "regime-a2": 1,
    "regime-a3": 1,
    "post-board": 2,
    "staff-board": 1,
    "service-flow": 1,
    "item-flow": 2,
    "wall-elevation": 4,
    "one-time-notice": 2,
    "promise-notice": 1,
    "return-notice": 1,
    "case-register": 2,
    "proxy-register": 2,
    "seal-register": 2,
    "attendance": 1,
    "duty-roster": 2,
    "leave-slip": 1,
    "rating-card": 1,
    "opinion-book": 8,
}
# Half-width marks between Han characters, gaps of templates, missing glyphs, 臵 and Taiwan's windows.
LAUGHABLE = re.compile(r"××|\{\{|\}\}|□|�|[\u4e00-\u9fff][,;:?!][\u4e00-\u9fff]|[設设]臵|視窗|None|Undefined")
LINE_START = re.compile(r"^[，。；：、？！）》」』”]", re.MULTILINE)
NAMES = [
    ("新橋", "新桥"),
    ("黃草街道", "黄草街道"),
    ("魯礎營回族鄉", "鲁础营回族乡"),
    ("薏品田園街道辦事處", "薏品田园街道办事处"),
    ("甲乙丙族丁戊己族庚辛族鄉", "甲乙丙族丁戊己族庚辛族乡"),
]


def first(sample: Sample, key: str) -> str | None:
    return subjects(sample.document(key), sample.centre)[0].key


def text_of(pdf: bytes, folder: Path, order: str = "-layout") -> str:
    """The text as it stands on the page, line by line; with "-raw" cell by cell."""
    path = folder / "document.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdftotext", order, path, "-"], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("script", ["hant", "hans"])
@pytest.mark.parametrize("key", KEYS)
def test_a_document_has_its_pages_and_nothing_laughable(key: str, script: str, tmp_path: Path) -> None:
    sample = filled_for(key)
    pdf = printed(sample.sheet(key, first(sample, key), script))
    text = text_of(pdf, tmp_path)
    assert len(pypdf.PdfReader(BytesIO(pdf)).pages) == PAGES.get(
        key, len(pypdf.PdfReader(BytesIO(pdf)).pages)
    )
    assert LAUGHABLE.findall(text) == []


@pytest.mark.parametrize("key", ["guide", "guide-brief", "regime-board", "regime-a4", "fixture-list"])
def test_no_line_starts_with_a_mark_that_closes(key: str, tmp_path: Path) -> None:
    sample = filled()
    pdf = printed(sample.sheet(key, first(sample, key)))
    lines = "\n".join(line.strip() for line in text_of(pdf, tmp_path).splitlines())
    assert LINE_START.findall(lines) == []


@pytest.mark.parametrize("key", KEYS)
def test_a_simplified_document_has_no_traditional_character(key: str, tmp_path: Path) -> None:
    sample = filled_for(key)
    text = text_of(printed(sample.sheet(key, first(sample, key), "hans")), tmp_path)
    assert [line for line in text.splitlines() if to_script(line, "hans") != line] == []


def test_the_full_guide_says_every_element_of_the_list(tmp_path: Path) -> None:
    sample = filled()
    item = sample.centre.items[0]
    text = re.sub(r"\s", "", text_of(printed(sample.sheet("guide", item.key)), tmp_path, "-raw"))
    elements = "適用範圍 辦理依據 受理機構 決定機構 數量限制 申請條件 禁止性要求 申請材料 申請接收 辦理流程 辦理方式 辦結時限"
    elements += (
        " 收費依據及標準 辦理結果 結果送達 權利和義務 諮詢途徑 監督投訴渠道 辦公地址和時間 進程和結果查詢"
    )
    assert [element for element in elements.split() if element not in text] == []
    assert [material.name for material in item.materials if material.name not in text] == []


def test_every_item_has_a_concise_guide_of_one_page() -> None:
    sample = filled()
    for item in sample.centre.items[:: rounds(3, 1)]:
        printed(sample.sheet("guide-brief", item.key, "hans"))


def test_every_regime_fits_its_board_in_both_scripts() -> None:
    sample = filled()
    for regime in sample.centre.regimes:
        for script in ("hant", "hans"):
            printed(sample.sheet("regime-board", regime.key, script))


def test_a_regime_too_long_for_its_board_is_refused_and_not_shrunk() -> None:
    sample = filled()
    regime = sample.centre.regimes[0]
    articles = tuple(a.model_copy(update={"text": "便民服務。" * 60}) for a in regime.articles)
    long = regime.model_copy(update={"articles": articles})
    crowded = replace(sample, centre=sample.centre.model_copy(update={"regimes": (long,)}))
    with pytest.raises(Overflow):
        printed(crowded.sheet("regime-board", long.key))


@pytest.mark.parametrize(("name", "name_hans"), NAMES)
@pytest.mark.parametrize("key", KEYS)
def test_names_of_two_to_twelve_characters_fit(key: str, name: str, name_hans: str, tmp_path: Path) -> None:
    sample = filled_for(key).named(name, name_hans)
    text = text_of(printed(sample.sheet(key, first(sample, key), "hans")), tmp_path)
    whole = name_hans.removesuffix("办事处") + "便民服务中心"
    assert key == "window-plate" or whole in re.sub(r"\s", "", text)


@pytest.mark.parametrize("length", [2, 6, 8, 11, 16])
def test_a_window_name_keeps_to_its_plate(length: int, tmp_path: Path) -> None:
    sample = filled()
    window = sample.centre.windows[0].model_copy(
        update={"name": "群眾接待和諮詢監督法務調解服務"[: length - 2] + "窗口"}
    )
    named = replace(sample, centre=sample.centre.model_copy(update={"windows": (window,)}))
    assert inked(printed(named.sheet("window-plate", window.key)), tmp_path, margin=6)


@pytest.mark.parametrize(("name", "name_hans"), NAMES)
def test_the_letters_of_a_centre_sign_stay_inside_it(name: str, name_hans: str, tmp_path: Path) -> None:
    sample = filled().named(name, name_hans)
    assert inked(printed(sample.sheet("centre-sign", "zhou:sign-centre")), tmp_path, margin=40)


def inked(pdf: bytes, folder: Path, margin: float) -> bool:
    """Whether all words of a one-page PDF lie within the page less a margin in millimetres."""
    path = folder / "plate.pdf"
    path.write_bytes(pdf)
    command = ["pdftotext", "-bbox", path, "-"]
    boxes = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    page = [float(side) for side in re.findall(r'<page width="([\d.]+)" height="([\d.]+)"', boxes)[0]]
    words = [
        tuple(map(float, box))
        for box in re.findall(r'xMin="(\S+)" yMin="(\S+)" xMax="(\S+)" yMax="(\S+)"', boxes)
    ]
    edge = margin * 72 / 25.4
    return bool(words) and all(
        x0 >= edge and x1 <= page[0] - edge and y0 >= 0 and y1 <= page[1] for x0, y0, x1, y1 in words
    )


@pytest.mark.parametrize("key", KEYS)
def test_a_draft_of_a_centre_with_blanks_says_draft(key: str, tmp_path: Path) -> None:
    sample = unfilled_for(key)
    text = text_of(printed(sample.sheet(key, first(sample, key), issue=DRAFT)), tmp_path)
    assert "草稿" in re.sub(r"\s", "", text)


@pytest.mark.parametrize("key", KEYS)
def test_a_demonstration_says_that_it_is_none_of_the_official_papers(key: str, tmp_path: Path) -> None:
    sample = filled_for(key)
    issue = replace(ISSUE, demonstration=True)
    text = text_of(printed(sample.sheet(key, first(sample, key), issue=issue)), tmp_path)
    assert "演示資料，非正式文件" in re.sub(r"\s", "", text)


@pytest.mark.parametrize("key", sorted(set(KEYS) - {"centre-sign", "window-plate"}))
def test_paper_bears_its_version_and_date(key: str, tmp_path: Path) -> None:
    sample = filled_for(key)
    text = re.sub(r"\s", "", text_of(printed(sample.sheet(key, first(sample, key))), tmp_path))
    assert "版本1.2" in text
    assert "2026年3月1日" in text


def test_a_name_that_the_context_lacks_is_an_error() -> None:
    sample = filled()
    templates = {**sample.pack.templates, "card.html": "<p>{{ card.fax }}</p>"}
    with pytest.raises(DocumentError, match="fax"):
        compose(sample.document("card"), templates, sample.context("card"), "hant")


def test_a_template_cannot_reach_beyond_its_context() -> None:
    sample = filled()
    templates = {**sample.pack.templates, "card.html": "{{ ''.__class__.__mro__ }}"}
    with pytest.raises(DocumentError):
        compose(sample.document("card"), templates, sample.context("card"), "hant")


def test_a_template_that_the_pack_lacks_is_named() -> None:
    sample = filled()
    with pytest.raises(DocumentError, match=r"card\.html"):
        compose(sample.document("card"), {}, sample.context("card"), "hant")


def test_texts_of_tenants_cannot_become_markup() -> None:
    sample = filled().with_profile(slogan="<script>便民</script>")
    assert "<script>" not in sample.sheet("card").html


def test_the_words_of_a_template_are_in_the_script_of_the_document() -> None:
    sample = filled()
    assert "服务热线" in sample.sheet("card", script="hans").html
    assert 'lang="zh-Hans"' in sample.sheet("card", script="hans").html


def test_equal_input_gives_an_equal_sheet() -> None:
    sample = filled()
    assert sample.sheet("hall-plan") == sample.sheet("hall-plan")


def test_the_plan_is_true_to_its_scale() -> None:
    plain = filled().context("hall-plan")["plan"]
    scale, hall = int(plain["scale"].removeprefix("1:")), filled().centre.hall
    assert f'width="{hall.width / scale:g}" height="{hall.depth / scale:g}"' in plain["svg"]


def test_a_plan_for_the_web_carries_no_style_sheet_and_fills_its_place() -> None:
    drawing = thumbnail(plan_of(filled().centre, Pen("hans", {})), "sans-serif", "平面图")
    assert "<style" not in drawing
    assert "style=" not in drawing
    assert 'width="100%"' in drawing
