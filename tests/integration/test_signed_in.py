"""What a sign-in is worth: another token at each, dead everywhere once it has ended, and nothing taken from a request.

Bar O3, over every route there is: the list is the application's own.
"""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.fixtures.access import PUBLIC, TABLE
from tests.fixtures.canaries import canary
from tests.fixtures.hostile import SETTINGS, Fake, Fault
from tests.fixtures.soak import SOAK
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import ABROAD, HOME, PASSWORD, Site
from tests.integration.test_matrix import expected, routes
from townhall.accounts import federation, passes, second_factor, sessions
from townhall.accounts.models import LoginSession, Role, User
from townhall.accounts.operations import set_active, set_password, withdraw_role
from townhall.accounts.tokens import Notice
from townhall.audit.act import host_act
from townhall.centres.edit import Edit, edit_centre
from townhall.clock import now
from townhall.units.models import Unit
from townhall.web import guards
from townhall.web.guards import TOKEN
from townhall.web.throttle import UNTHROTTLED

SEED, NEW = "JBSWY3DPEHPK3PXP" * 2, "另一個夠長的口令 77"
WEB = Path(guards.__file__).parent


@pytest.fixture
def free(new_site: Callable[..., Site], fake: Fake) -> Site:
    """A site that knows a provider, and does not mind how much is asked of it, nor forms without their token."""
    return unchecked(new_site(oidc_issuer=fake.issuer, **SETTINGS))


def unchecked(site: Site) -> Site:
    site.app.config["WTF_CSRF_ENABLED"] = False
    site.app.extensions[UNTHROTTLED] = True
    for limiter in site.app.extensions["limiter"]:
        limiter.enabled = False
    return site


def user(session: Session, login: str) -> User:
    return session.scalars(select(User).filter_by(login=login)).one()


def form_token(client: FlaskClient, address: str, base: str = "http://localhost") -> str:
    """The token of a page's form: the pages of links check theirs themselves."""
    page = client.get(address, base_url=base).get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def token_of(client: FlaskClient) -> str | None:
    with client.session_transaction() as cookie:
        return cookie.get(TOKEN)


def entered(site: Site, login: str = "director") -> FlaskClient:
    client = site.app.test_client()
    assert client.post("/login", data={"login": login, "password": PASSWORD}).status_code == 303
    return client


# Ways to sign in: each is given a browser with a token that somebody planted there.


def by_password(_site: Site, client: FlaskClient, _fake: Fake) -> None:
    client.post("/login", data={"login": "director", "password": PASSWORD})


def by_code(site: Site, client: FlaskClient, _fake: Fake) -> None:
    with site.sessions.begin() as session:
        user(session, "director").totp_secret = SEED
    by_password(site, client, _fake)
    half = token_of(client)
    client.post("/login/code", data={"code": pyotp.TOTP(SEED).now()})
    assert token_of(client) != half


def by_another_password(site: Site, client: FlaskClient, fake: Fake) -> None:
    by_password(site, client, fake)
    before = token_of(client)
    client.post("/account", data={"old": PASSWORD, "new": NEW, "again": NEW})
    assert token_of(client) != before


def by_invitation(site: Site, client: FlaskClient, _fake: Fake) -> None:
    with site.sessions.begin() as session:
        act = host_act("測試", now())
        link = passes.invite(session, act, Role.TOWNSHIP_DIRECTOR, session.get_one(Unit, f"{HOME}000"))
    form = {"login": "newcomer", "name": "新人（虛構）", "password": NEW, "again": NEW}
    client.post(f"/join/{link}", data=form | {"csrf_token": form_token(client, f"/join/{link}")})


def by_reset(site: Site, client: FlaskClient, _fake: Fake) -> None:
    with site.sessions.begin() as session:
        link = passes.offer_reset(session, host_act("測試", now()), user(session, "director"), f"{HOME}000")
    form = {"password": NEW, "again": NEW, "csrf_token": form_token(client, f"/reset/{link}")}
    client.post(f"/reset/{link}", data=form)


def by_provider(_site: Site, client: FlaskClient, fake: Fake) -> None:
    fake.fault = Fault()
    address = client.get("/oidc/login").headers["Location"]
    assert client.get("/oidc/callback", query_string=fake.authorize(address)).status_code == 303


WAYS = {
    "signin.proceed": [by_password, by_reset],
    "signin.password": [by_another_password],
    "factor.confirm": [by_code],
    "links._join": [by_invitation],
    "federation._enter": [by_provider],
}
EVERY_WAY = [way for ways in WAYS.values() for way in ways]


def callers() -> Iterator[str]:
    """The functions of the web that begin a sign-in, read from the source."""
    for path in WEB.glob("*.py"):
        for part in ast.parse(path.read_text("utf-8")).body:
            calls = [node for node in ast.walk(part) if isinstance(node, ast.Call)]
            if any(isinstance(call.func, ast.Name) and call.func.id == "sign_in" for call in calls):
                yield f"{path.stem}.{getattr(part, 'name', '?')}"


