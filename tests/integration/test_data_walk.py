"""Every route of the plain tables, for everybody, with own, foreign and nonsense ids.

The routes are read from the application: one that is added is walked without being named here.
"""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.fixtures.prefectures import FOREIGN_WORDS, HERE, THERE, Rows, State
from tests.fixtures.web import HOME, PEOPLE, Site
from townhall.admin.seen import digest_of
from townhall.web.guards import DECLARED

NONSENSE = [
    *("", "0", "1,2", "-1", "1.0", "9" * 30, "9" * 9, "x", "1 OR 1=1", "%00", "١", "../1", "522300000000"),
    *("1&id=2", "None", "[]", "{}", "1%27"),
]
QUERIES = [
    *("page=-1", "page=999999999999999999999999999999", "page=9999", "page=x", "sort=99", "sort=-1&desc=1"),
    *("sort=0&desc=x", "search=%25", "search=%00", "search=%27%22%3C", "search=" + "a" * 300, "page_size=0"),
    *("role=nothing", "active=2", "kind=%00", "_scheme=javascript", "_external=1&_anchor=x", "flt0_0=1"),
    *("url=https://example.com/", "_method=x", "endpoint=x", "filename=x"),
]
OF_ONE = re.compile("/(edit|details|delete|active)/$")
GONE = [
    *("export/csv/", "export/xlsx/", "export/nothing/", "ajax/lookup/?name=user", "ajax/lookup/?name=x"),
    *("ajax/update/", "action/", "static/x.js"),
]


def routes(site: Site) -> Iterator[tuple[str, str]]:
    """The rule and the method of everything below /data/."""
    for rule in site.app.url_map.iter_rules():
        if rule.rule.startswith("/data"):
            yield from ((rule.rule, method) for method in sorted({"GET", "POST"} & (rule.methods or set())))


def tables(site: Site) -> list[str]:
    return sorted({found[0] for rule, _ in routes(site) if (found := re.match(r"/data/\w+/", rule))})


def ask(client: FlaskClient, rule: str, method: str, key: str, form: dict[str, str]) -> TestResponse:
    address = f"{rule}?id={key}"
    answer = client.get(address) if method == "GET" else client.post(address, data=form)
    assert answer.status_code < 500, (method, address, answer.status_code)
    return answer


def forged(rows: Rows, login: str = "prefecture") -> dict[str, str]:
    """A form with everything that any of the forms has, and what must be seen of a row that is not the reader's."""
    theirs, unit, name = rows.stranger, THERE, "stranger（虛構）"
    if login == "stranger":
        theirs, unit, name = rows.director, HOME + "000", "director（虛構）"
    return {
        "name": "奪取",
        "account": str(theirs),
        "role": "auditor",
        "unit": unit,
        "seen": digest_of({"name": name, "active": True}),
        "date": "2026-10-01",
        "kind": "off",
        "source": "",
        "credit_code": "",
        "contact": "",
        "phone": "",
        "note": "",
    }


def foreign(rows: Rows, login: str) -> dict[str, str]:
    """By table, the key of a row that is not the reader's."""
    if login == "stranger":
        return {"accounts": str(rows.director), "memberships": str(rows.director_role), "units": HOME + "000"}
    return {"accounts": str(rows.stranger), "memberships": str(rows.stranger_role), "units": THERE}


def theirs(found: dict[str, list[str]], words: tuple[str, ...]) -> list[str]:
    """Every row that names somebody or something of the other prefecture; sign-ins come and go."""
    named = {table: rows for table, rows in found.items() if table != "login_session"}
    return [row for rows in named.values() for row in rows if any(word in row for word in words)]


@pytest.mark.parametrize("login", [*PEOPLE, "stranger"])
def test_nobody_reads_or_writes_what_is_not_theirs(site: Site, rows: Rows, state: State, login: str) -> None:
    words = ("director（", "5223") if login == "stranger" else FOREIGN_WORDS
    browser = site.browser(login)
    form = forged(rows, login) | {"csrf_token": browser.get("/account").token()}
    before = theirs(state(), words)
    assert before
    for rule, method in routes(site):
        key = foreign(rows, login).get(rule.split("/")[2], "1")
        answer = ask(browser.client, rule, method, key, form)
        text = answer.get_data(as_text=True).replace(f"id={key}", "")  # the address itself comes back
        assert not any(word in text for word in words), (rule, method, key)
        if rule.startswith(("/data/accounts/", "/data/memberships/", "/data/units/")) and OF_ONE.search(rule):
            assert answer.status_code in {403, 404}, (rule, method, key)
    assert theirs(state(), words) == before


