"""A provider with one fault at a time: every fault is refused, and nothing of it is kept (security, O1)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.fixtures.faults import CASES, GOOD, put
from tests.fixtures.hostile import SETTINGS, Fake, Fault, curve, key, signed
from tests.fixtures.web import Site
from townhall.accounts import tokens
from townhall.accounts.models import Identity, LoginSession, Membership, User
from townhall.accounts.tokens import TokenRefused
from townhall.cli.doctor import _provider as provider_examined
from townhall.config import Settings
from townhall.web import provider
from townhall.web.provider import EXTENSION

FOUR = (Identity, LoginSession, User, Membership)
Sites = Callable[..., Site]


@pytest.fixture
def site(new_site: Sites, fake: Fake) -> Site:
    return new_site(oidc_issuer=fake.issuer, **SETTINGS)


def attempt(site: Site, fake: Fake, fault: Fault) -> tuple[bool, int]:
    """Sign in with one fault; gives whether somebody is signed in then, and the last status."""
    fake.fault = Fault(**vars(fault))
    client = site.app.test_client()
    answer = client.get("/oidc/login")
    if answer.status_code == 302:
        brought = fake.authorize(answer.headers["Location"])
        if fault.between is not Fault.between:
            fault.between(fake)
            site.app.extensions[EXTENSION]._loaded = 0.0
        answer = client.get("/oidc/callback", query_string=brought)
    return client.get("/account").status_code == 200, answer.status_code


def counts(site: Site) -> list[int]:
    with site.sessions() as session:
        return [len(session.scalars(select(model)).all()) for model in FOUR]


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_refused_and_nothing_of_it_is_kept(site: Site, fake: Fake, name: str) -> None:
    before = counts(site)
    signed_in, status = attempt(site, fake, CASES[name])
    assert not signed_in
    assert status in {400, 502}
    assert counts(site) == before


@pytest.mark.parametrize("name", GOOD)
def test_what_is_right_is_accepted(site: Site, fake: Fake, name: str) -> None:
    assert attempt(site, fake, GOOD[name]) == (True, 303)


def test_there_are_as_many_cases_as_the_bar_asks_for() -> None:
    assert len(CASES) >= 50


def test_an_honest_sign_in_asks_for_each_thing_once(site: Site, fake: Fake) -> None:
    attempt(site, fake, Fault())
    assert fake.asked == ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"]


def test_another_key_is_taken_up_and_the_old_one_is_not_believed_any_more(site: Site, fake: Fake) -> None:
    assert attempt(site, fake, Fault()) == (True, 303)
    fake.key = key("two")
    assert attempt(site, fake, Fault()) == (True, 303)
    assert (
        attempt(site, fake, Fault(sign=lambda _f, h, c: signed(h | {"kid": "one"}, c, key("one"))))[0]
        is False
    )


def test_keys_that_move_to_another_place_are_found(site: Site, fake: Fake) -> None:
    assert attempt(site, fake, Fault()) == (True, 303)
    fake.key, fake.algorithm = curve(), "ES256"
    assert attempt(site, fake, Fault(metadata=put(jwks_uri=lambda own: f"{own}?v=2"))) == (True, 303)


# Without the check, its case goes through: the case tests the check and not something else.
PLANTED = {
    "userinfo about another": (provider, "judge_userinfo"),
    "`iss` of the answer is another": (provider, "judge_answer"),
    "`aud` with a stranger": (tokens, "judge_identity"),
    "`iat` of yesterday": (tokens, "judge_identity"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_without_its_check_a_case_goes_through(
    site: Site, fake: Fake, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*PLANTED[name], lambda *_: None)
    assert attempt(site, fake, CASES[name]) == (True, 303)


def test_the_doctor_asks_the_provider_and_looks_at_the_mapping(site: Site, fake: Fake) -> None:
    known = site.app.extensions["townhall.settings"]
    assert provider_examined(known).remedy is None
    wrong = {"a": {"role": "auditor", "unit": "999999"}}
    found = provider_examined(Settings(**(known.model_dump() | {"oidc_groups": wrong})))
    assert "999999000000" in found.finding
    assert found.remedy is not None
    fake.fault = CASES["metadata of another issuer"]
    with pytest.raises(TokenRefused):
        provider_examined(known)


@pytest.mark.parametrize(
    ("fault", "reached"),
    [
        (Fault(), "/end?"),
        (Fault(metadata=put(end_session_endpoint=None)), None),
        (Fault(metadata=put(end_session_endpoint="https://elsewhere.example/end")), None),
    ],
    ids=["its page", "no page", "a page elsewhere"],
)
def test_signing_out_leads_to_the_issuer_or_stays_here(
    site: Site, fake: Fake, fault: Fault, reached: str | None
) -> None:
    fake.fault = fault
    browser = site.browser()
    address = browser.client.get("/oidc/login").headers["Location"]
    browser.client.get("/oidc/callback", query_string=fake.authorize(address))
    token = browser.get("/account").token()
    left = browser.post("/logout", {"csrf_token": token}).response.headers["Location"]
    assert left.startswith(f"{fake.issuer}{reached}") if reached else left == "/login"
    browser.get("/account", 303)


def test_a_sign_in_by_password_is_not_led_to_the_provider(site: Site) -> None:
    browser = site.browser("director")
    token = browser.get("/account").token()
    assert browser.post("/logout", {"csrf_token": token}).response.headers["Location"] == "/login"
