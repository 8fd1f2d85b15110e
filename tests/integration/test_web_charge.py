"""Further roles for people who are here already, and the second factor of somebody who has lost it."""

import datetime as dt
from collections.abc import Callable

import pyotp
import pytest
from sqlalchemy import select, update

from tests.fixtures.checking import Browser, Page
from tests.fixtures.web import ABROAD, HOME, PASSWORD, PEOPLE, SIBLING, Site
from townhall.accounts import proof
from townhall.accounts.models import LoginSession, Membership, RecoveryCode, Role, User
from townhall.accounts.operations import create_user, grant_role
from townhall.accounts.rights import GRANTS, RIGHTS, Right, may_grant
from townhall.accounts.second_factor import switch_on
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken
from townhall.clock import now
from townhall.web.throttle import BY_NAME

SECRET = "JBSWY3DPEHPK3PXP" * 2  # pragma: allowlist secret
CLERK = {"role": "window_clerk", "unit": f"{SIBLING}000"}


def user(site: Site, login: str) -> User:
    with site.sessions() as session:
        return session.scalars(select(User).filter_by(login=login)).one()


def held(site: Site, login: str) -> set[tuple[str, str]]:
    with site.sessions() as session:
        wanted = select(Membership).join(User).where(User.login == login)
        return {(one.role, one.unit_id) for one in session.scalars(wanted)}


def with_factor(site: Site, login: str) -> list[str]:
    """Switch the second factor on; gives the recovery codes."""
    with site.sessions.begin() as session:
        found = session.scalars(select(User).filter_by(login=login)).one()
        code = pyotp.TOTP(SECRET).at(now() - dt.timedelta(seconds=30))
        return list(switch_on(session, host_act("測試", now()), found, SECRET, code))


def signed_in_long_ago(site: Site, login: str) -> Browser:
    browser = site.browser(login)
    with site.sessions.begin() as session:
        wanted = update(LoginSession).where(LoginSession.user_id == user(site, login).id)
        session.execute(wanted.values(created_at=now() - proof.RECENT - dt.timedelta(seconds=1)))
    return browser


def do(browser: Browser, to: str, status: int = 303, **form: str) -> Page:
    token = browser.get("/account").token()
    return browser.post(to, {"csrf_token": token} | form, status)


def lift(site: Site, browser: Browser, login: str, status: int = 303, **form: str) -> Page:
    return do(
        browser, f"/people/{user(site, login).id}/second-factor", status, **{"reason": "手機遺失"} | form
    )


def give(site: Site, browser: Browser, login: str, status: int = 303, **form: str) -> Page:
    return do(browser, f"/people/{user(site, login).id}/roles", status, **CLERK | form)


def test_a_lost_factor_is_lifted_with_a_reason_and_every_sign_in_ends(site: Site) -> None:
    director = site.browser("director")
    with_factor(site, "director")
    lift(site, site.browser("county"), "director")
    director.get("/account", 303)
    assert user(site, "director").totp_secret is None
    with site.sessions() as session:
        assert session.scalars(select(RecoveryCode)).all() == []
        (written,) = session.scalars(
            select(AuditRecord).filter_by(action="account.second_factor", login="county")
        )
        assert (written.path, written.reason, written.unit_id) == ("director", "手機遺失", f"{HOME}000")
        assert broken(session, f"{HOME}000") is None
    site.browser("director").get("/account")  # the password alone is asked for


@pytest.mark.parametrize("reason", ["", " ", "\u3000", "看不見\x00"])
def test_without_a_reason_that_can_be_read_it_stays(site: Site, reason: str) -> None:
    with_factor(site, "director")
    page = lift(site, site.browser("county"), "director", 422, reason=reason)
    assert page.find("div", role="alert")
    assert user(site, "director").totp_secret == SECRET


@pytest.mark.parametrize(
    ("login", "target", "status"),
    [
        ("county", "elsewhere", 404),
        ("county", "prefecture", 404),
        ("director", "neighbour", 404),
        ("director", "county", 404),
        ("county", "county", 403),
        ("prefecture", "prefecture", 403),
        ("county", "auditor", 403),
        ("budget", "director", 403),
    ],
)
def test_the_factor_of_people_out_of_reach_stays(site: Site, login: str, target: str, status: int) -> None:
    browser = site.browser(login)
    with_factor(site, target)
    lift(site, browser, target, status)
    assert user(site, target).totp_secret == SECRET


def test_with_a_role_elsewhere_the_factor_is_the_business_of_whoever_is_above_both(site: Site) -> None:
    with_factor(site, "director")
    with site.sessions.begin() as session:
        found = session.scalars(select(User).filter_by(login="director")).one()
        grant_role(session, host_act("測試", now()), found, Role.WINDOW_CLERK, f"{ABROAD}000")
    lift(site, site.browser("county"), "director", 404)
    lift(site, site.browser("prefecture"), "director")


def test_after_ten_minutes_the_own_password_is_asked_for(site: Site) -> None:
    with_factor(site, "director")
    browser = signed_in_long_ago(site, "county")
    page = browser.get(f"/people/{user(site, 'director').id}")
    assert page.find("input", id="own-password")
    for wrong in ("", "不對的口令"):
        assert "密碼不正確" in lift(site, browser, "director", 422, password=wrong).text
    lift(site, browser, "director", password=PASSWORD)


def test_a_fresh_sign_in_is_not_asked_again(site: Site) -> None:
    with_factor(site, "director")
    page = site.browser("county").get(f"/people/{user(site, 'director').id}")
    assert not page.find("input", id="own-password")


