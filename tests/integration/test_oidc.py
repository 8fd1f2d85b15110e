"""Signing in through a real provider: what goes through, what does not, and the ways out."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit

import pytest
import requests
from sqlalchemy import select

from tests.fixtures.provider import Federated
from tests.fixtures.web import HOME, Site
from townhall.accounts.federation import AUTHOR, provider_act
from townhall.accounts.models import Identity, LoginSession, Membership, Role, User
from townhall.accounts.operations import grant_role, set_active
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken
from townhall.clock import now
from townhall.units.operations import full_code

PASSWORDS = {"lin": "lin-2026", "wang": "wang-2026"}


class Visitor:
    """A browser without scripts, which follows redirects only as far as it is told."""

    def __init__(self, federated: Federated) -> None:
        self.federated = federated
        self.wire = requests.Session()

    def get(self, address: str) -> requests.Response:
        return self.wire.get(urljoin(self.federated.address, address), allow_redirects=False, timeout=20)

    def follow(self, answer: requests.Response, until: str) -> str:
        """Follow redirects; gives the first address that begins so, without going there."""
        for _ in range(10):
            address = urljoin(answer.url, answer.headers["Location"])
            if address.startswith(until):
                return address
            answer = self.get(address)
        raise AssertionError(f"never came to {until}")

    def callback(self, login: str) -> str:
        """Sign in at the provider; gives the address it leads back to, not yet gone to."""
        place = self.follow(self.get("/oidc/login"), f"{self.federated.issuer}/interaction/")
        form = {"login": login, "password": PASSWORDS[login]}
        answer = self.wire.post(place, data=form, allow_redirects=False, timeout=20)
        return self.follow(answer, f"{self.federated.address}/oidc/callback")

    def sign_in(self, login: str) -> requests.Response:
        return self.get(self.callback(login))

    def signed_in(self) -> bool:
        return self.get("/account").status_code == 200

    def sign_out(self) -> requests.Response:
        """Press the button of our own page; gives the redirect."""
        page = self.get("/account").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        address = f"{self.federated.address}/logout"
        return self.wire.post(address, data={"csrf_token": token[1]}, allow_redirects=False, timeout=20)

    def sign_out_there(self, address: str) -> requests.Response:
        """Confirm on the provider's page."""
        hidden = re.search(r'action="([^"]+)".*?name="xsrf" value="([^"]+)"', self.get(address).text)
        assert hidden is not None
        form = {"xsrf": hidden[2], "logout": "yes"}
        return self.wire.post(hidden[1], data=form, allow_redirects=False, timeout=20)


@pytest.fixture
def visitor(federated: Federated) -> Iterator[Visitor]:
    made = Visitor(federated)
    yield made
    made.wire.close()


@pytest.fixture
def other(federated: Federated) -> Iterator[Visitor]:
    """Somebody at another device."""
    made = Visitor(federated)
    yield made
    made.wire.close()


def held(site: Site, subject: str) -> set[tuple[str, str, str]]:
    with site.sessions() as session:
        wanted = select(Membership).join(Identity, Identity.user_id == Membership.user_id)
        rows = session.scalars(wanted.where(Identity.subject == subject))
        return {(one.role, one.unit_id, one.granted_by) for one in rows}


def actions(site: Site) -> list[str]:
    with site.sessions() as session:
        return list(session.scalars(select(AuditRecord.action).where(AuditRecord.login.like("%sso-lin%"))))


def sign_ins(site: Site) -> int:
    with site.sessions() as session:
        return len(session.scalars(select(LoginSession)).all())


def altered(address: str, **values: str | None) -> str:
    """An address with other parameters; None takes one away."""
    parts = urlsplit(address)
    given = {name: listed[0] for name, listed in parse_qs(parts.query).items()} | values
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return urlunsplit(parts._replace(query=query))


