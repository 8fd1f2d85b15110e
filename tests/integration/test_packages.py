"""Print packages on their page: asked for, watched, fetched, called off, and seen by whom they concern only."""

import os
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from tests.fixtures.checking import Browser, Page
from tests.fixtures.jobs import LEASE
from tests.fixtures.web import ABROAD, HOME, NOWHERE, SIBLING, Site
from townhall.audit.models import AuditRecord
from townhall.clock import now
from townhall.config import Settings
from townhall.documents import production
from townhall.jobs import hold
from townhall.jobs.kinds import JobFailed, Kind, Task
from townhall.jobs.models import Job, State
from townhall.jobs.operations import take
from townhall.jobs.packages import KEPT, NO_ROOM, PACKAGE, folder_of, tidy
from townhall.jobs.runner import Runner

PAGE, UNIT = f"/t/{HOME}/packages", f"{HOME}000"
REPORT, LIST = "印製報告.csv", "印製清單.txt"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Centres with two documents, one of which can be printed: a whole one takes most of a minute."""
    whole = production.Binder.orders

    def orders(binder: production.Binder, scripts: tuple[str, ...] = production.SCRIPTS) -> Any:
        seen: set[str] = set()
        for one in whole(binder, scripts):
            if one.document.key in {"guide", "regime-board"} - seen:
                seen.add(one.document.key)
                yield one

    monkeypatch.setattr(production.Binder, "orders", orders)


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    """Prints in this process, which then has its renderer for all the tests."""
    return new_site(workers=1)


def settings_of(site: Site) -> Settings:
    known: Settings = site.app.extensions["townhall.settings"]
    return known


def runner_of(site: Site, **kinds: Kind) -> Runner:
    return Runner(site.sessions.kw["bind"], site.app.extensions["townhall.jobs"] | kinds, LEASE)


def order(browser: Browser, page: str = PAGE, script: str = "hant", status: int = 303) -> Page:
    return browser.post(page, {"csrf_token": browser.get(page).token(), "script": script}, status)


def call_off(browser: Browser, key: str, status: int = 303) -> Page:
    return browser.post(f"{PAGE}/{key}/cancel", {"csrf_token": browser.get(PAGE).token()}, status)


def job(site: Site) -> Job:
    with site.sessions() as session:
        return session.scalars(select(Job).order_by(Job.asked_at.desc())).first() or pytest.fail("no job")


def acts(site: Site) -> list[tuple[str, str]]:
    wanted = select(AuditRecord.action, AuditRecord.login).where(AuditRecord.action.startswith("job."))
    with site.sessions() as session:
        return [(row.action, row.login) for row in session.execute(wanted.order_by(AuditRecord.at))]


def files(page: Page) -> list[str]:
    return [link for link in page.links() if link.endswith("file.zip")]


def keys(page: Page) -> int:
    return len(page.find("article"))


def test_a_package_is_asked_for_made_and_fetched(site: Site) -> None:
    browser = site.browser("director")
    order(browser)
    waiting = browser.get(PAGE)
    assert "等待中" in waiting.text
    assert files(waiting) == []
    assert runner_of(site).run_next()
    page = browser.get(PAGE)
    assert "已完成" in page.text
    (address,) = files(page)
    fetched = browser.get(address)
    assert "522301001_" in fetched.response.headers["Content-Disposition"]
    with zipfile.ZipFile(BytesIO(fetched.body)) as archive:
        inside = {name.rpartition("/")[2]: name for name in archive.namelist()}
        papers = [name for name in inside if name.endswith(".pdf")]
        assert archive.read(inside[papers[0]]).startswith(b"%PDF")
        listed = archive.read(LIST).decode("utf-8-sig").splitlines()
        reported = archive.read(REPORT).decode("utf-8-sig").splitlines()
    # What stops a guide of a fresh centre stands in the report and not in the list.
    assert [line.split("\t")[0] for line in listed[1:]] == [inside[name] for name in papers]
    assert (len(papers), len(reported)) == (1, 2)
    assert "待填" in reported[1]
    assert acts(site) == [("job.ask", "director"), ("job.finish", "後台任務")]


def test_the_page_looks_again_by_itself_while_something_is_open_and_then_no_more(site: Site) -> None:
    browser = site.browser("director")
    assert not browser.get(PAGE).find("meta", http_equiv="refresh")
    order(browser)
    page = browser.get(PAGE)
    assert page.find("div", id="packages", data_live="1500")
    assert b'<noscript><meta http-equiv="refresh"' in page.body
    runner_of(site).run_next()
    page = browser.get(PAGE)
    assert b"http-equiv" not in page.body
    assert "data-live" not in page.find("div", id="packages")[0].attrib


@pytest.mark.parametrize("language", ["hant", "hans", "en"])
def test_every_state_is_a_sound_page_in_every_language(site: Site, language: str) -> None:
    browser = site.browser("director", language)
    with site.sessions.begin() as session:
        for number, state in enumerate(State):
            session.add(row(state, f"{number:032}", {"script": "hant" if number % 2 else "hans"}))
    page = browser.get(PAGE)
    assert keys(page) == len(State)
    told = {"hant": NO_ROOM, "hans": "服务器无法写入文件", "en": "The server cannot write the file"}
    if language != "hans":  # which word of Simplified is chosen is the converter's affair
        assert told[language] in page.text


def row(state: State, key: str, parameters: Mapping[str, Any], login: str = "director") -> Job:
    moment, ended = now(), state not in {State.WAITING, State.RUNNING}
    result = {"file": f"{key}.zip", "name": "a.zip", "made": 1, "failed": 2, "size": 9}
    return Job(
        unit_id=UNIT, key=key, kind=PACKAGE, parameters=dict(parameters), state=state.value, done=3, total=9,
        message=NO_ROOM if state is State.FAILED else "", result=result if state is State.DONE else {},
        login=login, name="", role="", held=UNIT, correlation="", attempts=1, asked_at=moment, started_at=moment,
        leased_until=moment + LEASE if state is State.RUNNING else None, ended_at=moment if ended else None,
    )  # fmt: skip


def test_who_asks_again_is_shown_the_one_that_is_being_made(site: Site) -> None:
    browser = site.browser("director")
    order(browser)
    order(browser)
    assert keys(browser.get(PAGE)) == 1
    assert acts(site) == [("job.ask", "director")]


@pytest.mark.parametrize(("script", "status"), [("", 400), ("latin", 422)])
def test_a_package_in_no_script_is_refused(site: Site, script: str, status: int) -> None:
    assert order(site.browser("director"), script=script, status=status)
    assert acts(site) == []


def test_a_package_can_be_called_off_before_and_while_it_is_made(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "PACE", 0)
    browser = site.browser("director")
    order(browser)
    call_off(browser, job(site).key)
    assert "已取消" in browser.get(PAGE).text
    assert not runner_of(site).run_next()

    def run(task: Task) -> Mapping[str, Any]:
        call_off(browser, job(site).key)
        task.progress(1, 2)
        raise AssertionError("went on")

    order(browser)
    assert runner_of(site, **{PACKAGE: Kind(lambda _: None, run)}).run_next()
    assert job(site).state == State.CANCELLED
    call_off(browser, job(site).key, 422)
    assert [action for action, _ in acts(site)] == ["job.ask", "job.cancel"] * 2


def test_a_package_called_off_half_way_leaves_no_file(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "PACE", 0)
    browser = site.browser("director")
    order(browser)
    whole = hold.Hold.progress

    def progress(held: hold.Hold, done: int, total: int) -> None:
        call_off(browser, job(site).key, 303) if done == 1 else None
        whole(held, done, total)

    monkeypatch.setattr(hold.Hold, "progress", progress)
    assert runner_of(site).run_next()
    assert list(settings_of(site).packages.rglob("*.*")) == []


def test_a_package_that_fails_says_why_in_the_reader_s_language(site: Site) -> None:
    def run(_task: Task) -> Mapping[str, Any]:
        raise JobFailed(NO_ROOM)

    browser = site.browser("director", "en")
    order(browser)
    runner_of(site, **{PACKAGE: Kind(lambda _: None, run)}).run_next()
    assert "The server cannot write the file" in browser.get(PAGE).text
    assert [action for action, _ in acts(site)] == ["job.ask", "job.fail"]


def test_a_full_disk_fails_in_words(site: Site) -> None:
    folder = folder_of(settings_of(site), UNIT)
    folder.parent.mkdir(parents=True)
    folder.write_text("no folder")
    order(site.browser("director"))
    runner_of(site).run_next()
    assert (job(site).state, job(site).message) == (State.FAILED, NO_ROOM)


def test_a_package_is_seen_by_who_asked_and_by_that_centre_s_people_only(site: Site) -> None:
    """The director sees what the county asked for here; the county does not see the director's."""
    director, county = site.browser("director"), site.browser("county")
    order(county)
    first = job(site).key
    order(director, script="hans")
    second = job(site).key
    while runner_of(site).run_next():
        pass
    assert keys(director.get(PAGE)) == 2
    assert files(county.get(PAGE)) == [f"{PAGE}/{first}/file.zip"]
    for key, status in ((first, 200), (second, 404)):
        county.get(f"{PAGE}/{key}/file.zip", status)
        director.get(f"{PAGE}/{key}/file.zip")
    call_off(county, second, 404)
    site.browser("prefecture").get(f"{PAGE}/{first}/file.zip", 404)


