"""The pages on which questions are decided: one by one, an item at once, and for every centre that has them alike."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import canonical
from provisioning.marks import Choice
from provisioning.specs import Pack, ServiceItem
from provisioning.specs.item import Step
from tests.fixtures.changes import part
from tests.fixtures.checking import Browser, Page
from tests.fixtures.jobs import LEASE
from tests.fixtures.releases import LATER, evolved, released
from tests.fixtures.web import HOME, SIBLING, Site
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.centres.deciding import Decision
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Question
from townhall.centres.rows import require_centre
from townhall.jobs.conflicts import NO_DECISION, asked_for, decide_kind
from townhall.jobs.models import State
from townhall.jobs.runner import Runner
from townhall.standards.operations import newest_overlays
from townhall.units.models import Unit

ITEM = "zhou:temporary-relief"
ACT = host_act("測試", LATER, "測試")
INBOX = "/questions"


def timed(pack: Pack, promised: int, review: int) -> tuple[list[Any], list[Any]]:
    """The limit that is promised, and what one step may take of it."""
    steps = canonical(part(pack.centre, "items", ITEM))["steps"]
    limited = [one | {"limit": {"days": review}} if one["key"] == "review" else one for one in steps]
    return ["items", ITEM, "promised_limit", {"days": promised}], ["items", ITEM, "steps", limited]


@pytest.fixture
def site(new_site: Callable[..., Site], pack: Pack) -> Site:
    """Two centres that are quicker than their standard, which has become slower: the same two questions in each."""
    made = new_site(workers=1)
    with made.sessions.begin() as session:
        release = released(session, evolved(pack, *timed(pack, 6, 3)))
        for code in (HOME, SIBLING):
            unit = session.get_one(Unit, f"{code}000")
            edit_centre(session, unit, [Edit(*one) for one in timed(pack, 4, 1)], seen=None, act=ACT)
            standard = standard_for(unit, release, newest_overlays(session, release))
            apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=ACT, force="測試")
    return made


def do(browser: Browser, to: str, status: int = 303, **form: str) -> Page:
    token = browser.get("/account").token()
    return browser.post(to, {"csrf_token": token} | form, status)


def address(page: Page, part: str) -> str:
    """Where the one form that decides a whole item leads."""
    (found,) = (form.attrib["action"] for form in page.find("form") if part in form.attrib["action"])
    return found


def days(site: Site, code: str) -> int:
    with site.sessions() as session:
        item = part(require_centre(session, f"{code}000"), "items", ITEM)
    return int(item.promised_limit.days)


def steps_of(session: Session, unit: Unit) -> tuple[Step, ...]:
    item: ServiceItem = part(require_centre(session, unit.code), "items", ITEM)
    return item.steps


def of_limit(site: Site) -> Question:
    with site.sessions() as session:
        wanted = select(Question).where(Question.place.endswith("promised_limit"))
        return session.scalars(wanted.order_by(Question.unit_id)).first() or pytest.fail("no question")


def decided(site: Site) -> list[AuditRecord]:
    with site.sessions() as session:
        return list(session.scalars(select(AuditRecord).filter_by(action="conflict.decide")))


def test_a_single_decision_that_cannot_stand_alone_leads_to_the_whole(site: Site) -> None:
    director, page = site.browser("director"), f"/t/{HOME}/differences"
    refused = do(director, f"{page}/questions/{of_limit(site).id}", 422, choice="take")
    assert "「辦事程序」互相牽連" in refused.text
    assert "〔臨時救助申請〕整項一起決定" in refused.text
    do(director, address(refused, "/together/"), choice="take", reason="按新標準")
    assert days(site, HOME) == 6
    assert "沒有待決的分歧" in director.get(page).text
    assert [one.reason for one in decided(site)] == ["按新標準"] * 2


def test_a_whole_that_has_changed_meanwhile_is_not_decided(site: Site) -> None:
    director, page = site.browser("director"), f"/t/{HOME}/differences"
    whole = address(director.get(page), "/together/")
    assert "請選擇怎樣決定" in do(director, whole, 422, choice="other", value="5").text
    do(director, f"{page}/questions/{of_limit(site).id}", choice="keep")
    assert "這項內容已有變動" in do(director, whole, 422, choice="take").text
    assert days(site, HOME) == 4


def runner(site: Site) -> Runner:
    return Runner(site.sessions.kw["bind"], site.app.extensions["townhall.jobs"], LEASE)


def test_a_whole_is_decided_for_every_centre_that_has_it_alike(site: Site) -> None:
    browser = site.browser("prefecture")
    whole = address(browser.get(INBOX), "/together/")
    assert "請選擇怎樣決定" in do(browser, whole, 422).text
    do(browser, whole, choice="take", reason="統一")
    assert [days(site, code) for code in (HOME, SIBLING)] == [4, 4]
    page = browser.get(INBOX)
    assert "排隊等候" in page.text
    assert "/together/" not in page.body.decode()
    worker = runner(site)
    assert [worker.run(*one) for one in worker.due()] == [State.DONE]
    assert [days(site, code) for code in (HOME, SIBLING)] == [6, 6]
    page = browser.get(INBOX)
    assert "2 個中心已決定" in page.text
    assert "事項〔臨時救助申請〕的承諾時限" in page.text
    assert {(one.login, one.reason) for one in decided(site)} == {("prefecture", "統一")}
    assert (len(decided(site)), len({one.correlation for one in decided(site)})) == (4, 1)
    assert "這項內容已有變動" in do(browser, whole, 422, choice="take").text


def test_why_a_centre_could_not_be_decided_is_told_and_holds_up_no_other(site: Site) -> None:
    browser = site.browser("prefecture")
    with site.sessions.begin() as session:
        unit = session.get_one(Unit, f"{HOME}000")
        timeless = [step.model_copy(update={"limit": None}) for step in steps_of(session, unit)]
        edit_centre(session, unit, [Edit("items", ITEM, "steps", canonical(timeless))], seen=None, act=ACT)
    do(browser, f"{INBOX}/{of_limit(site).question}", choice="take")
    worker = runner(site)
    assert [worker.run(*one) for one in worker.due()] == [State.DONE]
    page = browser.get(INBOX)
    assert "1 個中心已決定；1 個中心未能決定" in page.text
    assert "「辦事程序」互相牽連" in page.text
    assert [days(site, code) for code in (HOME, SIBLING)] == [6, 4]


@pytest.mark.parametrize(
    ("choice", "until", "left"), [("take", "", 0), ("later", "2099-01-01", 4), ("keep", "", 0)]
)
def test_a_worker_that_ends_half_way_leaves_the_rest_to_the_next_and_nothing_is_decided_twice(
    site: Site, choice: str, until: str, left: int
) -> None:
    browser = site.browser("prefecture")
    do(browser, address(browser.get(INBOX), "/together/"), choice=choice, until=until)
    first = runner(site)
    first.stop.set()
    assert [first.run(*one) for one in first.due()] == [State.WAITING]
    assert len({one.unit_id for one in decided(site)}) == 1
    second = runner(site)
    assert [second.run(*one) for one in second.due()] == [State.DONE]
    assert "2 個中心已決定" in browser.get(INBOX).text
    assert len(decided(site)) == 4
    with site.sessions() as session:
        assert len(session.scalars(select(Question)).all()) == left


def test_a_question_that_is_being_decided_is_not_asked_for_again(site: Site) -> None:
    browser = site.browser("prefecture")
    do(browser, address(browser.get(INBOX), "/together/"), choice="keep")
    again = do(browser, f"{INBOX}/{of_limit(site).question}", 422, choice="take")
    assert "正在為各中心決定" in again.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"questions": []},
        {"questions": ["x"]},
        {"questions": ["0" * 16], "reason": 1},
        {"about": "x"},
        {"questions": ["0" * 16], "choice": "取新值"},
        {"questions": ["0" * 16, "1" * 16], "choice": "取新值", "value": "x"},
        {"questions": ["0" * 16], "choice": "延後"},
        {"questions": ["0" * 16], "choice": "延後", "until": "morgen"},
        {"questions": ["0" * 16], "more": 1},
    ],
)
def test_a_decision_that_makes_no_sense_is_no_job(wrong: dict[str, Any]) -> None:
    sound = asked_for(["0" * 16], Decision(Choice.KEEP_LOCAL), "")
    assert decide_kind().fault(sound) is None
    assert decide_kind().fault(sound | wrong) == NO_DECISION


def test_a_reader_sees_the_whole_and_decides_none_of_it(site: Site) -> None:
    county = site.browser("county")
    page = county.get(INBOX)
    assert "〔臨時救助申請〕整項一起決定" in page.text
    assert not [form for form in page.find("form") if "/together/" in form.attrib["action"]]