def test_somebody_in_a_mapped_group_signs_in_and_lands_on_the_own_page(
    visitor: Visitor, federated: Federated
) -> None:
    answer = visitor.sign_in("lin")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.get("/").headers["Location"] == f"/t/{HOME}/"
    assert held(federated.site, "lin") == {("township_director", full_code(HOME), AUTHOR)}
    assert actions(federated.site) == ["session.begin"]
    with federated.site.sessions() as session:
        user = session.scalars(select(User).filter_by(login="sso-lin")).one()
        assert (user.name, user.password_hash) == ("林（虛構）", None)
        assert broken(session, full_code(HOME)) is None


def test_the_sign_in_returns_to_the_page_that_asked_for_it_and_nowhere_else(visitor: Visitor) -> None:
    for asked, reached in ((f"/t/{HOME}/items", f"/t/{HOME}/items"), ("//evil.example/", "/")):
        place = visitor.get(f"/oidc/login?{urlencode({'next': asked})}")
        if "interaction" in (step := visitor.get(place.headers["Location"])).headers["Location"]:
            form = {"login": "lin", "password": PASSWORDS["lin"]}
            page = urljoin(step.url, step.headers["Location"])
            step = visitor.wire.post(page, data=form, allow_redirects=False, timeout=20)
        back = visitor.follow(step, f"{visitor.federated.address}/oidc/callback")
        assert visitor.get(back).headers["Location"] == reached


def test_the_second_sign_in_is_the_same_account(
    visitor: Visitor, other: Visitor, federated: Federated
) -> None:
    for one in (visitor, other):
        assert one.sign_in("lin").status_code == 303
    with federated.site.sessions() as session:
        assert len(session.scalars(select(Identity)).all()) == 1


def test_roles_follow_the_groups_and_what_was_granted_by_hand_stays(
    visitor: Visitor, other: Visitor, federated: Federated
) -> None:
    visitor.sign_in("lin")
    prefecture = full_code("522300")
    with federated.site.sessions.begin() as session:
        user = session.scalars(select(User).filter_by(login="sso-lin")).one()
        grant_role(session, host_act("zhou", now()), user, Role.AUDITOR, prefecture)
    federated.groups("lin", "printers", "visitors")
    assert other.sign_in("lin").status_code == 303
    assert held(federated.site, "lin") == {
        ("print_operator", prefecture, AUTHOR),
        ("auditor", prefecture, "zhou"),
    }
    with federated.site.sessions() as session:
        done = session.scalars(select(AuditRecord.action).where(AuditRecord.login == AUTHOR)).all()
        assert sorted(done) == ["account.grant", "account.grant", "account.withdraw"]
        assert broken(session, prefecture) is None


def test_somebody_without_a_mapped_group_is_told_so_and_leaves_no_trace(
    visitor: Visitor, federated: Federated
) -> None:
    answer = visitor.sign_in("wang")
    assert answer.status_code == 403
    assert "沒有對應本平台的角色" in answer.text
    assert not visitor.signed_in()
    with federated.site.sessions() as session:
        assert session.scalars(select(Identity)).all() == []


def test_who_loses_every_group_loses_the_roles_also_where_already_signed_in(
    visitor: Visitor, other: Visitor, federated: Federated
) -> None:
    visitor.sign_in("lin")
    federated.groups("lin", "visitors")
    assert other.sign_in("lin").status_code == 403
    assert held(federated.site, "lin") == set()
    assert not visitor.signed_in()


def test_a_closed_account_is_told_so(visitor: Visitor, other: Visitor, federated: Federated) -> None:
    visitor.sign_in("lin")
    with federated.site.sessions.begin() as session:
        user = session.scalars(select(User).filter_by(login="sso-lin")).one()
        set_active(session, provider_act(now()), user, False)
    answer = other.sign_in("lin")
    assert answer.status_code == 403
    assert "已停用" in answer.text
    assert not other.signed_in()
    assert not visitor.signed_in()


