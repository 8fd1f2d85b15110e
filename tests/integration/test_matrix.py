"""Every route × every role × own, sibling, other county, nothing × ids everywhere: as the table says (T1, T2, T3)."""

import hashlib
import random
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from provisioning.specs import Pack
from tests.fixtures.soak import SEED, SOAK, rounds
from tests.fixtures.standards import MOMENT
from tests.fixtures.walls import take_row_level_security_away, without_the_walls_of_the_orm
from tests.fixtures.web import ABROAD, HOME, NOWHERE, PASSWORD, PEOPLE, SIBLING, UNOPENED, populate
from townhall.accounts.models import LoginSession
from townhall.accounts.rights import Right, may
from townhall.app import create_app
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.centres.edit import Edit, edit_centre
from townhall.config import Settings
from townhall.database import create_engine_for, table_of
from townhall.models import TENANT_OWNED
from townhall.tenancy import HOST, judged, scope_of, scoped
from townhall.units.models import Level, Unit

PUBLIC, OWN, UNIT, TOWN = "public", "own", "unit", "township"


@dataclass(frozen=True)
class Access:
    """What the table says of a route: for whom, and with which right; `values` fill the rest of its address."""

    kind: str
    right: Right | None = None
    values: dict[str, Any] = field(default_factory=dict)
    heavy: bool = False  # draws documents: asked for once where it is allowed
    level: Level | None = None  # where the role must be held, if anywhere in particular


ITEM = {"key": "zhou.temporary-relief"}
MAP = {"name": "map"}
LINK, NOBODY = {"token": "x" * 43}, {"number": 999_999}
PAPER = {"document": "guide", "subject": "zhou.temporary-relief", "number": 1}

TABLE = {
    "static": Access(PUBLIC, values={"filename": "mark.svg"}),
    "health.alive": Access(PUBLIC),
    "health.ready": Access(PUBLIC),
    "signin.form": Access(PUBLIC),
    "signin.enter_password": Access(PUBLIC),
    "signin.leave": Access(PUBLIC),
    "signin.language": Access(PUBLIC),
    "signin.role": Access(OWN),
    "signin.account": Access(OWN),
    "signin.password": Access(OWN),
    "signin.end_session": Access(OWN, values={"session_id": "0" * 64}),
    "overview.show": Access(UNIT),
    "overview.townships": Access(UNIT, Right.LIST),
    "workspace.show": Access(TOWN, Right.READ),
    "workspace.windows": Access(TOWN, Right.READ),
    "workspace.regimes": Access(TOWN, Right.READ),
    "workspace.budget": Access(TOWN, Right.BUDGET),
    "workspace.hall": Access(TOWN, Right.READ),
    "workspace.picture": Access(TOWN, Right.READ),
    "profile.show": Access(TOWN, Right.READ),
    "profile.change": Access(TOWN, Right.EDIT),
    "pictures.show": Access(TOWN, Right.READ, MAP),
    "pictures.put": Access(TOWN, Right.EDIT, MAP),
    "pictures.remove": Access(TOWN, Right.EDIT, MAP),
    "items.index": Access(TOWN, Right.READ),
    "items.show": Access(TOWN, Right.READ, ITEM),
    "items.change": Access(TOWN, Right.EDIT, ITEM),
    "inventory.show": Access(TOWN, Right.READ),
    "inventory.change": Access(TOWN, Right.EDIT),
    "studio.show": Access(TOWN, Right.PRINT),
    "studio.preview": Access(TOWN, Right.PRINT, PAPER, heavy=True),
    "studio.page": Access(TOWN, Right.PRINT, PAPER, heavy=True),
    "studio.pdf": Access(TOWN, Right.PRINT, PAPER, heavy=True),
    "studio.archive": Access(TOWN, Right.PRINT, heavy=True),
    "history.show": Access(TOWN, Right.AUDIT),
    "history.export": Access(TOWN, Right.AUDIT),
    "life.show": Access(TOWN, Right.READ),
    "life.step": Access(TOWN, Right.READ),
    "life.put": Access(TOWN, Right.READ),
    "life.settle": Access(TOWN, Right.READ, {"approval": "0" * 32}),
    "life.export": Access(TOWN, Right.AUDIT),
    "life.undecided": Access(UNIT, Right.READ),
    "factor.form": Access(OWN),
    "factor.confirm": Access(OWN),
    "factor.begin": Access(OWN),
    "factor.cancel": Access(OWN),
    "factor.switch_on": Access(OWN),
    "factor.switch_off": Access(OWN),
    "links.join_form": Access(PUBLIC, values=LINK),
    "links.join": Access(PUBLIC, values=LINK),
    "links.reset_form": Access(PUBLIC, values=LINK),
    "links.reset": Access(PUBLIC, values=LINK),
    "people.show": Access(UNIT, Right.ACCOUNTS),
    "people.invite_form": Access(UNIT, Right.ACCOUNTS),
    "people.invite": Access(UNIT, Right.ACCOUNTS),
    # Whose pages of a person are whose is tried with real people in test_people.py.
    "people.cancel": Access(UNIT, Right.ACCOUNTS, {"key": "0" * 64}),
    "people.person": Access(UNIT, Right.ACCOUNTS, NOBODY),
    "people.withdraw": Access(UNIT, Right.ACCOUNTS, NOBODY),
    "people.close": Access(UNIT, Right.ACCOUNTS, NOBODY),
    "people.reopen": Access(UNIT, Right.ACCOUNTS, NOBODY),
    "people.reset": Access(UNIT, Right.ACCOUNTS, NOBODY),
    "api.me": Access(UNIT),
    "api.townships": Access(UNIT, Right.LIST),
    "api.show": Access(TOWN, Right.READ),
    "api.configuration": Access(TOWN, Right.READ),
    "api.items": Access(TOWN, Right.READ),
    "api.item": Access(TOWN, Right.READ, ITEM),
    "api.change": Access(TOWN, Right.EDIT),
    "openapi_api/openapi": Access(PUBLIC),
    "guide.index": Access(PUBLIC),
    "guide.show": Access(PUBLIC, values=ITEM),
    "guide.picture": Access(PUBLIC, values=MAP),
}

