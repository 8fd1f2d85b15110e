"""The desk of the standard: simulate, publish by two people, roll out, take back, and decide what stays open."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from provisioning.specs import Pack
from tests.fixtures.checking import Browser, Page
from tests.fixtures.jobs import LEASE
from tests.fixtures.releases import LATER, evolved
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import ABROAD, HOME, PASSWORD, SIBLING, Site
from townhall.accounts.models import Role
from townhall.accounts.operations import create_user
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre, DecisionRule, Question
from townhall.centres.rows import require_centre
from townhall.jobs.models import State
from townhall.jobs.runner import Runner
from townhall.rollouts.models import Rollout, RolloutState
from townhall.standards.models import Release, Status
from townhall.standards.operations import draft_release
from townhall.units.models import Unit
from townhall.units.operations import full_code

PAGE, ITEM = "/standards/qianxinan/2", "zhou:temporary-relief"
ACT = host_act("測試", LATER)
NEW = "州第二版的辦理結果"


@pytest.fixture
def site(new_site: Callable[..., Site], pack: Pack) -> Site:
    """Three centres, a draft of release 2, and two that have changed alike what it changes."""
    made = new_site(workers=1)
    with made.sessions.begin() as session:
        create_user(
            session,
            ACT,
            login="second",
            name="second（虛構）",
            role=Role.PREFECTURE_ADMIN,
            unit_id=full_code("522300"),
            password=PASSWORD,
        )
        draft_release(session, evolved(pack, ["items", ITEM, "result", NEW]), act=ACT)
    for code in (HOME, SIBLING):
        with made.sessions.begin() as session:
            unit = session.get_one(Unit, f"{code}000")
            edits = [Edit("items", ITEM, "result", "本地的辦理結果")]
            edit_centre(session, unit, edits, seen=None, act=host_act("主任", MOMENT))
    return made


def work(site: Site) -> list[State | None]:
    """Do every job that waits."""
    runner = Runner(site.sessions.kw["bind"], site.app.extensions["townhall.jobs"], LEASE)
    return [runner.run(*one) for one in runner.due()]


def do(browser: Browser, to: str, status: int = 303, **form: str) -> Page:
    token = browser.get("/account").token()
    return browser.post(to, {"csrf_token": token} | form, status)


def published(site: Site) -> tuple[Browser, Browser]:
    first, second = site.browser("prefecture"), site.browser("second")
    do(first, f"{PAGE}/simulate")
    assert work(site) == [State.DONE]
    do(first, f"{PAGE}/publish", reason="按年度計劃")
    do(second, f"{PAGE}/decide", verdict="approve")
    return first, second


def rolled_out(site: Site) -> Browser:
    browser, _ = published(site)
    form = {"waves": f"試點={HOME}\n其他=其餘", "max_failed": "0", "max_open": "20", "reason": "推行"}
    do(browser, f"{PAGE}/rollout", **form)
    work(site)
    do(browser, "/rollouts/1/run")
    work(site)
    return browser


def one(site: Site, model: Any) -> Any:
    with site.sessions() as session:
        return session.scalars(select(model)).first()


def result_of(site: Site, code: str) -> str:
    with site.sessions() as session:
        items = require_centre(session, f"{code}000").items
    return next(item.result for item in items if item.key == ITEM)


def test_a_draft_shows_what_it_changes_and_after_a_simulation_for_whom(site: Site) -> None:
    browser = site.browser("prefecture")
    assert "第 2 版" in browser.get("/standards").text
    page = browser.get(PAGE)
    assert NEW in page.text
    assert "還沒有模擬" in page.text
    do(browser, f"{PAGE}/simulate")
    assert "排隊等候" in browser.get(PAGE).text
    assert work(site) == [State.DONE]
    page = browser.get(f"{PAGE}?county=522301")
    table = [["".join(cell.itertext()).strip() for cell in row] for row in page.find("tr")]
    (difference,) = (row for row in table if row[0].startswith("事項〔臨時救助申請〕的辦理結果"))
    assert difference[1:] == ["1", "2", "0"]
    assert ["興義市", "2", "0", "2", "0", "0", "0"] in table
    assert ["黃草街道", "0", "0", "1", "0", "—"] in table


def test_publishing_takes_two_people_and_a_simulation_that_holds(site: Site) -> None:
    first, second = site.browser("prefecture"), site.browser("second")
    refused = do(first, f"{PAGE}/publish", 422, reason="按年度計劃")
    assert "尚未模擬，須先對全部中心模擬" in refused.text
    do(first, f"{PAGE}/simulate")
    work(site)
    do(first, f"{PAGE}/publish", reason="按年度計劃")
    assert "提出人不能審批自己的申請" in do(first, f"{PAGE}/decide", 422, verdict="approve").text
    assert "按年度計劃" in second.get(PAGE).text
    assert f'href="{PAGE}#publication"' in second.get("/approvals").body.decode()
    do(second, f"{PAGE}/decide", verdict="approve")
    with site.sessions() as session:
        release = session.scalars(select(Release).filter_by(number=2)).one()
        assert release.status == Status.PUBLISHED
        record = session.scalars(select(AuditRecord).filter_by(action="release.publish")).one()
        assert (record.login, record.reason) == ("second", "按年度計劃")


def test_a_simulation_overtaken_by_an_edit_is_published_only_for_a_reason(site: Site) -> None:
    first, second = site.browser("prefecture"), site.browser("second")
    do(first, f"{PAGE}/simulate")
    work(site)
    with site.sessions.begin() as session:
        unit = session.get_one(Unit, f"{ABROAD}000")
        edit_centre(session, unit, [Edit("items", ITEM, "scope", "後來")], seen=None, act=ACT)
    assert "模擬之後有 1 個中心有變動" in first.get(PAGE).text
    do(first, f"{PAGE}/publish", 422, reason="急")
    do(first, f"{PAGE}/publish", reason="急", override="變動與本版無關")
    assert "變動與本版無關" in second.get(PAGE).text
    do(second, f"{PAGE}/decide", verdict="return", comment="請重新模擬")
    assert one(site, Rollout) is None
    with site.sessions() as session:
        assert session.scalars(select(Release.status).filter_by(number=2)).one() == Status.DRAFT


def test_a_rollout_goes_through_its_waves_on_the_board(site: Site) -> None:
    browser, _ = published(site)
    refused = do(browser, f"{PAGE}/rollout", 422, waves=f"試點={HOME}", reason="推行")
    assert "不在任何批次中" in refused.text
    do(browser, f"{PAGE}/rollout", waves=f"試點={HOME}\n其他=其餘", reason="推行")
    assert work(site) == [State.DONE]
    page = browser.get("/rollouts/1")
    assert "開始第 2 批" in page.text
    assert "待決分歧 1 處" in page.text
    do(browser, "/rollouts/1/run")
    work(site)
    page = browser.get("/rollouts/1?wave=2&progress=applied")
    assert "已完成" in page.text
    assert len(page.find("tr")) == 3
    assert one(site, Rollout).state == RolloutState.COMPLETED


def test_a_wave_is_halted_taken_back_and_brought_on_again(site: Site) -> None:
    browser, _ = published(site)
    do(browser, f"{PAGE}/rollout", waves=f"試點={HOME}\n其他=其餘", reason="推行")
    work(site)
    do(browser, "/rollouts/1/halt", 422)
    do(browser, "/rollouts/1/halt", reason="接到反映")
    assert "接到反映" in browser.get("/rollouts/1").text
    do(browser, "/rollouts/1/take-back", wave="1", reason="先退回")
    assert work(site) == [State.DONE]
    assert "已回滾" in browser.get("/rollouts/1").text
    with site.sessions() as session:
        centre = session.get_one(Centre, f"{HOME}000")
        assert session.get_one(Release, centre.release_id).number == 1
    do(browser, "/rollouts/1/resume", reason="已更正", again="yes")
    for _ in range(2):
        do(browser, "/rollouts/1/run")
        work(site)
    assert one(site, Rollout).state == RolloutState.COMPLETED


def test_a_rollout_is_ended_early_for_a_reason(site: Site) -> None:
    browser, _ = published(site)
    do(browser, f"{PAGE}/rollout", waves="全部=其餘", reason="推行")
    do(browser, "/rollouts/1/end", 422)
    do(browser, "/rollouts/1/end", reason="改推下一版")
    assert one(site, Rollout).state == RolloutState.SUPERSEDED
    do(browser, f"{PAGE}/withdraw", reason="有誤")
    assert "已撤回" in browser.get(PAGE).text


def test_only_the_prefecture_acts_on_the_standard_and_its_county_reads(site: Site) -> None:
    county = site.browser("county")
    assert NEW in county.get(PAGE).text
    do(county, f"{PAGE}/simulate", 403)
    do(county, f"{PAGE}/publish", 403, reason="試")
    site.browser("prefecture").get("/standards/qianxinan/9", 404)
    site.browser("prefecture").get("/rollouts/9", 404)


def test_a_question_is_decided_in_the_centre(site: Site) -> None:
    rolled_out(site)
    director = site.browser("director")
    page = director.get(f"/t/{HOME}/differences")
    assert NEW in page.text
    assert "本地的辦理結果" in page.text
    question = one(site, Question).id
    address = f"/t/{HOME}/differences/questions/{question}"
    assert "請選擇怎樣決定" in do(director, address, 422).text
    assert "請填寫日期" in do(director, address, 422, choice="later").text
    do(director, address, choice="later", until="2099-01-01")
    assert "延到 2099-01-01 再定" in director.get(f"/t/{HOME}/differences").text
    do(director, address, choice="other", value="兩者都不要", reason="按實際")
    assert result_of(site, HOME) == "兩者都不要"
    assert "這項內容已有變動" in do(director, address, 422, choice="take").text


def test_one_decision_settles_the_same_question_in_every_centre(site: Site) -> None:
    browser = rolled_out(site)
    page = browser.get("/questions")
    assert "2 個中心" in page.text
    question = one(site, Question).question
    do(browser, f"/questions/{question}", choice="take", reason="統一")
    assert work(site) == [State.DONE]
    assert [result_of(site, code) for code in (HOME, SIBLING)] == [NEW, NEW]
    with site.sessions() as session:
        decided = session.scalars(select(AuditRecord).filter_by(action="conflict.decide")).all()
    assert len(decided) == 2
    assert len({record.correlation for record in decided}) == 1
    assert "沒有待決的分歧" in browser.get("/questions").text
    assert "這項內容已有變動" in do(browser, f"/questions/{question}", 422, choice="take").text


def test_a_county_sees_the_questions_of_its_townships_and_decides_none(site: Site) -> None:
    rolled_out(site)
    county, elsewhere = site.browser("county"), site.browser("elsewhere")
    assert NEW in county.get("/questions").text
    assert "沒有待決的分歧" in elsewhere.get("/questions").text
    do(county, f"/questions/{one(site, Question).question}", 403, choice="take")


def test_a_local_difference_is_accepted_until_a_day_held_and_let_go(site: Site) -> None:
    director, page = site.browser("director"), f"/t/{HOME}/differences"
    token = (
        director.get(page).find("form", **{"class": "deciding-more"})[0].attrib["action"].rsplit("/", 1)[1]
    )
    place = f"{page}/places/{token}"
    assert "認可偏差須寫明理由" in do(director, place, 422, deed="accept", until="2099-01-01").text
    assert "請填寫日期" in do(director, place, 422, deed="accept", reason="本地情況").text
    do(director, place, deed="accept", reason="本地情況", until="2099-01-01")
    assert "認可至 2099-01-01" in director.get(page).text
    do(director, place, deed="pin", reason="保持")
    assert "指定保持" in director.get(page).text
    do(director, place, deed="unpin")
    do(director, place, deed="withdraw")
    do(director, place, deed="follow")
    assert result_of(site, HOME) != "本地的辦理結果"
    assert "與標準完全一致" in director.get(page).text
    do(director, place, 422, deed="follow")
    do(director, place, 400, deed="erase")


def test_rule_g7_a_rule_that_a_director_sets_up_decides_and_is_taken_back(site: Site) -> None:
    director = site.browser("director")
    do(director, "/rules", path="items[*].result", choice="keep", reason="辦理結果按本鄉實際")
    assert "辦理結果按本鄉實際" in director.get("/rules").text
    assert "還沒有規則" in site.browser("prefecture").get("/rules").text
    rolled_out(site)
    page = director.get(f"/t/{HOME}/differences")
    assert "規則決定的分歧 1" in page.text
    (form,) = [one for one in page.find("form") if "/differences/ruled/" in one.attrib.get("action", "")]
    do(director, form.attrib["action"])
    page = director.get(f"/t/{HOME}/differences").text
    assert "規則決定的分歧" not in page
    assert "待決分歧 1" in page
    with site.sessions() as session:
        rule = session.scalars(select(DecisionRule)).one()
    do(site.browser("prefecture"), f"/rules/{rule.id}/end", 404)
    do(director, f"/rules/{rule.id}/end")
    assert "還沒有規則" in director.get("/rules").text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"path": "items[*].result", "choice": "keep"}, "須寫明理由"),
        ({"path": "items[*].nowhere", "choice": "keep", "reason": "x"}, "沒有「nowhere」這個欄位"),
        ({"path": "items[*].result", "reason": "x"}, "請選擇怎樣決定"),
    ],
)
def test_a_rule_that_cannot_stand_is_refused_on_the_page(
    site: Site, form: dict[str, str], words: str
) -> None:
    assert words in do(site.browser("director"), "/rules", 422, **form).text
    with site.sessions() as session:
        assert session.scalars(select(DecisionRule)).all() == []
