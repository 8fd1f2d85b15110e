"""What people do with the plain tables: find, add, change, remove; who is let in and what is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, select

from tests.fixtures.checking import Browser, Page
from tests.fixtures.host import Host
from tests.fixtures.prefectures import HERE, Rows, State, account, settle
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import HOME, PASSWORD, Site
from townhall.accounts.models import LoginSession, Membership, Role, User
from townhall.accounts.operations import create_user
from townhall.app import create_app
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.config import Settings
from townhall.lookups import operations
from townhall.lookups.models import Holiday, Supplier

HOLIDAY = {"date": "2026-10-01", "kind": "off", "name": "國慶節", "source": "通知（虛構）"}


def submit(browser: Browser, address: str, status: int = 303, **changes: str) -> Page:
    """Send the form of a page with some of it filled in."""
    return browser.post(address, browser.get(address).form() | changes, status)


def newest_act(site: Site) -> tuple[str, str]:
    with site.sessions() as session:
        found = session.scalars(
            select(AuditRecord).order_by(AuditRecord.at.desc(), AuditRecord.number.desc())
        )
        record = found.first()
    assert record is not None
    return record.login, record.action


def test_a_holiday_is_added_found_changed_and_removed(site: Site) -> None:
    browser = site.browser("prefecture")
    assert "還沒有節假日" in browser.get("/data/holidays/").text
    submit(browser, "/data/holidays/new/", **HOLIDAY)
    assert newest_act(site) == ("prefecture", "holiday.add")
    for query, found in (("2026-10", True), ("國慶", True), ("2027", False), ("%", False)):
        text = browser.get(f"/data/holidays/?search={query.replace('%', '%25')}").text
        assert ("2026-10-01" in text) is found, query
    assert "沒有符合條件" in browser.get("/data/holidays/?kind=work").text
    submit(browser, "/data/holidays/edit/?id=1", name="國慶")
    assert "國慶（2026-10-01）" in browser.get("/data/holidays/details/?id=1").text
    submit(browser, "/data/holidays/delete/?id=1")
    assert newest_act(site) == ("prefecture", "holiday.remove")
    assert "還沒有節假日" in browser.get("/data/holidays/").text


@pytest.mark.parametrize(("language", "words"), [("hant", "已在節假日表中"), ("en", "in the table already")])
def test_a_refused_holiday_says_why_keeps_what_was_typed_and_writes_nothing(
    site: Site, rows: Rows, state: State, language: str, words: str
) -> None:
    browser = site.browser("prefecture", language)
    before = state()
    page = submit(
        browser,
        "/data/holidays/new/",
        422,
        **(HOLIDAY | {"date": MOMENT.date().isoformat(), "name": "又一天"}),
    )
    assert words in page.text
    assert page.form()["name"] == "又一天"
    assert state() == before
    assert rows


def test_two_who_add_the_same_at_once_are_told_apart_by_the_database(
    site: Site, rows: Rows, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looked before the other wrote, so neither saw the other's row."""
    monkeypatch.setattr(operations, "_refuse_twin", lambda *_: None)
    browser = site.browser("prefecture")
    before = state()
    page = submit(browser, "/data/holidays/new/", 422, **(HOLIDAY | {"date": MOMENT.date().isoformat()}))
    assert "與他人剛保存的內容衝突" in page.text
    assert state() == before
    assert rows


def test_a_wrong_credit_code_is_refused_and_a_right_one_tidied(site: Site) -> None:
    browser = site.browser("prefecture")
    address = "/data/suppliers/new/"
    page = submit(browser, address, 422, name="甲（虛構）", credit_code="91350100M000100Y44")
    assert "校驗碼" in page.text
    submit(browser, address, name="甲（虛構）", credit_code="91350100m000100y43")
    with site.sessions() as session:
        assert session.scalars(select(Supplier.credit_code)).one() == "91350100M000100Y43"


def test_closing_an_account_ends_its_sessions_and_opening_it_lets_it_in_again(site: Site, rows: Rows) -> None:
    victim, browser = site.browser("director"), site.browser("prefecture")
    address = f"/data/accounts/active/?id={rows.director}"
    submit(browser, address)
    assert newest_act(site) == ("prefecture", "account.active")
    victim.get("/account", 303)
    with site.sessions() as session:
        running = select(LoginSession).filter_by(user_id=rows.director, ended_at=None)
        assert session.scalars(running).all() == []
        assert session.get_one(User, rows.director).active is False
    closed = browser.get("/data/accounts/?active=0")
    assert "共 1 條" in closed.text
    assert "已停用" in closed.text
    submit(browser, address)
    site.browser("director").get("/account")


def test_nobody_closes_the_own_account(site: Site, state: State) -> None:
    with site.sessions() as session:
        own = account(session, "prefecture").id
    browser = site.browser("prefecture")
    before = state()
    assert "自己的賬號" in submit(browser, f"/data/accounts/active/?id={own}", 422).text
    assert state() == before


def test_a_role_is_granted_and_withdrawn(site: Site, rows: Rows) -> None:
    browser = site.browser("prefecture")
    grant = {"account": str(rows.director), "role": "window_clerk", "unit": f"{HOME}000"}
    submit(browser, "/data/memberships/new/", **grant)
    assert newest_act(site) == ("prefecture", "account.grant")
    assert "已有這個角色" in submit(browser, "/data/memberships/new/", 422, **grant).text
    with site.sessions() as session:
        wanted = select(Membership.id).filter_by(user_id=rows.director, role="window_clerk")
        made = session.scalars(wanted).one()
    submit(browser, f"/data/memberships/delete/?id={made}")
    assert newest_act(site) == ("prefecture", "account.withdraw")