@pytest.mark.parametrize("code", [SIBLING, ABROAD, NOWHERE])
def test_a_package_of_another_township_does_not_exist(site: Site, code: str) -> None:
    order(site.browser("director"))
    runner_of(site).run_next()
    key = job(site).key
    for login in ("neighbour", "elsewhere"):
        site.browser(login).get(f"{PAGE}/{key}/file.zip", 404)
    site.browser("prefecture").get(f"/t/{code}/packages/{key}/file.zip", 404)


def test_files_lie_under_their_tenant_with_names_nobody_guesses(site: Site) -> None:
    order(site.browser("director"))
    runner_of(site).run_next()
    (path,) = settings_of(site).packages.rglob("*.zip")
    assert path.parent.name == UNIT
    assert path.stem != job(site).key
    assert len(path.stem) == 32


def test_old_packages_go_and_their_links_with_them(site: Site) -> None:
    browser, settings = site.browser("director"), settings_of(site)
    order(browser)
    runner_of(site).run_next()
    (path,) = settings.packages.rglob("*.zip")
    left = path.with_name("left-by-a-dead-worker.zip.part")
    left.write_bytes(b"PK")
    assert tidy(settings, now()) == 0
    old = (now() - 2 * KEPT).timestamp()
    for one in (path, left):
        os.utime(one, (old, old))
    assert tidy(settings, now()) == 2
    page = browser.get(PAGE)
    assert files(page) == []
    assert "已過保留期" in page.text
    browser.get(f"{PAGE}/{job(site).key}/file.zip", 404)


def test_a_package_past_its_days_is_not_handed_out_although_nobody_tidied(site: Site) -> None:
    browser = site.browser("director")
    order(browser)
    runner_of(site).run_next()
    with site.sessions.begin() as session:
        session.get_one(Job, (UNIT, job(site).key)).ended_at = now() - KEPT
    assert files(browser.get(PAGE)) == []


def test_the_job_of_a_dead_worker_shows_as_running_until_it_is_taken_again(site: Site) -> None:
    browser = site.browser("director")
    order(browser)
    with site.sessions.begin() as session:
        assert take(session, UNIT, job(site).key, now() - 2 * LEASE, LEASE)
    assert "製作中" in browser.get(PAGE).text
    assert runner_of(site).run_next()
    assert "已完成" in browser.get(PAGE).text


def test_what_happened_to_a_package_stands_in_the_history_in_words(site: Site) -> None:
    browser = site.browser("director")
    order(browser)
    runner_of(site).run_next()
    text = browser.get(f"/t/{HOME}/history").text
    assert "提交任務" in text
    assert "任務完成" in text
    assert PACKAGE not in text
