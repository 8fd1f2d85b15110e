"""The editor of the township's own words: what it saves, what it refuses and says, and how it shows the paper."""

import pytest
from sqlalchemy import select, update

from tests.fixtures.checking import Browser, Page
from tests.fixtures.web import HOME, PASSWORD, Site
from townhall.audit.models import AuditRecord
from townhall.centres.models import Revision
from townhall.centres.rows import require_centre
from townhall.standards.models import CountyOverlay

UNIT = f"{HOME}000"
LIST = f"/t/{HOME}/wording"
NOTICE = f"{LIST}/guide_notice"
LOCK = {
    "path": "profile.guide_notice",
    "policy": "locked",
    "maximum": None,
    "reason": "溫馨提示由縣統一",
    "source": "演示",
}


def notice(site: Site) -> str | None:
    with site.sessions() as session:
        return require_centre(session, UNIT).profile.guide_notice


def sent(browser: Browser, text: str, status: int = 303, to: str = NOTICE, **more: str) -> Page:
    return browser.post(to, browser.get(NOTICE).form() | {"text": text} | more, status)


def tried(browser: Browser, text: str) -> tuple[int, str]:
    """What the editor asks for while somebody types: only the text as it will stand."""
    form = browser.get(NOTICE).form() | {"text": text, "bare": "1"}
    answer = browser.client.post(f"{NOTICE}/preview", data=form)
    return answer.status_code, answer.get_data(as_text=True)


def test_a_director_words_a_place_and_every_guide_says_it(site: Site) -> None:
    browser = site.browser("director")
    sent(browser, "來辦{{ 事項名稱 }}，請先打{{ 热线电话 }}")
    assert notice(site) == "來辦{{ 事項名稱 }}，請先打{{ 热线电话 }}"
    page = browser.get(NOTICE)
    assert "來辦最低生活保障申請，請先打" in page.text
    assert "本地寫法" in browser.get(LIST).text


def test_wording_makes_a_revision_and_one_record_like_any_edit(site: Site) -> None:
    sent(site.browser("director"), "請先來電")
    with site.sessions() as session:
        number = session.scalars(select(Revision.number).filter_by(unit_id=UNIT)).all()
        acts = session.scalars(select(AuditRecord.action).filter_by(unit_id=UNIT)).all()
        assert max(number) == 2
        assert acts.count("centre.edit") == 1


def test_an_emptied_place_prints_nothing_and_the_standard_comes_back(site: Site) -> None:
    browser = site.browser("director")
    standard = notice(site)
    assert standard
    sent(browser, "")
    assert notice(site) is None
    assert "這一處什麼也不印" in browser.get(NOTICE).text
    sent(browser, "", back="1")
    assert notice(site) == standard


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("hant", "第 2 行第 3 字：沒有「電話號」這個參數"),
        ("hans", "第 2 行第 3 字：没有“電話號”这个参数"),
        ("en", "Line 2, column 3: There is no parameter 電話號"),
    ],
)
def test_a_fault_is_told_with_line_and_column_in_the_readers_language(
    site: Site, language: str, words: str
) -> None:
    before = notice(site)
    page = sent(site.browser("director", language), "一\n請打{{ 電話號 }}", 422)
    assert words.replace("電話號", "") in page.text.replace("電話號", "").replace("电话号", "")
    assert "{{ 電話號 }}" in page.text, "what was typed is still there"
    assert notice(site) == before


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(9) %}{% endfor %}",
        "{{ ''.__class__ }}",
        "{{ 事項名稱|e }}",
        "{{ 7 * 7 }}",
        "字" * 121,
    ],
)
def test_what_is_not_in_the_language_is_refused_when_saved_and_when_tried(site: Site, text: str) -> None:
    browser, before = site.browser("director"), notice(site)
    sent(browser, text, 422)
    assert tried(browser, text)[0] == 422
    assert notice(site) == before


def test_a_trial_shows_the_text_and_keeps_nothing(site: Site) -> None:
    browser, before = site.browser("director"), notice(site)
    status, shown = tried(browser, "試試{{ 中心名稱 }}")
    assert status == 200
    assert "<p>試試黃草街道便民服務中心</p>" in shown
    assert "<html" not in shown
    assert notice(site) == before


def test_a_trial_on_paper_shows_the_page(site: Site) -> None:
    page = sent(site.browser("director"), "試試", 200, f"{NOTICE}/preview", paper="1")
    (picture,) = page.find("img", class_="leaf-page")
    assert picture.attrib["src"].startswith("data:image/png;base64,iVBOR")


def test_trials_are_counted_for_each_account(site: Site) -> None:
    browser = site.browser("director")
    form = browser.get(NOTICE).form() | {"text": "{", "bare": "1"}
    statuses = [browser.client.post(f"{NOTICE}/preview", data=form).status_code for _ in range(61)]
    assert statuses == [422] * 60 + [429]


def test_a_locked_place_can_be_read_and_not_changed(site: Site) -> None:
    with site.sessions.begin() as session:
        overlay = session.scalars(select(CountyOverlay)).one()
        content = overlay.content | {"tighten": [*overlay.content.get("tighten", []), LOCK]}
        session.execute(update(CountyOverlay).values(content=content, content_hash="0" * 64))
    browser, before = site.browser("director"), notice(site)
    page = browser.get(NOTICE)
    assert "溫馨提示由縣統一" in page.text
    assert not page.find("button", type="submit", name="paper")
    refusal = browser.post(NOTICE, page.form() | {"text": "自己寫"}, 422)
    assert "鎖定" in refusal.text
    assert notice(site) == before


def test_who_may_only_read_sees_no_way_to_change(site: Site) -> None:
    page = site.browser("county").get(NOTICE)
    assert "readonly" in page.find("textarea", name="text")[0].attrib
    assert not page.find("button", type="submit", name="paper")
    assert PASSWORD not in page.text


def test_a_place_that_there_is_not_is_not_found(site: Site) -> None:
    site.browser("director").get(f"{LIST}/slogan", 404)
