"""Release 2 on paper: every document type of its sample, and what is new in it in both scripts."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.papers import DRAFT, filled, lean
from tests.fixtures.standards import SECOND_FOLDER
from townhall.documents.catalogue import subjects
from townhall.documents.errors import UnfilledBlank
from townhall.documents.fonts import ensure_faces
from townhall.documents.pdf import Renderer

SECOND = filled(SECOND_FOLDER)
NEW = [
    ("regime-board", "zhou:ab-post", {"hant": "AB崗工作制度", "hans": "AB岗工作制度"}),
    ("window-plate", "zhou:land-resources", {"hant": "6 國土資源窗口", "hans": "6 国土资源窗口"}),
    ("window-plate", "zhou:housing", {"hant": "9 住房建設窗口", "hans": "9 住房建设窗口"}),
    (
        "guide",
        "zhou:resident-medical-enrolment",
        {"hant": "城鄉居民基本醫療保險參保登記", "hans": "城乡居民基本医疗保险参保登记"},
    ),
]


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ensure_faces())


def printed(pdf: bytes, folder: Path) -> str:
    path = folder / "document.pdf"
    path.write_bytes(pdf)
    command = ["pdftotext", "-raw", path, "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("key", [document.key for document in SECOND.pack.documents])
def test_every_document_type_is_made_for_the_sample(key: str, renderer: Renderer) -> None:
    sample = lean(SECOND) if SECOND.document(key).bulky else SECOND
    found = subjects(sample.document(key), sample.centre)
    assert renderer.render(sample.sheet(key, found[len(found) // 2].key)).startswith(b"%PDF")


@pytest.mark.parametrize("script", ["hant", "hans"])
@pytest.mark.parametrize(("document", "subject", "words"), NEW)
def test_what_is_new_comes_out_of_the_printer(
    document: str, subject: str, words: dict[str, str], script: str, renderer: Renderer, tmp_path: Path
) -> None:
    text = printed(renderer.render(SECOND.sheet(document, subject, script)), tmp_path)
    # Spaces and line ends are the layout's.
    assert re.sub(r"\s", "", words[script]) in re.sub(r"\s", "", text)


def test_the_numbers_of_the_new_regime_stand_in_its_text() -> None:
    html = SECOND.sheet("regime-board", "zhou:ab-post").html
    assert "10分鐘" in html
    assert "{" not in html.partition("<body")[2]


def test_a_window_plate_has_the_new_ground() -> None:
    grounds = [
        re.findall("background: (#[0-9a-f]{6}); color: #ffffff", sample.sheet("window-plate", key).html)
        for sample, key in ((filled(), "zhou:land"), (SECOND, "zhou:housing"))
    ]
    assert grounds == [["#12355b"], ["#0b2545"]]


def test_the_board_of_the_new_regime_waits_for_what_the_sources_do_not_say() -> None:
    regimes = tuple(SECOND.pack.centre.regimes)
    centre = SECOND.centre.model_copy(update={"regimes": regimes})
    waiting = type(SECOND)(SECOND.pack, centre, SECOND.unit)
    with pytest.raises(UnfilledBlank, match="AB崗工作制度第九條"):
        waiting.sheet("regime-board", "zhou:ab-post")
    assert "授權辦法" in waiting.sheet("regime-board", "zhou:ab-post", issue=DRAFT).html
