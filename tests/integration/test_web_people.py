"""People through pages: who is seen, who may be acted on, and links that work once."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.fixtures.checking import Browser
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import PASSWORD, PEOPLE, Site
from townhall.accounts.models import Membership, Pass, Role, User
from townhall.accounts.operations import create_user, grant_role
from townhall.accounts.passes import invite
from townhall.accounts.rights import RIGHTS, Right
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.clock import now
from townhall.units.models import Unit

NEW = "另一個夠長的口令 77"
COUNTY, HOME, ABROAD = "522301000000", "522301001000", "522302001000"
ACT = host_act("測試", MOMENT)


def number(site: Site, login: str) -> int:
    with site.sessions() as session:
        return session.scalars(select(User.id).filter_by(login=login)).one()


def role_number(site: Site, login: str) -> int:
    with site.sessions() as session:
        return session.scalars(select(Membership.id).join(User).where(User.login == login)).first() or 0


def active(site: Site, login: str) -> bool:
    with site.sessions() as session:
        return session.scalars(select(User.active).filter_by(login=login)).one()


def add(site: Site, login: str, role: Role, unit_id: str) -> int:
    with site.sessions.begin() as session:
        made = create_user(
            session, ACT, login=login, name=login, role=role, unit_id=unit_id, password=PASSWORD
        )
        session.flush()
        return made.id


def do(browser: Browser, to: str, status: int = 303, **form: str) -> str:
    token = browser.get("/account").token()
    return browser.post(to, {"csrf_token": token} | form, status).text


def link_of(browser: Browser, to: str, **form: str) -> str:
    token = browser.get("/account").token()
    page = browser.post(to, {"csrf_token": token} | form, 200)
    assert page.response.headers["Cache-Control"] == "no-store"
    address = page.find("input", id="link")[0].attrib["value"]
    assert address.startswith("https://example.org/")
    return address.removeprefix("https://example.org")


def invitation(site: Site, login: str = "county", role: str = "township_director", unit: str = HOME) -> str:
    return link_of(site.browser(login), "/people/invite", role=role, unit=unit)


def joined(browser: Browser, link: str, status: int = 303, **changes: str) -> None:
    form = {"login": "newcomer", "name": "新人（虛構）", "password": NEW, "again": NEW}
    browser.post(link, browser.get(link).form() | form | changes, status)


@pytest.mark.parametrize("login", PEOPLE)
def test_the_people_are_for_those_who_may_manage_accounts(site: Site, login: str) -> None:
    granted = Right.ACCOUNTS in RIGHTS[PEOPLE[login][0]]
    browser = site.browser(login)
    for address in ("/people", "/people/invite"):
        browser.get(address, 200 if granted else 403)
    assert ("/people" in browser.get("/account").links()) is granted


@pytest.mark.parametrize("language", ["hant", "hans", "en"])
def test_the_pages_are_sound_in_every_language(site: Site, language: str) -> None:
    browser = site.browser("prefecture", language)
    link = link_of(browser, "/people/invite", role="auditor", unit="522300000000")
    for person in ("prefecture", "county", "director"):
        browser.get(f"/people/{number(site, person)}")
    reset = link_of(browser, f"/people/{number(site, 'county')}/reset")
    browser.get("/people/invite")
    for address in (link, reset):
        site.browser(language=language).get(address)


def test_everybody_sees_the_own_unit_and_below_and_nobody_else(site: Site) -> None:
    for login, seen in (
        ("prefecture", set(PEOPLE)),
        ("county", {login for login, (_, unit) in PEOPLE.items() if unit.startswith("522301")}),
        ("elsewhere", {"elsewhere"}),
        ("director", {"director", "payer", "clerk"}),
    ):
        text = site.browser(login).get("/people").text
        assert {person for person in PEOPLE if f"{person}（虛構）" in text.split("狀態")[1]} == seen


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("neighbour", {"neighbour"}),
        ("黄草", {"director", "payer", "clerk"}),
        ("522302", {"elsewhere"}),
        ("沒有這個", set()),
    ],
)
def test_people_are_found_by_name_login_and_unit(site: Site, sought: str, found: set[str]) -> None:
    page = site.browser("prefecture").get(f"/people?q={sought}")
    shown = {link for link in page.links() if re.fullmatch(r"/people/\d+", link)}
    assert shown == {f"/people/{number(site, login)}" for login in found}


def test_the_list_needs_no_more_queries_for_more_people(site: Site) -> None:
    browser = site.browser("prefecture")
    before = site.queries(lambda: browser.get("/people"))
    for place in range(20):
        add(site, f"clerk{place}", Role.WINDOW_CLERK, HOME)
    assert site.queries(lambda: browser.get("/people")) == before <= 8
    assert len(browser.get("/people").find("tr")) == len(PEOPLE) + 20 + 1


def test_an_invitation_makes_an_account_with_its_role_and_signs_it_in(site: Site) -> None:
    link, browser = invitation(site), site.browser()
    joined(browser, link)
    text = browser.get("/account").text
    assert "鄉鎮中心主任" in text
    assert "黃草街道" in text
    site.browser().sign_in("newcomer", NEW).get("/account")
    with site.sessions() as session:
        written = session.scalars(select(AuditRecord).filter_by(unit_id=HOME, login="newcomer")).all()
    assert [one.action for one in written] == ["account.grant", "session.begin", "session.begin"]
    assert {(one.role, one.held, one.name) for one in written} == {
        ("township_director", HOME, "新人（虛構）")
    }


def test_a_link_works_once(site: Site) -> None:
    link = invitation(site)
    joined(site.browser(), link)
    page = site.browser().get(link, 410)
    assert "已失效" in page.text
    assert not page.find("input", name="password")


def test_the_second_of_two_forms_finds_the_link_used(site: Site) -> None:
    link, late = invitation(site), site.browser()
    form = late.get(link).form() | {"login": "late", "name": "x", "password": NEW, "again": NEW}
    joined(site.browser(), link)
    late.post(link, form, 410)


@pytest.mark.parametrize("link", ["/join/nonsense", "/reset/nonsense", "/join/%20", f"/join/{'x' * 3000}"])
def test_what_is_no_link_is_answered_like_one_that_was_used(site: Site, link: str) -> None:
    assert "已失效" in site.browser().get(link, 410).text


def test_links_are_for_one_purpose(site: Site) -> None:
    link = invitation(site)
    site.browser().get(link.replace("/join/", "/reset/"), 410)
    reset = link_of(site.browser("county"), f"/people/{number(site, 'director')}/reset")
    site.browser().get(reset.replace("/reset/", "/join/"), 410)


def test_links_expire(site: Site) -> None:
    link = invitation(site)
    with site.sessions.begin() as session:
        session.scalars(select(Pass)).one().expires_at = now() - dt.timedelta(seconds=1)
    site.browser().get(link, 410)


@pytest.mark.parametrize(
    "wrong",
    [
        {"login": "director"},
        {"login": "Ünïcode"},
        {"password": "short", "again": "short"},  # pragma: allowlist secret
        {"again": "不一樣的口令 99"},
        {"name": "a\x00b"},
    ],
)
def test_a_form_filled_in_wrongly_can_be_corrected(site: Site, wrong: dict[str, str]) -> None:
    link, browser = invitation(site), site.browser()
    joined(browser, link, 422, **wrong)
    joined(browser, link)


def test_pages_of_links_tell_nobody_their_address(site: Site) -> None:
    for address in (invitation(site), "/reset/nonsense"):
        headers = site.browser().client.get(address).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_an_invitation_is_accepted_over_https_without_a_referrer(new_site: Callable[..., Site]) -> None:
    site = new_site(secure_cookies=True)
    with site.sessions.begin() as session:
        act = host_act("測試", now())
        token = invite(session, act, Role.TOWNSHIP_DIRECTOR, session.get_one(Unit, HOME))
    client = site.app.test_client()
    page = client.get(f"/join/{token}", base_url="https://example.org").get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    form = {"login": "newcomer", "name": "x", "password": NEW, "again": NEW}
    for language in ({"language": "en", "next": f"/join/{token}"}, {"language": "en"}):
        sent = language | {"csrf_token": found[1]}
        assert client.post("/language", data=sent, base_url="https://example.org").status_code == 303
    address = f"/join/{token}"
    assert client.post(address, data=form, base_url="https://example.org").status_code == 400
    sent = form | {"csrf_token": found[1]}
    assert client.post(address, data=sent, base_url="https://example.org").status_code == 303


def test_guessing_links_is_throttled(site: Site) -> None:
    client = site.browser().client
    statuses = [client.get(f"/join/guess{place}").status_code for place in range(32)]
    assert (statuses[0], statuses[-1]) == (410, 429)


def test_nobody_hands_on_more_than_the_role_allows(site: Site) -> None:
    for login, role, unit, status in (
        ("county", "auditor", COUNTY, 403),
        ("county", "prefecture_admin", COUNTY, 403),
        ("county", "township_director", ABROAD, 404),
        ("county", "township_director", "522399999000", 404),
        ("county", "nonsense", HOME, 404),
        ("county", "township_director", COUNTY, 422),
        ("director", "township_director", HOME, 403),
        ("director", "window_clerk", "522301002000", 404),
        ("printer", "window_clerk", HOME, 403),
    ):
        do(site.browser(login), "/people/invite", status, role=role, unit=unit)
    with site.sessions() as session:
        assert session.scalars(select(Pass)).all() == []


def test_an_invitation_is_cancelled(site: Site) -> None:
    link = invitation(site)
    with site.sessions() as session:
        key = session.scalars(select(Pass.id)).one()
    do(site.browser("elsewhere"), f"/people/invitations/{key}/cancel", 404)
    do(site.browser("director"), f"/people/invitations/{key}/cancel", 403)
    do(site.browser("county"), f"/people/invitations/{key}/cancel")
    site.browser().get(link, 410)
    assert "沒有等待接受的邀請" in site.browser("county").get("/people/invite").text


def test_a_password_is_reset_by_a_link_and_every_session_ends(site: Site) -> None:
    before, browser = site.browser("director"), site.browser()
    link = link_of(site.browser("county"), f"/people/{number(site, 'director')}/reset")
    browser.post(link, browser.get(link).form() | {"password": NEW, "again": "x" * 9}, 422)
    browser.post(link, browser.get(link).form() | {"password": NEW, "again": NEW})
    browser.get("/account")
    before.get("/account", 303)
    site.browser().get(link, 410)
    site.browser().sign_in("director", NEW).get("/account")


def test_a_newer_reset_link_replaces_the_older(site: Site) -> None:
    address = f"/people/{number(site, 'director')}/reset"
    first, second = (link_of(site.browser("county"), address) for _ in range(2))
    site.browser().get(first, 410)
    site.browser().get(second)


def test_a_reset_link_does_not_pass_the_second_factor(site: Site) -> None:
    link = link_of(site.browser("county"), f"/people/{number(site, 'director')}/reset")
    with site.sessions.begin() as session:
        session.scalars(select(User).filter_by(login="director")).one().totp_secret = "A" * 32
    browser = site.browser()
    page = browser.post(link, browser.get(link).form() | {"password": NEW, "again": NEW})
    assert page.response.headers["Location"].startswith("/login/code")
    browser.get("/account", 303)


def test_closing_an_account_ends_it_at_once_and_can_be_undone(site: Site) -> None:
    county, director = site.browser("county"), site.browser("director")
    link = link_of(county, f"/people/{number(site, 'director')}/reset")
    do(county, f"/people/{number(site, 'director')}/close")
    director.get("/account", 303)
    site.browser().get(link, 410)
    do(county, f"/people/{number(site, 'director')}/reset", 404)
    assert "停用" in county.get("/people").text
    do(county, f"/people/{number(site, 'director')}/open")
    site.browser("director").get("/account")


@pytest.mark.parametrize("act", ["close", "open", "reset"])
@pytest.mark.parametrize(
    ("login", "target", "status"),
    [
        ("county", "elsewhere", 404),
        ("county", "prefecture", 404),
        ("county", "budget", 404),
        ("director", "neighbour", 404),
        ("director", "county", 404),
        ("county", "county", 403),
        ("prefecture", "prefecture", 403),
        ("budget", "director", 403),
    ],
)
def test_people_out_of_reach_cannot_be_touched(
    site: Site, login: str, target: str, status: int, act: str
) -> None:
    do(site.browser(login), f"/people/{number(site, target)}/{act}", status)
    assert active(site, target)


def test_a_foreign_person_is_as_unknown_as_nobody(site: Site) -> None:
    browser = site.browser("county")
    for stranger in (number(site, "elsewhere"), 999_999):
        browser.get(f"/people/{stranger}", 404)
    browser.get("/people/99999999999999999999", 404)


def test_somebody_with_a_role_elsewhere_is_seen_and_not_touched(site: Site) -> None:
    with site.sessions.begin() as session:
        user = session.scalars(select(User).filter_by(login="director")).one()
        grant_role(session, ACT, user, Role.WINDOW_CLERK, ABROAD)
        abroad = session.get_one(Unit, f"{ABROAD}000".ljust(12, "0")[:12]).name
    browser, address = site.browser("county"), f"/people/{number(site, 'director')}"
    text = browser.get(address).text
    assert "轄區以外" in text
    assert abroad not in text
    for act in ("close", "reset"):
        do(browser, f"{address}/{act}", 404)
    do(site.browser("prefecture"), f"{address}/close")


def test_an_equal_is_seen_and_not_touched(site: Site) -> None:
    for login, role in (("colleague", Role.COUNTY_OFFICER), ("watcher", Role.AUDITOR)):
        person = add(site, login, role, COUNTY)
        browser = site.browser("county")
        browser.get(f"/people/{person}")
        for act in ("close", "reset"):
            do(browser, f"/people/{person}/{act}", 403)
        do(browser, f"/people/roles/{role_number(site, login)}/withdraw", 403)


def test_a_role_is_withdrawn(site: Site) -> None:
    director = site.browser("director")
    do(site.browser("county"), f"/people/roles/{role_number(site, 'director')}/withdraw")
    director.get("/people", 303)
    assert f"/people/{number(site, 'director')}" not in site.browser("county").get("/people").links()


@pytest.mark.parametrize(
    ("login", "target", "status"),
    [
        ("county", "elsewhere", 404),
        ("county", "prefecture", 404),
        ("county", "county", 403),
        ("director", "director", 403),
        ("prefecture", "prefecture", 403),
    ],
)
def test_roles_out_of_reach_stay(site: Site, login: str, target: str, status: int) -> None:
    held = role_number(site, target)
    do(site.browser(login), f"/people/roles/{held}/withdraw", status)
    assert role_number(site, target) == held


def test_a_password_is_changed_by_somebody_with_roles_in_two_units(site: Site) -> None:
    with site.sessions.begin() as session:
        user = session.scalars(select(User).filter_by(login="director")).one()
        grant_role(session, ACT, user, Role.WINDOW_CLERK, ABROAD)
    browser = site.browser("director")
    form = browser.get("/account").form() | {"old": PASSWORD, "new": NEW, "again": NEW}
    browser.post("/account", form)
    link = link_of(site.browser("prefecture"), f"/people/{number(site, 'director')}/reset")
    browser.post(link, browser.get(link).form() | {"password": PASSWORD, "again": PASSWORD})
    site.browser("director")
