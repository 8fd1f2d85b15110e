"""Logout tokens: a sound one ends what it names and nothing else, a faulty one ends nothing (security, O1)."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.fixtures.faults import LOGOUTS, put
from tests.fixtures.hostile import SETTINGS, Fake, Fault
from tests.fixtures.web import Site
from townhall.accounts import tokens
from townhall.accounts.models import SpentToken


@pytest.fixture
def site(new_site: Callable[..., Site], fake: Fake) -> Site:
    return new_site(oidc_issuer=fake.issuer, **SETTINGS)


def visitor(site: Site, fake: Fake, sid: str = "sid-1", subject: str = "subject-1") -> FlaskClient:
    """Somebody who is signed in through the provider."""
    fake.fault, fake.subject = Fault(claims=put(sid=sid)), subject
    client = site.app.test_client()
    address = client.get("/oidc/login").headers["Location"]
    assert client.get("/oidc/callback", query_string=fake.authorize(address)).status_code == 303
    return client


def send(site: Site, token: object) -> TestResponse:
    answer = site.app.test_client().post("/oidc/backchannel", data={"logout_token": token})
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


def ended(client: FlaskClient) -> bool:
    return client.get("/account").status_code != 200


@pytest.mark.parametrize("name", LOGOUTS)
def test_a_faulty_logout_token_is_refused_and_ends_nothing(site: Site, fake: Fake, name: str) -> None:
    client = visitor(site, fake)
    fake.fault = LOGOUTS[name]
    answer = send(site, fake.logout())
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_request"})
    assert not ended(client)
    with site.sessions() as session:
        assert session.scalars(select(SpentToken)).all() == []


# What the drafts of the specification did not ask for, and what tells one kind of token from another by them.
DRAFT = {"the type of an ID token", "no type", "`exp` missing"}


@pytest.mark.parametrize("name", LOGOUTS)
def test_where_drafts_are_taken_every_other_fault_is_still_refused(
    new_site: Callable[..., Site], fake: Fake, name: str
) -> None:
    site = new_site(oidc_issuer=fake.issuer, oidc_draft_logout=True, **SETTINGS)
    client = visitor(site, fake)
    fake.fault = LOGOUTS[name]
    assert send(site, fake.logout()).status_code == (200 if name in DRAFT else 400)
    assert ended(client) is (name in DRAFT)


def test_where_drafts_are_taken_a_token_works_once_and_an_id_token_never(
    new_site: Callable[..., Site], fake: Fake
) -> None:
    site = new_site(oidc_issuer=fake.issuer, oidc_draft_logout=True, **SETTINGS)
    client = visitor(site, fake)
    assert send(site, fake.identity("nonce", "access")).status_code == 400
    assert not ended(client)
    fake.fault = LOGOUTS["`exp` missing"]
    token = fake.logout()
    assert [send(site, token).status_code for _ in range(2)] == [200, 400]


def test_there_are_as_many_cases_as_the_bar_asks_for() -> None:
    assert len(LOGOUTS) >= 10


def test_a_sound_token_ends_the_sign_in_it_names(site: Site, fake: Fake) -> None:
    client, other = visitor(site, fake), visitor(site, fake, sid="sid-2")
    fake.fault = Fault()
    assert send(site, fake.logout()).status_code == 200
    assert (ended(client), ended(other)) == (True, False)


def test_a_token_for_a_person_ends_all_that_came_from_the_provider(site: Site, fake: Fake) -> None:
    clients = [visitor(site, fake), visitor(site, fake, sid="sid-2")]
    stranger, local = visitor(site, fake, "sid-3", "subject-2"), site.browser("director")
    fake.fault, fake.subject = Fault(claims=put(sid=None)), "subject-1"
    assert send(site, fake.logout()).status_code == 200
    assert [ended(client) for client in (*clients, stranger, local.client)] == [True, True, False, False]


def test_a_session_and_a_person_must_belong_together(site: Site, fake: Fake) -> None:
    client, stranger = visitor(site, fake), visitor(site, fake, "sid-2", "subject-2")
    fake.fault, fake.subject = Fault(claims=put(sid="sid-1")), "subject-2"
    assert send(site, fake.logout()).status_code == 200
    assert (ended(client), ended(stranger)) == (False, False)


def test_a_token_about_a_stranger_ends_nothing(site: Site, fake: Fake) -> None:
    client = visitor(site, fake)
    fake.fault, fake.subject = Fault(claims=put(sid=None)), "nobody"
    assert send(site, fake.logout()).status_code == 200
    assert not ended(client)


def test_a_token_works_once(site: Site, fake: Fake) -> None:
    client = visitor(site, fake)
    fake.fault = Fault()
    token = fake.logout()
    assert send(site, token).status_code == 200
    assert ended(client)
    again = visitor(site, fake)
    assert send(site, token).status_code == 400
    assert not ended(again)


def test_an_id_token_is_no_logout_token_and_the_other_way_round(site: Site, fake: Fake) -> None:
    client = visitor(site, fake)
    assert send(site, fake.identity("nonce", "access")).status_code == 400
    assert not ended(client)


@pytest.mark.parametrize("form", [{}, {"logout_token": ""}, {"token": "x"}], ids=str)
def test_no_token_is_refused(site: Site, form: dict[str, str]) -> None:
    answer = site.app.test_client().post("/oidc/backchannel", data=form)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")


def test_it_is_for_posting_only(site: Site) -> None:
    answer = site.app.test_client().get("/oidc/backchannel")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (405, "no-store")


@pytest.mark.parametrize("name", ["a nonce", "`iat` of yesterday", "`events` missing"])
def test_without_its_check_a_case_goes_through(
    site: Site, fake: Fake, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = visitor(site, fake)
    monkeypatch.setattr(tokens, "judge_logout", lambda *_: None)
    fake.fault = LOGOUTS[name]
    assert send(site, fake.logout()).status_code == 200
    assert ended(client)
