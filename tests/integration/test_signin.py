"""What people do about their own sign-ins: change roles, sign devices out, change a password somebody else typed."""

from typing import Any

from sqlalchemy import select, update

from tests.fixtures.canaries import signed
from tests.fixtures.soak import rounds
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import ABROAD, HOME, PASSWORD, SIBLING, Site
from townhall.accounts.models import LoginSession, Membership, Role, User
from townhall.accounts.operations import grant_role
from townhall.audit.act import host_act
from townhall.audit.operations import records

NEW = "另一個夠長的口令 77"


def user(session: Any, login: str) -> User:
    found: User = session.scalars(select(User).filter_by(login=login)).one()
    return found


def test_a_person_with_two_roles_uses_one_at_a_time_and_sees_which(site: Site) -> None:
    with site.sessions.begin() as session:
        act = host_act("測試", MOMENT)
        other = grant_role(
            session, act, user(session, "director"), Role.TOWNSHIP_DIRECTOR, f"{SIBLING}000"
        ).id
    browser = site.browser("director")
    browser.get(f"/t/{HOME}/windows")
    browser.get(f"/t/{SIBLING}/windows", 404)
    page = browser.get("/account")
    assert page.text.count("切換到這個角色") == 1
    browser.post("/role", {"csrf_token": page.token(), "membership": str(other)})
    browser.get(f"/t/{SIBLING}/windows")
    browser.get(f"/t/{HOME}/windows", 404)
    with site.sessions() as session:
        assert [one.login for one in records(session, f"{SIBLING}000") if one.action == "session.role"] == [
            "director"
        ]


def test_nobody_takes_on_the_role_of_another(site: Site) -> None:
    with site.sessions() as session:
        foreign = session.scalars(select(Membership.id).join(User).where(User.login == "prefecture")).one()
    browser = site.browser("director")
    token = browser.get("/account").token()
    for wanted in (str(foreign), "0", "x", "", "９", "9" * 40):
        browser.post("/role", {"csrf_token": token, "membership": wanted}, 404)
    browser.get(f"/t/{ABROAD}/windows", 404)


def test_a_role_that_is_taken_away_is_gone_at_the_next_page(site: Site) -> None:
    browser = site.browser("director")
    browser.get(f"/t/{HOME}/windows")
    with site.sessions.begin() as session:
        session.delete(user(session, "director").memberships[0])
    browser.get(f"/t/{HOME}/windows", 403)
    assert "還沒有角色" in browser.get("/account").text


def test_another_device_is_signed_out_from_here(site: Site) -> None:
    here, there = site.browser("county"), site.browser("county")
    page = here.get("/account")
    (target,) = [
        form.attrib["action"] for form in page.find("form") if form.attrib["action"].endswith("/end")
    ]
    site.browser("director").post(
        target, {"csrf_token": site.browser("director").get("/account").token()}, 400
    )
    here.post(target, {"csrf_token": page.token()})
    there.get("/townships", 303)
    here.get("/townships")


def test_the_device_of_somebody_else_is_not_found(site: Site) -> None:
    site.browser("county")
    with site.sessions() as session:
        theirs = session.scalars(select(LoginSession.id)).one()
    browser = site.browser("director")
    form = {"csrf_token": browser.get("/account").token()}
    for number in (theirs, "0" * 64, "-"):
        browser.post(f"/account/sessions/{number}/end", form, 404)
    with site.sessions() as session:
        assert session.get_one(LoginSession, theirs).ended_at is None


def test_a_password_that_somebody_else_typed_is_changed_first(site: Site) -> None:
    with site.sessions.begin() as session:
        session.execute(update(User).where(User.login == "director").values(must_change=True))
    browser = site.browser("director")
    browser.get(f"/t/{HOME}/windows", 303)
    page = browser.get("/account")
    assert "請先更改密碼" in page.text
    form = {"csrf_token": page.token(), "old": PASSWORD, "new": NEW, "again": NEW}
    browser.post("/account", form)
    browser.get(f"/t/{HOME}/windows")


def test_a_sign_in_ends_by_itself(site: Site) -> None:
    browser = site.browser("county")
    browser.get("/townships")
    with site.sessions.begin() as session:
        session.execute(update(LoginSession).values(expires_at=MOMENT))
    browser.get("/townships", 303)


def test_o3_a_copied_cookie_is_worth_nothing_after_signing_out(site: Site) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    client, thief = signed(site.app, "county"), site.app.test_client()
    cookie = client.get_cookie("townhall")
    assert cookie is not None
    assert client.get("/townships").status_code == 200
    client.post("/logout")
    thief.set_cookie("townhall", cookie.value)
    assert thief.get("/townships").status_code == 303
    with site.sessions() as session:
        assert session.scalars(select(LoginSession.ended_at).where(LoginSession.ended_at.is_not(None))).all()


def test_o3_a_new_sign_in_has_a_new_token_and_a_planted_one_dies(site: Site) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    planted = signed(site.app, "printer").get_cookie("townhall")
    assert planted is not None
    for _ in range(rounds(1, 5)):
        client = site.app.test_client()
        client.set_cookie("townhall", planted.value)
        client.post("/login", data={"login": "county", "password": PASSWORD})
        made = client.get_cookie("townhall")
        assert made is not None
        assert made.value != planted.value
        assert (made.http_only, made.same_site) == (True, "Lax")