@pytest.mark.parametrize(("login", "words"), [("prefecture", "正在使用的角色"), ("director", "唯一的角色")])
def test_a_role_that_must_stay_is_not_withdrawn(site: Site, state: State, login: str, words: str) -> None:
    with site.sessions() as session:
        held = account(session, login).memberships[0].id
    browser = site.browser("prefecture")
    before = state()
    assert words in submit(browser, f"/data/memberships/delete/?id={held}", 422).text
    assert state() == before


def test_a_role_is_not_granted_in_a_unit_of_another_level(site: Site, rows: Rows, state: State) -> None:
    browser = site.browser("prefecture")
    before = state()
    form = {"account": str(rows.director), "role": "county_officer", "unit": f"{HOME}000"}
    assert "這一級單位" in submit(browser, "/data/memberships/new/", 422, **form).text
    assert state() == before


@pytest.mark.parametrize("query", ["黄草", "黃草", "522301001"])
def test_units_are_found_in_both_scripts(site: Site, query: str) -> None:
    page = site.browser("prefecture").get(f"/data/units/?search={query}")
    assert "共 1 條" in page.text
    assert "黃草街道" in page.text


def test_names_of_places_and_people_are_never_converted(site: Site) -> None:
    with site.sessions.begin() as session:
        account(session, "director").name = "張後來"
    browser = site.browser("prefecture", "hans")
    assert "黄草街道" in browser.get("/data/units/?search=522301001").text
    for address in ("/data/accounts/", "/data/memberships/", "/data/memberships/new/"):
        assert "張後來" in browser.get(address).text


def test_a_release_shows_its_digest_and_cannot_be_touched(site: Site) -> None:
    browser = site.browser("prefecture")
    page = browser.get("/data/releases/")
    assert "已發布" in page.text
    for part in ("new/", "edit/?id=1", "delete/?id=1"):
        browser.get(f"/data/releases/{part}", 404)
        browser.get(f"/data/units/{part}", 404)


def test_a_long_table_has_pages_that_keep_the_order(site: Site) -> None:
    browser = site.browser("prefecture")
    first = browser.get("/data/units/?sort=1&desc=1")
    [onward] = [one for one in first.find("a") if one.attrib.get("rel") == "next"]
    second = browser.get(onward.attrib["href"])
    assert "第 2 頁，共 3 頁" in second.text
    assert "desc=1" in onward.attrib["href"]
    browser.get("/data/units/?page=3", 404)


@pytest.mark.parametrize("table", ["accounts", "memberships", "units", "holidays"])
def test_a_list_needs_no_more_queries_for_more_rows(site: Site, rows: Rows, table: str) -> None:
    assert rows
    browser = site.browser("prefecture")
    browser.get(f"/data/{table}/")
    seen: list[str] = []
    engine = site.sessions.kw["bind"]

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    browser.get(f"/data/{table}/")
    event.remove(engine, "before_cursor_execute", note)
    assert len(seen) <= 12, seen


@pytest.fixture
def anywhere(host: Host, tmp_path: Path) -> Iterator[Callable[[], Site]]:
    """A site on either database, with the rows of `settle` and the people that those tests need."""
    app = create_app(Settings(home=tmp_path, public_url="https://example.org", database=host.url))
    app.config["TESTING"] = True
    yield lambda: Site(app, host.sessions)
    app.extensions["townhall.sessions"].kw["bind"].dispose()


def test_every_table_is_read_and_written_on_both_databases(anywhere: Callable[[], Site]) -> None:
    site = anywhere()
    people = {"prefecture": (Role.PREFECTURE_ADMIN, HERE), "director": (Role.TOWNSHIP_DIRECTOR, f"{HOME}000")}
    with site.sessions.begin() as session:
        for login, (role, unit_id) in people.items():
            act = host_act("測試", MOMENT)
            create_user(session, act, login=login, name=login, role=role, unit_id=unit_id, password=PASSWORD)
        rows = settle(session)
    browser = site.browser("prefecture")
    for table in ("accounts", "memberships", "holidays", "suppliers", "releases", "units"):
        for order in range(6):
            browser.get(f"/data/{table}/?sort={order}&desc=1&search=0%27%25 x")
            browser.get(f"/data/{table}/?sort={order}&active=1&kind=off&role=auditor&level=county")
    submit(browser, f"/data/accounts/edit/?id={rows.director}", name="新名（虛構）")
    submit(browser, f"/data/accounts/active/?id={rows.director}")
    submit(browser, f"/data/memberships/delete/?id={rows.both_role_here}")
    submit(browser, "/data/holidays/new/", **HOLIDAY)
    submit(browser, f"/data/holidays/edit/?id={rows.holiday}", name="改名")
    submit(browser, f"/data/suppliers/delete/?id={rows.supplier}")
    with site.sessions() as session:
        assert {one.name for one in session.scalars(select(Holiday))} == {"國慶節", "改名"}
        assert session.scalars(select(Supplier)).all() == []