DATA = {
    **dict.fromkeys(("accounts", "memberships"), Right.ACCOUNTS),
    **dict.fromkeys(("holidays", "suppliers", "releases", "units"), Right.LIBRARIES),
}
for name, right in DATA.items():
    for view in ("index_view", "create_view", "edit_view", "details_view", "delete_view"):
        TABLE[f"data_{name}.{view}"] = Access(UNIT, right, level=Level.PREFECTURE)
TABLE["data.index"] = Access(UNIT, Right.LIBRARIES, level=Level.PREFECTURE)
TABLE["data_accounts.active_view"] = Access(UNIT, Right.ACCOUNTS, level=Level.PREFECTURE)
for name in ("login", "callback", "backchannel"):
    TABLE[f"federation.{name}"] = Access(PUBLIC)

OPENED = (HOME, SIBLING, ABROAD)
TARGETS = (*OPENED, UNOPENED, NOWHERE)
FINE = {200, 303, 400, 404, 410, 415, 422}
WAYS = ("path", "query", "form", "json")
CASES = ("sqlite", "postgresql", "row-level security alone", "orm alone")


def canary(code: str) -> str:
    return f"金絲雀{code}號"


@dataclass
class Host:
    """An application with a canary in every centre, and somebody signed in for every role."""

    app: Flask
    engine: Engine
    clients: dict[str, FlaskClient]
    sent: int = 0

    def send(self, login: str, endpoint: str, method: str, code: str, way: str) -> TestResponse:
        """One request to a route: its address for a township, and ids of that township wherever else they fit."""
        with self.app.test_request_context():
            rule = next(
                rule for rule in self.app.url_map.iter_rules(endpoint) if method in (rule.methods or ())
            )
            values = {name: value for name, value in TABLE[endpoint].values.items() if name in rule.arguments}
            place = {"code": code} if "code" in rule.arguments else {}
            address = self.app.url_for(endpoint, **values, **place)
        ids = dict.fromkeys(("code", "unit", "unit_id", "township", "id"), code) | {"full": f"{code}000"}
        extra = {"query": {"query_string": ids}, "form": {"data": ids}, "json": {"json": ids}}.get(way, {})
        self.sent += 1
        return self.clients[login].open(address, method=method, **extra)

    def rows(self, code: str) -> str:
        """A hash over all that a tenant has but its audit, which notes who looked."""
        digest = hashlib.sha256()
        with Session(self.engine, info=scoped(HOST)) as session:
            for model in TENANT_OWNED:
                if model is not AuditRecord:
                    table = table_of(model)
                    found = select(table).where(table.c.unit_id == f"{code}000").order_by(*table.primary_key)
                    digest.update(repr(session.connection().execute(judged(found)).all()).encode())
        return digest.hexdigest()