def test_every_way_to_sign_in_is_tried_here() -> None:
    assert set(callers()) == set(WAYS)


def planted(site: Site, way: Callable[[Site, FlaskClient, Fake], None], fake: Fake) -> bool:
    """Whether a token that was in the browser before is worth anything after a sign-in."""
    client, other = site.app.test_client(), site.app.test_client()
    with client.session_transaction() as cookie:
        cookie[TOKEN] = "p" * 43
    way(site, client, fake)
    assert client.get("/account").status_code == 200
    with other.session_transaction() as cookie:
        cookie[TOKEN] = "p" * 43
    return token_of(client) == "p" * 43 or other.get("/account").status_code == 200


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_token_that_was_planted_is_worth_nothing_after_a_sign_in(
    free: Site, fake: Fake, way: Callable[[Site, FlaskClient, Fake], None]
) -> None:
    assert not planted(free, way, fake)


def test_the_control_a_platform_that_keeps_the_token_is_noticed(
    free: Site, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions.secrets, "token_urlsafe", lambda _length: "p" * 43)
    assert planted(free, by_password, fake)


# Ways a sign-in ends.


def left(_session: Session, _user: User, client: FlaskClient) -> None:
    client.post("/logout")


def role_withdrawn(session: Session, person: User, _client: FlaskClient) -> None:
    withdraw_role(session, host_act("測試", now()), person.memberships[0])


def closed(session: Session, person: User, _client: FlaskClient) -> None:
    set_active(session, host_act("測試", now()), person, False)


def password_set(session: Session, person: User, _client: FlaskClient) -> None:
    set_password(session, host_act("測試", now()), person, NEW)


def factor_lifted(session: Session, person: User, _client: FlaskClient) -> None:
    person.totp_secret = SEED
    second_factor.lift(session, host_act("測試", now(), "遺失"), person)


def ended_elsewhere(session: Session, person: User, _client: FlaskClient) -> None:
    for one in sessions.running(session, person, now()):
        sessions.end(one, now())


def told_by_a_provider(session: Session, person: User, _client: FlaskClient) -> None:
    session.execute(update(LoginSession).values(id_token="x", provider_sid="sid-1"))
    notice = Notice("jti", None, "sid-1", now())
    assert federation.end_sessions(session, "https://id.example", notice, host_act("oidc", now())) == 1
    assert person.login == "director"


def run_out(session: Session, _user: User, _client: FlaskClient) -> None:
    session.execute(update(LoginSession).values(expires_at=MOMENT))


ENDS = [
    *(left, role_withdrawn, closed, password_set, factor_lifted),
    *(ended_elsewhere, told_by_a_provider, run_out),
]


def address_of(site: Site, endpoint: str, method: str, code: str) -> str:
    rules = site.app.url_map.iter_rules(endpoint)
    rule = next(rule for rule in rules if method in (rule.methods or ()))
    values = {name: value for name, value in TABLE[endpoint].values.items() if name in rule.arguments}
    place = {"code": code} if "code" in rule.arguments else {}
    with site.app.test_request_context():
        return site.app.url_for(endpoint, **values, **place)


def guarded(site: Site) -> list[tuple[str, str]]:
    """Every route that is not for anybody."""
    return [one for one in routes(site.app) if TABLE[one[0]].kind != PUBLIC]


def still_open(site: Site, cookie: str) -> Iterator[str]:
    """Routes that answer a copy of a cookie otherwise than a stranger."""
    for endpoint, method in guarded(site):
        client = site.app.test_client()
        client.set_cookie("townhall", cookie)
        answer = client.open(address_of(site, endpoint, method, HOME), method=method)
        if answer.status_code not in expected("", endpoint, HOME, "path"):
            yield f"{method} {endpoint} {answer.status_code}"
        answer.close()


def copy_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("townhall")
    assert cookie is not None
    return str(cookie.value)


@pytest.mark.parametrize("end", ENDS)
def test_once_it_has_ended_a_copy_of_the_cookie_opens_no_route(
    free: Site, end: Callable[[Session, User, FlaskClient], None]
) -> None:
    client = entered(free)
    cookie = copy_of(client)
    if end is left:
        client.post("/logout")
    else:
        with free.sessions.begin() as session:
            end(session, user(session, "director"), client)
    assert list(still_open(free, cookie)) == []
    print(f"sessions: 0 of {len(guarded(free))} routes open after {end.__name__}")