def test_a_wrong_password_at_the_provider_is_a_page_of_ours(visitor: Visitor, federated: Federated) -> None:
    place = visitor.follow(visitor.get("/oidc/login"), f"{federated.issuer}/interaction/")
    form = {"login": "lin", "password": "wrong"}  # pragma: allowlist secret
    answer = visitor.wire.post(place, data=form, allow_redirects=False, timeout=20)
    refused = visitor.get(visitor.follow(answer, f"{federated.address}/oidc/callback"))
    assert refused.status_code == 400
    assert "登錄沒有完成" in refused.text
    assert "wrong password" not in refused.text
    assert sign_ins(federated.site) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"state": "another"},
        {"state": None},
        {"code": "another"},
        {"code": None},
        {"error": "access_denied"},
    ],
    ids=str,
)
def test_an_altered_answer_is_refused(
    visitor: Visitor, federated: Federated, change: dict[str, str | None]
) -> None:
    assert visitor.get(altered(visitor.callback("lin"), **change)).status_code == 400
    assert not visitor.signed_in()
    assert sign_ins(federated.site) == 0


def test_another_nonce_than_ours_is_refused(visitor: Visitor, federated: Federated) -> None:
    answer = visitor.get("/oidc/login")
    answer.headers["Location"] = altered(answer.headers["Location"], nonce="planted")
    place = visitor.follow(answer, f"{federated.issuer}/interaction/")
    form = {"login": "lin", "password": PASSWORDS["lin"]}
    given = visitor.wire.post(place, data=form, allow_redirects=False, timeout=20)
    refused = visitor.get(visitor.follow(given, f"{federated.address}/oidc/callback"))
    assert refused.status_code == 502
    assert not visitor.signed_in()
    assert sign_ins(federated.site) == 0


def test_a_code_works_once(visitor: Visitor, federated: Federated) -> None:
    place = visitor.callback("lin")
    cookies = visitor.wire.cookies.copy()
    assert visitor.get(place).status_code == 303
    visitor.wire.cookies = cookies  # also for who kept the cookie from before
    assert visitor.get(place).status_code == 400
    assert not visitor.signed_in()
    assert sign_ins(federated.site) == 1


def test_a_code_is_worth_nothing_in_another_browser(
    visitor: Visitor, other: Visitor, federated: Federated
) -> None:
    place = visitor.callback("lin")
    assert other.get(place).status_code == 400
    other.get("/oidc/login")  # nor with an attempt of its own under way
    assert other.get(place).status_code == 400
    assert not other.signed_in()
    assert sign_ins(federated.site) == 0


def test_signing_out_here_signs_out_there(visitor: Visitor, federated: Federated) -> None:
    visitor.sign_in("lin")
    cookies = visitor.wire.cookies.copy()
    leaving = visitor.sign_out()
    assert leaving.headers["Location"].startswith(f"{federated.issuer}/session/end?")
    copied = Visitor(federated)
    copied.wire.cookies = cookies
    assert not copied.signed_in()
    copied.wire.close()
    back = visitor.sign_out_there(leaving.headers["Location"])
    assert back.headers["Location"].startswith(f"{federated.address}/login")
    # The provider asks for the password again.
    visitor.follow(visitor.get("/oidc/login"), f"{federated.issuer}/interaction/")


def test_signing_out_there_signs_out_here(visitor: Visitor, other: Visitor, federated: Federated) -> None:
    visitor.sign_in("lin")
    other.sign_in("lin")
    assert visitor.signed_in()
    visitor.sign_out_there(f"{federated.issuer}/session/end")
    assert not visitor.signed_in()
    assert other.signed_in()  # another device, another `sid`
    assert actions(federated.site).count("session.end") == 0
    with federated.site.sessions() as session:
        ended = session.scalars(select(AuditRecord).where(AuditRecord.action == "session.end")).one()
        assert (ended.login, ended.path) == (AUTHOR, "sso-lin")


def test_without_a_provider_there_is_no_button_and_no_page(site: Site) -> None:
    assert "統一身份認證" not in site.browser().get("/login").text
    for address in ("/oidc/login", "/oidc/callback?code=1&state=2"):
        site.browser().get(address, 404)
    assert site.app.test_client().post("/oidc/backchannel").status_code == 404