@contextmanager
def running(url: str, pack: Pack, home: Any, case: str) -> Iterator[Host]:
    engine = create_engine_for(url)
    sessions = sessionmaker(engine, expire_on_commit=False, info=scoped(HOST))
    populate(sessions, pack)
    for code in OPENED:
        with sessions.begin() as session:
            edit = Edit("profile", None, "address", canary(code))
            edit_centre(
                session, session.get_one(Unit, f"{code}000"), [edit], seen=None, act=host_act("t", MOMENT)
            )
    app = create_app(Settings(home=home, database=url, demo=False))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False
    with ExitStack() as stack:
        if case == "orm alone":
            take_row_level_security_away(url)
        if case == "row-level security alone":
            stack.enter_context(without_the_walls_of_the_orm())
        yield Host(app, engine, {login: signed(app, login) for login in (*PEOPLE, "")})
    engine.dispose()
    app.extensions["townhall.sessions"].kw["bind"].dispose()


def signed(app: Flask, login: str) -> FlaskClient:
    client = app.test_client()
    if login:
        answer = client.post("/login", data={"login": login, "password": PASSWORD})
        assert answer.status_code == 303
    return client


def covers(login: str, code: str) -> bool:
    unit = PEOPLE[login][1].ljust(12, "0")
    return code != NOWHERE and scope_of(unit).covers(f"{code}000")


def expected(login: str, endpoint: str, code: str) -> set[int]:
    """The statuses that the table allows for somebody at a route of a township."""
    access = TABLE[endpoint]
    if access.kind == PUBLIC:
        return FINE | {401}
    if not login:
        return {401} if endpoint.startswith("api.") else {303}
    if access.kind == TOWN and not covers(login, code):
        return {404}
    if access.right is not None and not may(PEOPLE[login][0].value, access.right):
        return {403}
    if access.level is not None and not PEOPLE[login][1].ljust(6, "0").endswith("00"):
        return {403}
    # What one may open may still be refused for what is asked of it, by a rule of its own.
    return FINE | ({403} if endpoint == "life.step" else set())


def leaks(login: str, endpoint: str, body: bytes) -> list[str]:
    """Canaries of centres that the reader must not see; the public pages show every centre to everybody."""
    if TABLE[endpoint].kind == PUBLIC:
        return []
    return [code for code in OPENED if not (login and covers(login, code)) and canary(code).encode() in body]