def test_the_control_a_platform_that_forgets_only_the_cookie_is_noticed(
    free: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = entered(free)
    cookie = copy_of(client)
    monkeypatch.setattr(sessions, "end", lambda *_: None)
    client.post("/logout")
    assert len(list(islice(still_open(free, cookie), 10))) == 10


# Cookies.


def loose_cookies(site: Site, client: FlaskClient) -> tuple[set[str], list[str]]:
    """The cookies that all routes set, and those that lack one of their three marks."""
    seen, loose, base = set(), [], "https://example.org"
    token = form_token(client, "/login", base)
    form = {"login": "county", "password": PASSWORD, "language": "en", "csrf_token": token}
    first = [("signin.language", "POST"), ("signin.enter_password", "POST")]
    for endpoint, method in [*first, *routes(site.app)]:
        where = address_of(site, endpoint, method, ABROAD)
        answer = client.open(where, method=method, data=form, base_url=base)
        for header in answer.headers.getlist("Set-Cookie"):
            seen.add(header.partition("=")[0])
            marks = ("; Secure", "; HttpOnly", "; SameSite=Lax")
            loose += [f"{endpoint}: {header[:40]}"] if not all(mark in header for mark in marks) else []
        answer.close()
    return seen, loose


def test_every_cookie_that_any_route_sets_has_its_three_marks(new_site: Callable[..., Site]) -> None:
    site = unchecked(new_site(secure_cookies=True))
    seen, loose = loose_cookies(site, site.app.test_client())
    assert seen == {"townhall", "language"}
    assert loose == []


@pytest.mark.parametrize("mark", ["HTTPONLY", "SECURE", "SAMESITE"])
def test_the_control_a_cookie_without_one_mark_is_noticed(new_site: Callable[..., Site], mark: str) -> None:
    site = unchecked(new_site(secure_cookies=True))
    site.app.config[f"SESSION_COOKIE_{mark}"] = None
    assert loose_cookies(site, site.app.test_client())[1]


# What a request says of itself.

CLAIMS = {
    "role": "prefecture_admin",
    "held": "522300000000",
    "unit": f"{ABROAD}000",
    "unit_id": f"{ABROAD}000",
}
CLAIMS |= {
    "tenant": ABROAD,
    "user": "prefecture",
    "login": "prefecture",
    "user_id": "1",
    "membership_id": "1",
}
HEADERS = {f"X-{name.replace('_', '-').title()}": value for name, value in CLAIMS.items()}
HEADERS |= {"X-Forwarded-User": "prefecture", "X-Remote-User": "prefecture", "Remote-User": "prefecture"}
HEADERS |= {
    "X-Original-URL": f"/t/{ABROAD}/",
    "X-Rewrite-URL": f"/t/{ABROAD}/",
    "X-HTTP-Method-Override": "GET",
}
SPOKEN: dict[str, dict[str, Any]] = {
    "headers": {"headers": HEADERS},
    "query": {"query_string": CLAIMS},
    "form": {"data": CLAIMS},
    "json": {"json": CLAIMS},
}
AT_ONCE = {"all": {"headers": HEADERS, "query_string": CLAIMS, "data": CLAIMS}}


def believed(site: Site) -> Iterator[str]:
    """Routes that answer somebody otherwise because of what the request claims: all ways at once, in a soak each for itself."""
    client = entered(site)
    for name, value in CLAIMS.items():
        client.set_cookie(name, value)
    kept = {
        "signin.leave",
        "signin.password",
        "signin.role",
    }  # these end the sign-in or mean what they are given
    for endpoint, method in [one for one in guarded(site) if one[0] not in kept]:
        if TABLE[endpoint].heavy:
            continue
        for code in (HOME, ABROAD):
            address = address_of(site, endpoint, method, code)
            for way, given in (SPOKEN if SOAK else AT_ONCE).items():
                answer = client.open(address, method=method, **given)
                wrong = answer.status_code not in expected("director", endpoint, code, "path")
                if wrong or canary(ABROAD).encode() in answer.get_data():
                    yield f"{method} {endpoint} {code} {way} {answer.status_code}"
                answer.close()


def with_canary(site: Site) -> Site:
    with site.sessions.begin() as session:
        unit = session.get_one(Unit, f"{ABROAD}000")
        edit = Edit("profile", None, "address", canary(ABROAD))
        edit_centre(session, unit, [edit], seen=None, act=host_act("測試", MOMENT))
    return site


def test_no_route_believes_what_a_request_says_of_role_or_tenant(free: Site) -> None:
    assert list(believed(with_canary(free))) == []
    print(
        f"sessions: 0 of {len(guarded(free))} routes believe a request in {len(SPOKEN)} ways, at once: {not SOAK}"
    )


def test_the_control_a_platform_that_believes_a_header_is_noticed(
    free: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = guards.scope_of
    monkeypatch.setattr(guards, "scope_of", lambda code: real(guards.request.headers.get("X-Held", code)))
    assert next(believed(with_canary(free)), None) is not None
