"""The second factor on pages: nothing opens between the password and the code."""

import datetime as dt

import pyotp
import pytest
from sqlalchemy import select

from tests.fixtures.checking import Browser, Page
from tests.fixtures.web import HOME, PASSWORD, Site
from townhall.accounts.models import LoginSession, RecoveryCode, User
from townhall.clock import now
from townhall.web.guards import TOKEN

CLOSED = ("/", "/townships", "/account", f"/t/{HOME}/", "/people")


def secret_of(site: Site, login: str) -> str | None:
    with site.sessions() as session:
        return session.scalars(select(User.totp_secret).filter_by(login=login)).one()


def enrolled(site: Site, login: str = "director") -> tuple[str, list[str]]:
    """Switches it on through the pages; gives the seed and the recovery codes."""
    browser = site.browser(login)
    browser.post("/account/second-factor/begin", browser.get("/account").form())
    page = browser.get("/account")
    secret = "".join(page.find("code", id="factor-secret")[0].itertext()).replace(" ", "")
    code = pyotp.TOTP(secret).now()
    shown = browser.post("/account/second-factor/on", page.form() | {"code": code}, 200)
    return secret, ["".join(each.itertext()) for each in shown.find("code")]


def unused(secret: str) -> str:
    """A code that is good now and was not used to switch it on: that of the next step."""
    return pyotp.TOTP(secret).at(now() + dt.timedelta(seconds=30))


def half_way(site: Site, login: str = "director", target: str = "") -> Browser:
    """A browser in which the password was given, and no more."""
    browser = site.browser()
    form = {"login": login, "password": PASSWORD, "next": target}
    page = browser.post("/login", browser.get("/login").form() | form)
    assert page.response.headers["Location"].startswith("/login/code")
    return browser


def coded(browser: Browser, code: str, status: int = 303) -> Page:
    return browser.post("/login/code", browser.get("/login/code").form() | {"code": code}, status)


def test_the_secret_is_stored_only_after_a_right_code(site: Site) -> None:
    browser = site.browser("director")
    browser.post("/account/second-factor/begin", browser.get("/account").form())
    page = browser.get("/account")
    picture = next(image.attrib["src"] for image in page.find("img") if "data:" in image.attrib["src"])
    assert picture.startswith("data:image/svg+xml")
    refused = browser.post("/account/second-factor/on", page.form() | {"code": "abc"}, 422)
    assert "驗證碼不正確" in refused.text
    assert secret_of(site, "director") is None
    browser.post("/account/second-factor/cancel", page.form())
    assert not browser.get("/account").find("code", id="factor-secret")


def test_recovery_codes_are_shown_once(site: Site) -> None:
    _, codes = enrolled(site)
    assert len(codes) == 10
    browser = half_way(site)
    coded(browser, codes[0])
    text = browser.get("/account").text
    assert "9 個" in text
    assert not any(code in text for code in codes)


def test_nothing_opens_between_the_password_and_the_code(site: Site) -> None:
    enrolled(site)
    browser = half_way(site)
    for address in CLOSED:
        location = browser.get(address, 303).response.headers["Location"]
        assert location.startswith("/login"), address
    token = browser.get("/login/code").token()
    for address in ("/account", "/role", "/account/second-factor/off", f"/t/{HOME}/profile"):
        form = {"csrf_token": token, "password": PASSWORD}
        assert browser.post(address, form).response.headers["Location"].startswith("/login")
    assert secret_of(site, "director")


def test_the_code_opens_and_leads_where_somebody_wanted_to_go(site: Site) -> None:
    secret, _ = enrolled(site)
    browser = half_way(site, target=f"/t/{HOME}/items")
    form = browser.get(f"/login/code?next=/t/{HOME}/items").form() | {"code": unused(secret)}
    assert browser.post("/login/code", form).response.headers["Location"] == f"/t/{HOME}/items"
    browser.get(f"/t/{HOME}/")


def test_the_token_is_another_one_after_the_code(site: Site) -> None:
    secret, _ = enrolled(site)
    browser = half_way(site)
    with browser.client.session_transaction() as cookie:
        before = cookie[TOKEN]
    coded(browser, unused(secret))
    with browser.client.session_transaction() as cookie:
        assert cookie[TOKEN] != before
        cookie[TOKEN] = before
    browser.get("/account", 303)
    with site.sessions() as session:
        unconfirmed = session.scalars(select(LoginSession).filter_by(confirmed=False)).one()
        assert unconfirmed.ended_at


def test_a_code_does_not_work_twice(site: Site) -> None:
    secret, _ = enrolled(site)
    code = unused(secret)
    coded(half_way(site), code)
    coded(half_way(site), code, 401)


def test_a_recovery_code_works_once(site: Site) -> None:
    _, codes = enrolled(site)
    coded(half_way(site), codes[3])
    coded(half_way(site), codes[3], 401)
    with site.sessions() as session:
        assert len(session.scalars(select(RecoveryCode).filter_by(used_at=None)).all()) == 9


def test_guessing_codes_is_throttled(site: Site) -> None:
    enrolled(site)
    browser = half_way(site)
    form = browser.get("/login/code").form() | {"code": "x"}
    statuses = [browser.client.post("/login/code", data=form).status_code for _ in range(12)]
    assert (statuses[0], statuses[-1]) == (401, 429)


def test_the_code_comes_too_late_after_ten_minutes(site: Site) -> None:
    secret, _ = enrolled(site)
    browser = half_way(site)
    form = browser.get("/login/code").form() | {"code": unused(secret)}
    with site.sessions.begin() as session:
        made = session.scalars(select(LoginSession).filter_by(confirmed=False)).one()
        assert made.expires_at - made.created_at == dt.timedelta(minutes=10)
        made.expires_at = now()
    browser.get("/login/code", 303)
    assert browser.post("/login/code", form).response.headers["Location"] == "/login"
    browser.get("/account", 303)


@pytest.mark.parametrize("login", [None, "director"])
def test_the_code_page_is_for_those_who_are_half_way_only(site: Site, login: str | None) -> None:
    site.browser(login).get("/login/code", 303)


def test_only_the_password_switches_it_off(site: Site) -> None:
    secret, _ = enrolled(site)
    browser = half_way(site)
    coded(browser, unused(secret))
    form = browser.get("/account").form()
    browser.post("/account/second-factor/off", form | {"password": "不對的口令"}, 422)
    assert secret_of(site, "director")
    browser.post("/account/second-factor/off", form | {"password": PASSWORD})
    assert secret_of(site, "director") is None
    site.browser("director").get("/account")


@pytest.mark.parametrize("language", ["hant", "hans", "en"])
def test_the_pages_are_sound_in_every_language(site: Site, language: str) -> None:
    browser = site.browser("county", language)
    browser.post("/account/second-factor/begin", browser.get("/account").form())
    page = browser.get("/account")
    secret = "".join(page.find("code", id="factor-secret")[0].itertext()).replace(" ", "")
    form = page.form() | {"code": pyotp.TOTP(secret).now()}
    browser.post("/account/second-factor/on", form, 200)
    browser.get("/account")
    half_way(site, "county").get("/login/code")