def routes(app: Flask) -> list[tuple[str, str]]:
    return [
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def plan(app: Flask, share: float) -> list[tuple[str, str, str, str, str]]:
    """Every combination, or a seeded share of them; those that end a sign-in are asked by nobody but strangers."""
    chance = random.Random(SEED)
    ends = {"signin.leave", "signin.password", "signin.enter_password"}
    made = [
        (login, endpoint, method, code, way)
        for login in (*PEOPLE, "")
        for endpoint, method in routes(app)
        if not (login and endpoint in ends)
        for code in (TARGETS if TABLE[endpoint].kind == TOWN else (HOME, ABROAD))
        for way in WAYS
        if not (TABLE[endpoint].heavy and login and covers(login, code))
    ]
    return [one for one in made if chance.random() < share]


def bare(answer: TestResponse, code: str) -> bytes:
    """An answer without what differs by itself: the code that was asked for, tokens, the number of the request."""
    body = answer.get_data().replace(code.encode(), b"CODE")
    return re.sub(rb'name="csrf_token" value="[^"]*"', b"", body)


@pytest.fixture
def host(request: pytest.FixtureRequest, pack: Pack, tmp_path: Any) -> Iterator[Host]:
    case = request.param
    copies = request.getfixturevalue("sqlite_copies" if case == "sqlite" else "postgresql_copies")
    with running(copies(), pack, tmp_path, case) as made:
        yield made


def test_every_route_stands_in_the_table(site: Any) -> None:
    assert {endpoint for endpoint, _ in routes(site.app)} == set(TABLE)


@pytest.mark.parametrize("host", CASES, indirect=True)
def test_t1_t3_nothing_of_another_tenant_is_read_or_written_by_anybody(host: Host) -> None:
    asked = plan(host.app, 1.0 if SOAK else 0.04)
    before = {code: host.rows(code) for code in OPENED}
    wrong = []
    for login, endpoint, method, code, way in asked:
        answer = host.send(login, endpoint, method, code, way)
        body = answer.get_data()
        if answer.status_code not in expected(login, endpoint, code) or leaks(login, endpoint, body):
            wrong.append((login, endpoint, method, code, way, answer.status_code))
        answer.close()
    assert not wrong
    # Nobody who may edit was sent with a form that means anything, so no tenant changed at all.
    assert {code: host.rows(code) for code in OPENED} == before
    print(f"matrix: {host.sent} requests, {len(routes(host.app))} routes, {len(PEOPLE) + 1} readers, 0 leaks")


@pytest.mark.parametrize("host", ["sqlite"], indirect=True)
def test_t2_a_foreign_township_answers_exactly_like_one_that_does_not_exist(host: Host) -> None:
    towns = [(endpoint, method) for endpoint, method in routes(host.app) if TABLE[endpoint].kind == TOWN]
    for endpoint, method in towns:
        for way in WAYS if SOAK else ("path",):
            foreign = host.send("director", endpoint, method, ABROAD, way)
            nothing = host.send("director", endpoint, method, NOWHERE, way)
            assert (foreign.status_code, bare(foreign, ABROAD)) == (
                nothing.status_code,
                bare(nothing, NOWHERE),
            )
            assert dict(foreign.headers).keys() == dict(nothing.headers).keys()


@pytest.mark.parametrize("host", ["sqlite"], indirect=True)
def test_every_form_wants_its_token(host: Host) -> None:
    host.app.config["WTF_CSRF_ENABLED"] = True
    for endpoint, method in routes(host.app):
        if method != "GET":
            # The sign-in page answers a token that has run out by showing itself again; a provider has none,
            # and where no provider is known there is nothing to answer it.
            refused = {"signin.enter_password": 303, "federation.backchannel": 404}.get(endpoint, 400)
            assert host.send("director", endpoint, method, HOME, "form").status_code == refused, endpoint


@pytest.mark.parametrize("host", ["sqlite"], indirect=True)
def test_t7_the_matrix_notices_guards_that_are_open(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with the question of whose township it is answered yes to everybody, it finds the leaks."""
    from townhall.web import guards

    monkeypatch.setattr(guards, "scope_of", lambda _code: HOST)
    found = [
        (endpoint, code)
        for endpoint, method in routes(host.app)
        if TABLE[endpoint].kind == TOWN and not TABLE[endpoint].heavy and method == "GET"
        for code in (SIBLING, ABROAD)
        if leaks("director", endpoint, host.send("director", endpoint, method, code, "path").get_data())
    ]
    assert ("profile.show", ABROAD) in found
    assert ("life.export", SIBLING) not in found  # a zip: its canary is packed


@pytest.mark.parametrize("host", ["sqlite"], indirect=True)
def test_o3_a_copied_cookie_is_worth_nothing_after_signing_out(host: Host) -> None:
    client = host.clients["county"]
    cookie = client.get_cookie("townhall")
    assert cookie is not None
    assert client.get("/townships").status_code == 200
    client.post("/logout")
    thief = host.app.test_client()
    thief.set_cookie("townhall", cookie.value)
    assert thief.get("/townships").status_code == 303
    with Session(host.engine) as session:
        assert session.scalars(select(LoginSession.ended_at).where(LoginSession.ended_at.is_not(None))).all()


@pytest.mark.parametrize("host", ["sqlite"], indirect=True)
@pytest.mark.parametrize("turn", range(rounds(1, 5)))
def test_o3_a_new_sign_in_has_a_new_token_and_a_planted_one_dies(host: Host, turn: int) -> None:
    planted = signed(host.app, "printer").get_cookie("townhall")
    assert planted is not None
    client = host.app.test_client()
    client.set_cookie("townhall", planted.value)
    client.post("/login", data={"login": "county", "password": PASSWORD})
    made = client.get_cookie("townhall")
    assert made is not None
    assert made.value != planted.value, turn
    assert (made.http_only, made.same_site) == (True, "Lax")
