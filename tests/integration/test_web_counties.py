"""The desk of a county: it changes the standard for its townships, is asked, publishes with a second person."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from tests.fixtures.checking import Browser, Page
from tests.fixtures.jobs import LEASE
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import ABROAD, HOME, PASSWORD, Site
from townhall.accounts.models import Role
from townhall.accounts.operations import create_user
from townhall.audit.act import host_act
from townhall.centres.rows import require_centre
from townhall.counties.models import CountyDraft
from townhall.jobs.models import State
from townhall.jobs.runner import Runner
from townhall.standards.models import CountyOverlay
from townhall.units.operations import full_code

DESK = "/counties/522301"
ITEM = f"{DESK}/standard/items/zhou.temporary-relief"


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    """Three centres, with a second officer in the county."""
    made = new_site(workers=1)
    with made.sessions.begin() as session:
        create_user(
            session,
            host_act("測試", MOMENT),
            login="second",
            name="second（虛構）",
            role=Role.COUNTY_OFFICER,
            unit_id=full_code("522301"),
            password=PASSWORD,
        )
    return made


def do(browser: Browser, to: str, status: int = 303, **form: str) -> Page:
    token = browser.get("/account").token()
    return browser.post(to, {"csrf_token": token} | form, status)


def fields(browser: Browser, **more: str) -> dict[str, str]:
    """The form of the item as it stands, with some fields typed anew."""
    return {"seen": browser.get(ITEM).form()["seen"]} | more


def result(site: Site, code: str) -> str:
    with site.sessions() as session:
        items = require_centre(session, full_code(code)).items
    return next(item.result for item in items if item.key == "zhou:temporary-relief")


def test_what_a_county_types_is_published_by_a_second_officer_and_reaches_its_townships(site: Site) -> None:
    first, second, before = site.browser("county"), site.browser("second"), result(site, ABROAD)
    do(first, ITEM, **fields(first, result="縣的辦理結果", reason="本縣實際"))
    assert "縣的辦理結果" in first.get(DESK).text
    assert "有未發布的草稿" in first.get(DESK).text
    do(first, f"{DESK}/publish", reason="按縣政務服務中心意見")
    assert "提出人不能審批自己的申請" in do(first, f"{DESK}/decide", 422, verdict="approve").text
    assert f"{DESK}#publication" in second.get("/approvals").links()
    do(second, f"{DESK}/decide", verdict="approve")
    assert result(site, HOME) != "縣的辦理結果"
    do(second, f"{DESK}/bring-on")
    runner = Runner(site.sessions.kw["bind"], site.app.extensions["townhall.jobs"], LEASE)
    assert [runner.run(*one) for one in runner.due()] == [State.DONE]
    assert result(site, HOME) == "縣的辦理結果"
    assert result(site, ABROAD) == before
    page = second.get(DESK).text
    assert "2 個中心有更新" in page
    assert "現行第 2 版" in page


def test_a_line_of_a_county_goes_back_to_the_prefectures_words(site: Site) -> None:
    browser = site.browser("county")
    do(browser, ITEM, **fields(browser, result="縣的辦理結果"))
    page = browser.get(DESK)
    with site.sessions() as session:
        lines = len(session.get_one(CountyDraft, full_code("522301")).content["change"]["items"])
    (form,) = [
        one
        for one in page.find("form")
        if "〔臨時救助申請〕辦理結果" in "".join("".join(one.itertext()).split())
    ]
    do(browser, form.attrib["action"])
    assert "縣的辦理結果" not in browser.get(DESK).text
    assert lines > 1


def test_of_two_officers_the_second_is_told_and_keeps_what_was_typed(site: Site) -> None:
    first, second = site.browser("county"), site.browser("second")
    early = fields(second, result="另一人的話")
    do(first, ITEM, **fields(first, result="先到的話"))
    page = do(second, ITEM, 422, **early)
    assert "他人已修改本縣的補充規定" in page.text
    assert page.form()["result"] == "另一人的話"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"promised_limit": "x", "promised_limit_unit": "工作日"}, "應為整數"),
        ({"promised_limit": "99", "promised_limit_unit": "工作日"}, "不得超過"),
        (
            {"deed": "tighten", "field": "nowhere", "policy": "locked", "why": "x", "source": "y"},
            "請選擇欄位",
        ),
        ({"deed": "tighten", "field": "result", "policy": "local", "why": "x", "source": "y"}, "請選擇欄位"),
        ({"deed": "another", "name": "某事", "slug": "不行"}, "請寫新項的名稱和標識"),
        ({"result": "\u0007"}, "不可見的控制字符"),
    ],
)
def test_what_a_county_may_not_say_is_refused_in_words_and_nothing_is_kept(
    site: Site, form: dict[str, Any], words: str
) -> None:
    browser = site.browser("county")
    page = do(browser, ITEM, 422, **fields(browser, **form))
    assert words in page.text
    with site.sessions() as session:
        assert session.get(CountyDraft, full_code("522301")) is None


def test_a_county_tightens_adds_and_takes_away_on_its_pages(site: Site) -> None:
    browser = site.browser("county")
    form = {
        "deed": "tighten",
        "field": "result",
        "policy": "locked",
        "why": "全縣一致",
        "source": "縣規定第一條",
    }
    do(browser, ITEM, **form)
    do(browser, ITEM, **fields(browser, deed="another", name="縣臨時幫扶", slug="county-relief"))
    help_page = f"{DESK}/standard/items/zhou.certificate-help"
    do(browser, help_page, deed="remove", seen=browser.get(help_page).form()["seen"])
    page = browser.get(DESK).text
    assert "全縣一致" in page
    assert "縣臨時幫扶" in page
    assert "不設" in page
    do(browser, f"{DESK}/slacken", path="items[zhou:temporary-relief].result")
    assert "全縣一致" not in browser.get(DESK).text
    do(browser, f"{DESK}/discard")
    assert "縣臨時幫扶" not in browser.get(DESK).text


def test_t2_a_county_that_is_not_the_readers_is_like_none(site: Site) -> None:
    browser = site.browser("county")
    for code in ("522323", "999999", "522300", HOME, "x"):
        assert browser.get(f"/counties/{code}", status=404)
        do(browser, f"/counties/{code}/publish", 404, reason="試")
    assert browser.get(f"{DESK}/standard/nowhere/zhou.x", status=404)
    assert browser.get(f"{DESK}/standard/items/zhou.x", status=404)
    with site.sessions() as session:
        assert len(session.scalars(select(CountyOverlay)).all()) == 1


def test_the_words_of_a_county_are_text_on_its_pages(site: Site) -> None:
    browser = site.browser("county")
    do(browser, ITEM, **fields(browser, result="<svg onload=z()>"))
    for address in (DESK, ITEM):
        body = browser.get(address).body.decode()
        assert "&lt;svg onload=z()&gt;" in body
        assert "<svg onload" not in body