@pytest.mark.parametrize("login", sorted(set(PEOPLE) - {"prefecture"}))
def test_without_the_right_everything_is_refused_and_nothing_written(
    site: Site, rows: Rows, state: State, login: str
) -> None:
    browser = site.browser(login)
    form = forged(rows) | {"csrf_token": browser.get("/account").token()}
    before = state()
    for rule, method in routes(site):
        for key in ("1", "x"):
            assert ask(browser.client, rule, method, key, form).status_code == 403, (rule, method)
    assert state() == before


def test_a_stranger_is_sent_to_the_sign_in_page(site: Site, rows: Rows, state: State) -> None:
    browser = site.browser()
    token = {"csrf_token": browser.get("/login").token()}
    before = state()
    for rule, method in routes(site):
        answer = ask(browser.client, rule, method, str(rows.director), forged(rows) | token)
        assert answer.status_code == 303, (rule, method)
        assert answer.headers["Location"].startswith("/login")
    assert state() == before


def test_nonsense_is_not_found_and_never_a_fault(site: Site, rows: Rows, state: State) -> None:
    """Sent with a token and a whole form, so that it is the id that is refused."""
    browser = site.browser("prefecture")
    form = forged(rows) | {"csrf_token": browser.get("/account").token(), "name": ""}
    before = state()
    for rule, method in routes(site):
        for key in NONSENSE:
            answer = ask(browser.client, rule, method, key, form)
            own = rule.startswith("/data/units/details") and key == HERE
            if OF_ONE.search(rule) and not own:
                assert answer.status_code == 404, (rule, method, key)
    assert state() == before


def test_odd_addresses_of_lists_are_answered_or_not_found(site: Site, rows: Rows) -> None:
    browser = site.browser("prefecture")
    assert rows
    for table in tables(site):
        for query in QUERIES:
            answer = browser.client.get(f"{table}?{query}")
            assert answer.status_code in {200, 404}, (table, query)
            assert not re.search("(href|action)=.[^>]*example.com", answer.get_data(as_text=True)), query


def test_what_is_not_offered_is_not_there(site: Site, rows: Rows) -> None:
    browser = site.browser("prefecture")
    token = {"csrf_token": browser.get("/account").token(), "list_form_pk": str(rows.director), "name": "x"}
    for table in ("/data/", *tables(site)):
        for path in GONE:
            assert browser.client.get(f"{table}{path}").status_code == 404
            assert browser.client.post(f"{table}{path}", data=token).status_code in {404, 405}


def test_no_form_is_taken_without_its_token(site: Site, rows: Rows, state: State) -> None:
    browser = site.browser("prefecture")
    before = state()
    for rule, method in routes(site):
        if method == "POST":
            assert ask(browser.client, rule, method, str(rows.director), forged(rows)).status_code == 400
    assert state() == before


def test_looking_writes_nothing(site: Site, rows: Rows, state: State) -> None:
    browser = site.browser("prefecture")
    before = state()
    keys = [str(key) for key in (rows.director, rows.director_role, rows.holiday, rows.supplier)]
    for rule, method in routes(site):
        if method == "GET":
            for key in (*keys, "522301001000"):
                ask(browser.client, rule, method, key, {})
    assert state() == before


def test_every_route_declares_the_right_that_guards_it(site: Site) -> None:
    declared = {
        rule.endpoint: getattr(site.app.view_functions[rule.endpoint], DECLARED, None)
        for rule in site.app.url_map.iter_rules()
        if rule.rule.startswith("/data")
    }
    assert len(declared) > 20
    for endpoint, right in declared.items():
        people = endpoint.startswith(("data_accounts.", "data_memberships."))
        assert right == ("accounts" if people else "libraries"), endpoint
