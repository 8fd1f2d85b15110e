"""Every route × every role × own, sibling, other county, nothing × ids everywhere: as the table says (T1, T2, T3)."""

import random
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from provisioning.specs import Pack
from tests.fixtures.access import PUBLIC, TABLE, TOWN
from tests.fixtures.canaries import (
    EVERYBODY,
    FAR,
    OPENED,
    bare,
    covers,
    directors,
    rows,
    settle,
    shared,
    shown,
    signed,
)
from tests.fixtures.soak import SEED, SOAK
from tests.fixtures.walls import take_row_level_security_away, without_the_walls_of_the_orm
from tests.fixtures.web import ABROAD, HOME, NOWHERE, SIBLING, UNOPENED
from townhall.accounts.rights import may
from townhall.app import create_app
from townhall.config import Settings
from townhall.database import create_engine_for
from townhall.tenancy import HOST, scoped
from townhall.web.throttle import UNTHROTTLED

TARGETS = (*OPENED, UNOPENED, NOWHERE)
FINE = {200, 303, 400, 404, 410, 415, 422}
WAYS = ("path", "query", "form", "json")
CASES = ("sqlite", "postgresql", "row-level security alone", "orm alone")
# Pages that are about one account, role or unit of their own, which a number or `id` names.
ROW = re.compile(
    r"people\.(person|withdraw|close|reopen|reset)$|data_(accounts|memberships|units)\.(edit|details|delete|active)_view"
)


@dataclass
class Host:
    """An application with a canary in every centre, and somebody signed in for every role."""

    app: Flask
    engine: Engine
    numbers: dict[str, tuple[int, int]]
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
            if ROW.match(endpoint) and "number" in values and not covers(login, code):
                place = {"number": self.row(endpoint, code)}
            address = self.app.url_for(endpoint, **values | place)
        self.sent += 1
        return self.clients[login].open(address, method=method, **self.ids(endpoint, method, code, way))

    def ids(self, endpoint: str, method: str, code: str, way: str) -> dict[str, Any]:
        """Ids of a township as a request carries them; `admin` is how Flask-Admin would take them."""
        ids = dict.fromkeys(("code", "unit", "unit_id", "township", "id"), code) | {"full": f"{code}000"}
        if way == "admin":
            row = str(self.row(endpoint, code))
            ids = dict.fromkeys(("id", "rowid", "list_form_pk", "pk", "account", "user"), row)
            ids |= {"query": code, "name": "unit", "unit": f"{code}000", "role": "auditor", "seen": "0" * 64}
            return {"query_string": ids} | ({"data": ids} if method == "POST" else {})
        extra = {"query": {"query_string": ids}, "form": {"data": ids}, "json": {"json": ids}}
        return extra.get(way, {})

    def row(self, endpoint: str, code: str) -> Any:
        """The number of a township's director or of the role; the code for a unit; what nothing has elsewhere."""
        if endpoint.startswith("data_units"):
            return f"{code}000"
        account, role = self.numbers.get(code, (999_999, 999_999))
        return role if endpoint == "people.withdraw" or "memberships" in endpoint else account

    def state(self) -> dict[str, str]:
        """Digests of all that each tenant has, and of what they share."""
        return {"shared": shared(self.engine)} | {code: rows(self.engine, code) for code in OPENED}


@contextmanager
def running(url: str, home: Any, case: str) -> Iterator[Host]:
    engine = create_engine_for(url)
    with Session(engine, info=scoped(HOST)) as session:
        numbers = directors(session)
    app = create_app(Settings(home=home, database=url, demo=False))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    app.extensions[UNTHROTTLED] = True
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False
    with ExitStack() as stack:
        if case == "orm alone":
            take_row_level_security_away(url)
        if case == "row-level security alone":
            stack.enter_context(without_the_walls_of_the_orm())
        yield Host(app, engine, numbers, {login: signed(app, login) for login in (*EVERYBODY, "")})
    engine.dispose()
    app.extensions["townhall.sessions"].kw["bind"].dispose()


def expected(login: str, endpoint: str, code: str, way: str) -> set[int]:
    """The statuses that the table allows for somebody at a route of a township."""
    access = TABLE[endpoint]
    if access.kind == PUBLIC:
        return FINE | {401}
    if not login:
        return {401} if endpoint.startswith(("api.", "api_arranging.")) else {303}
    if access.kind == TOWN and not covers(login, code):
        return {404}
    role, held = EVERYBODY[login]
    if access.right is not None and not may(role.value, access.right):
        return {403}
    if access.level is not None and not held.ljust(6, "0").endswith("00"):
        return {403}
    if of_a_row(endpoint, way):
        return {404}
    # What one may open may still be refused for what is asked of it, by a rule of its own.
    return FINE | ({403} if endpoint == "life.step" else set())


def leaks(login: str, endpoint: str, answer: TestResponse) -> list[str]:
    """Canaries of centres that the reader must not see; the public pages show every centre to everybody."""
    if TABLE[endpoint].kind == PUBLIC:
        return []
    return sorted(code for code in shown(answer) if not covers(login, code))