def test_where_the_own_factor_is_on_its_code_is_asked_for_as_well(site: Site) -> None:
    with_factor(site, "director")
    browser = signed_in_long_ago(site, "county")
    codes = with_factor(site, "county")
    assert browser.get(f"/people/{user(site, 'director').id}").find("input", id="own-code")
    for wrong in ("", "000000", codes[0]):  # what is on paper is for signing in
        assert "驗證碼不正確" in lift(site, browser, "director", 422, password=PASSWORD, code=wrong).text
    lift(site, browser, "director", password=PASSWORD, code=pyotp.TOTP(SECRET).now())


def test_somebody_without_a_password_signs_in_again_first(site: Site) -> None:
    with_factor(site, "director")
    browser = signed_in_long_ago(site, "county")
    with site.sessions.begin() as session:
        session.execute(update(User).where(User.login == "county").values(password_hash=None))
    assert "重新登錄" in lift(site, browser, "director", 422, password="").text


def test_guessing_the_own_password_there_is_throttled(site: Site) -> None:
    with_factor(site, "director")
    browser, target = signed_in_long_ago(site, "county"), user(site, "director").id
    form = {"csrf_token": browser.get("/account").token(), "reason": "x", "password": "x"}
    address = f"/people/{target}/second-factor"
    statuses = [browser.client.post(address, data=form).status_code for _ in range(BY_NAME + 1)]
    assert statuses == [422] * BY_NAME + [429]


def test_the_control_without_proof_anybody_at_the_desk_lifts_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_factor(site, "director")
    browser = signed_in_long_ago(site, "county")
    lift(site, browser, "director", 422)
    monkeypatch.setattr("townhall.web.people.prove", lambda *_: None)
    lift(site, browser, "director")


def test_somebody_gets_a_further_role_and_switches_to_it(site: Site) -> None:
    clerk = site.browser("clerk")
    give(site, site.browser("county"), "clerk")
    assert held(site, "clerk") == {("window_clerk", f"{HOME}000"), ("window_clerk", f"{SIBLING}000")}
    assert clerk.get("/account").text.count("切換到這個角色") == 1
    with site.sessions() as session:
        wanted = select(AuditRecord).filter_by(action="account.grant", login="county")
        assert [one.unit_id for one in session.scalars(wanted)] == [f"{SIBLING}000"]


def test_the_same_role_is_not_given_twice_and_none_where_it_cannot_be_held(site: Site) -> None:
    county = site.browser("county")
    give(site, county, "clerk")
    assert "已有這個角色" in give(site, county, "clerk", 422).text
    assert "不能設在這一級" in give(site, county, "clerk", 422, unit="522301000000").text


GIVERS = [login for login, (role, _) in PEOPLE.items() if Right.ACCOUNTS in RIGHTS[role]]


@pytest.mark.parametrize("login", GIVERS)
def test_nobody_gives_what_is_not_theirs_to_give(site: Site, login: str) -> None:
    unit, seed = PEOPLE[login][1].ljust(12, "0"), Role.BUDGET_PREPARER
    with site.sessions.begin() as session:
        act = host_act("測試", now())
        create_user(session, act, login="newest", name="x", role=seed, unit_id=unit, password=PASSWORD)
    browser = site.browser(login)
    refused = [role for role in Role if not may_grant(PEOPLE[login][0], role)]
    for role in refused:
        give(site, browser, "newest", 403, role=role.value, unit=unit)
    assert held(site, "newest") == {(seed.value, unit)}
    give(site, browser, "newest", role="print_operator", unit=unit)
    assert len(held(site, "newest")) == 2


@pytest.mark.parametrize(
    ("login", "target", "status", "form"),
    [
        ("county", "elsewhere", 404, {}),
        ("county", "prefecture", 404, {}),
        ("county", "county", 403, {}),
        ("prefecture", "prefecture", 403, {}),
        ("county", "clerk", 404, {"unit": f"{ABROAD}000"}),
        ("county", "clerk", 404, {"unit": "522399999000"}),
        ("county", "clerk", 404, {"role": "nonsense"}),
        ("director", "clerk", 404, {}),
        ("printer", "clerk", 403, {}),
    ],
)
def test_roles_are_given_within_reach_only(
    site: Site, login: str, target: str, status: int, form: dict[str, str]
) -> None:
    before = held(site, target)
    give(site, site.browser(login), target, status, **form)
    assert held(site, target) == before


def test_a_closed_account_gets_no_role(site: Site) -> None:
    with site.sessions.begin() as session:
        session.execute(update(User).where(User.login == "clerk").values(active=False))
    give(site, site.browser("county"), "clerk", 404)
    assert "再授予一個角色" not in site.browser("county").get(f"/people/{user(site, 'clerk').id}").text


@pytest.mark.parametrize("language", ["hant", "hans", "en"])
def test_the_page_is_sound_with_every_refusal_in_every_language(
    new_site: Callable[..., Site], language: str
) -> None:
    site = new_site()
    with_factor(site, "director")
    browser = Browser(site.app, language).sign_in("county", PASSWORD)
    page = lift(site, browser, "director", 422, reason="")
    assert {"hant": "請寫明事由", "hans": "请写明事由", "en": "Please state a reason"}[language] in page.text
    page = give(site, browser, "director", 422, unit="522301000000")
    assert page.find("details", open="")
    assert page.find("select", id="role")


def test_whoever_may_grant_has_something_to_grant() -> None:
    assert {PEOPLE[login][0] for login in GIVERS} == set(GRANTS)
