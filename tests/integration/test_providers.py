"""Signing in, out, and out from there: the same tests against every provider (bar O2)."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import urljoin

import pytest
from sqlalchemy import select

from tests.fixtures.provider import Federated
from tests.fixtures.providers import NAMES, PATIENCE, Provider
from tests.fixtures.web import HOME, Site
from tests.integration.test_oidc import Visitor, altered
from townhall.accounts import federation
from townhall.accounts.federation import AUTHOR
from townhall.accounts.models import Identity, LoginSession, Membership
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken
from townhall.units.operations import full_code

everywhere = pytest.mark.parametrize("any_provider", NAMES, indirect=True)
TELLING = [name for name in NAMES if name != "oidc-provider-mock"]
telling = pytest.mark.parametrize("any_provider", TELLING, indirect=True)


@pytest.fixture
def visitor(federated_anywhere: Federated) -> Iterator[Visitor]:
    made = Visitor(federated_anywhere)
    yield made
    made.wire.close()


def callback(visitor: Visitor, provider: Provider) -> str:
    """Through the provider's pages; gives the address that leads back, not yet gone to."""
    away = visitor.get("/oidc/login")
    return provider.sign_in(visitor.wire, urljoin(away.url, away.headers["Location"]))


def enter(visitor: Visitor, provider: Provider) -> None:
    answer = visitor.get(callback(visitor, provider))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/"), answer.text


def soon(holds: Callable[[], bool]) -> bool:
    """Whether something comes true: a provider may tell of a sign-out when it has answered already."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return False


def alive(site: Site) -> int:
    with site.sessions() as session:
        return len(session.scalars(select(LoginSession).where(LoginSession.ended_at.is_(None))).all())


@everywhere
def test_somebody_in_a_mapped_group_signs_in_with_its_role(
    visitor: Visitor, any_provider: Provider, federated_anywhere: Federated
) -> None:
    enter(visitor, any_provider)
    assert visitor.get("/").headers["Location"] == f"/t/{HOME}/"
    with federated_anywhere.site.sessions() as session:
        known = session.scalars(select(Identity)).one()
        assert known.issuer == any_provider.issuer
        held = session.scalars(select(Membership).filter_by(user_id=known.user_id)).one()
        assert (held.role, held.unit_id, held.granted_by) == ("township_director", full_code(HOME), AUTHOR)
        assert held.user.name == "林（虛構）"
        assert broken(session, full_code(HOME)) is None


@everywhere
def test_the_second_sign_in_is_the_same_account(visitor: Visitor, any_provider: Provider) -> None:
    enter(visitor, any_provider)
    other = Visitor(visitor.federated)
    enter(other, any_provider)
    other.wire.close()
    with visitor.federated.site.sessions() as session:
        assert len(session.scalars(select(Identity)).all()) == 1


@everywhere
@pytest.mark.parametrize("name", ["state", "code"])
def test_an_altered_answer_is_refused(visitor: Visitor, any_provider: Provider, name: str) -> None:
    assert visitor.get(altered(callback(visitor, any_provider), **{name: "another"})).status_code == 400
    assert not visitor.signed_in()
    assert alive(visitor.federated.site) == 0


@everywhere
def test_a_code_works_once_and_in_its_own_browser_only(visitor: Visitor, any_provider: Provider) -> None:
    place, other = callback(visitor, any_provider), Visitor(visitor.federated)
    assert other.get(place).status_code == 400
    assert visitor.get(place).status_code == 303
    assert visitor.get(place).status_code == 400
    other.wire.close()


@everywhere
def test_another_nonce_than_ours_is_refused(visitor: Visitor, any_provider: Provider) -> None:
    away = visitor.get("/oidc/login")
    place = altered(urljoin(away.url, away.headers["Location"]), nonce="planted")
    assert visitor.get(any_provider.sign_in(visitor.wire, place)).status_code == 502
    assert not visitor.signed_in()


@everywhere
def test_signing_out_here_ends_it_and_leads_there_and_back(visitor: Visitor, any_provider: Provider) -> None:
    enter(visitor, any_provider)
    copied = Visitor(visitor.federated)
    copied.wire.cookies = visitor.wire.cookies.copy()
    leaving = visitor.sign_out()
    assert not copied.signed_in()
    copied.wire.close()
    assert alive(visitor.federated.site) == 0
    back = any_provider.leave(visitor.wire, leaving.headers["Location"])
    assert back.startswith(f"{visitor.federated.address}/login")


@telling
def test_signing_out_there_signs_out_here(visitor: Visitor, any_provider: Provider) -> None:
    enter(visitor, any_provider)
    assert visitor.signed_in()
    any_provider.leave_there(visitor.wire, visitor.federated.site)
    assert soon(lambda: not visitor.signed_in())
    with visitor.federated.site.sessions() as session:
        ended = session.scalars(select(AuditRecord).where(AuditRecord.action == "session.end")).one()
        assert ended.login == AUTHOR


@telling
def test_the_control_a_platform_that_ignores_logout_tokens_is_noticed(
    visitor: Visitor, any_provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(visitor, any_provider)
    told: list[object] = []
    monkeypatch.setattr(federation, "end_sessions", lambda *given: told.append(given))
    any_provider.leave_there(visitor.wire, visitor.federated.site)
    assert soon(lambda: bool(told))
    assert visitor.signed_in()