def routes(app: Flask) -> list[tuple[str, str]]:
    return [
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def targets(login: str, endpoint: str, way: str) -> tuple[str, ...]:
    """Every township where one is in the address; elsewhere three foreign ones and, of the reader's own, the first."""
    own = [code for code in OPENED if covers(login, code)]
    foreign = tuple(code for code in OPENED if code not in own)
    if TABLE[endpoint].kind == TOWN:
        return TARGETS
    if way == "admin":
        return foreign[:3]
    # Where nothing of a township is asked with, the requests would all be the same one.
    return foreign[:1] if way == "path" and not ROW.match(endpoint) else (*own[:1], *foreign[:3])


def of_a_row(endpoint: str, way: str) -> bool:
    """Whether a request names one foreign account, role or unit by its number."""
    return bool(ROW.match(endpoint)) and (way == "admin" or endpoint.startswith("people."))


def plan(app: Flask, share: float) -> list[tuple[str, str, str, str, str]]:
    """Every combination, or a seeded share of them and always the rows of another prefecture.

    Those that end a sign-in are asked by nobody but strangers.
    """
    chance = random.Random(SEED)
    ends = {"signin.leave", "signin.password", "signin.enter_password"}
    made = [
        (login, endpoint, method, code, way)
        for login in (*EVERYBODY, "")
        for endpoint, method in routes(app)
        if not (login and endpoint in ends)
        for way in (*WAYS, *(["admin"] if endpoint.startswith("data") else ()))
        for code in targets(login, endpoint, way)
        if not (TABLE[endpoint].heavy and login and covers(login, code))
    ]
    return [
        one
        for one in made
        if chance.random() < share or (one[0] == "far-prefecture" and of_a_row(*one[1::3]))
    ]


@pytest.fixture
def host(request: pytest.FixtureRequest, pack: Pack, tmp_path: Any) -> Iterator[Host]:
    case = request.param
    copies = request.getfixturevalue("sqlite_copies" if case == "sqlite" else "postgresql_copies")
    url = copies.of("canaries", lambda url: settled(url, pack))
    with running(url, tmp_path, case) as made:
        yield made


def settled(url: str, pack: Pack) -> None:
    engine = create_engine_for(url)
    settle(sessionmaker(engine, expire_on_commit=False, info=scoped(HOST)), pack)
    engine.dispose()


def test_every_route_stands_in_the_table(site: Any) -> None:
    assert {endpoint for endpoint, _ in routes(site.app)} == set(TABLE)


@pytest.mark.parametrize("host", CASES, indirect=True)
def test_t1_t3_nothing_of_another_tenant_is_read_or_written_by_anybody(host: Host) -> None:
    asked = plan(host.app, 1.0 if SOAK else 0.005)
    before = host.state()
    wrong = []
    for login, endpoint, method, code, way in asked:
        answer = host.send(login, endpoint, method, code, way)
        found = leaks(login, endpoint, answer)
        if answer.status_code not in expected(login, endpoint, code, way) or found:
            wrong.append((login, endpoint, method, code, way, answer.status_code, found))
        answer.close()
    assert not wrong
    # Nobody who may edit was sent with a form that means anything, so no tenant changed at all.
    assert host.state() == before
    assert host.sent >= (20_000 if SOAK else 200)
    print(
        f"matrix: {host.sent} requests, {len(routes(host.app))} routes, {len(EVERYBODY) + 1} readers, "
        f"{len(TARGETS)} townships, {len(WAYS) + 1} places for ids: 0 leaks, 0 writes"
    )


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
    found = {
        (endpoint, code)
        for endpoint, method in routes(host.app)
        if TABLE[endpoint].kind == TOWN and method == "GET"
        for code in ((ABROAD,) if TABLE[endpoint].heavy else (SIBLING, FAR[0]))
        if not TABLE[endpoint].heavy or endpoint == "studio.pdf"
        if code in leaks("director", endpoint, host.send("director", endpoint, method, code, "path"))
    }
    # A page, JSON, a list of lines, an archive and a document.
    for endpoint in ("profile.show", "api.configuration", "history.export", "life.export"):
        assert {(endpoint, SIBLING), (endpoint, FAR[0])} <= found, endpoint
    assert ("studio.pdf", ABROAD) in found


@pytest.mark.parametrize("host", ["sqlite"], indirect=True)
def test_t7_the_matrix_notices_tables_that_are_open(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the plain tables: with everybody within reach, the ids of foreign accounts are answered."""
    from townhall.admin import people

    monkeypatch.setattr(people, "reach", lambda: HOST)
    for endpoint in (
        "data_accounts.details_view",
        "data_memberships.details_view",
        "data_accounts.edit_view",
    ):
        answer = host.send("far-prefecture", endpoint, "GET", HOME, "admin")
        assert answer.status_code not in expected("far-prefecture", endpoint, HOME, "admin")
        assert HOME in leaks("far-prefecture", endpoint, answer)
