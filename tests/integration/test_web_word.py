"""The studio hands out the papers that officials write on as Word files too, by the same rights and refusals."""

from typing import NoReturn

import pytest

from tests.fixtures.checking import Browser
from tests.fixtures.web import SIBLING, Site
from tests.fixtures.wordfiles import opened, words_in
from townhall.documents.errors import DocumentError
from townhall.documents.press import Press

PAPERS = f"/t/{SIBLING}/documents"
REGIME = f"{PAPERS}/regime-a4/zhou.time-limit"


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser("printer")


def test_the_word_file_comes_from_a_button_of_the_studio(browser: Browser) -> None:
    address = next(link for link in browser.get(f"{REGIME}?script=hans").links() if "/word" in link)
    paper = browser.get(address)
    assert "限时办结制" in words_in(opened(paper.body))
    assert "wordprocessingml" in paper.response.mimetype
    assert paper.response.headers["Cache-Control"] == "private, no-cache"


def test_what_still_has_blanks_comes_as_a_draft_and_is_called_one(browser: Browser) -> None:
    paper = browser.get(f"{PAPERS}/guide/zhou.temporary-relief/word?script=hans")
    assert "%E8%8D%89%E7%A8%BF.docx" in paper.response.headers["Content-Disposition"]  # 草稿
    assert "待填" in words_in(opened(paper.body))


def test_what_has_a_word_file_depends_on_its_kind(browser: Browser) -> None:
    plate = f"{PAPERS}/window-plate/zhou.civil"
    assert [link for link in browser.get(plate).links() if "/word" in link] == []
    browser.get(f"{plate}/word", 404)


def test_what_stops_the_word_file_sends_to_the_page_of_the_paper(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> NoReturn:
        raise DocumentError("甲")

    monkeypatch.setattr(Press, "word", stopped)
    answer = browser.get(f"{REGIME}/word?script=hans", 303)
    assert answer.response.location.endswith(f"{REGIME}?script=hans")
