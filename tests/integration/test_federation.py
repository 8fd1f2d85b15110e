"""Accounts from a provider, on both databases: who is who, what groups give and take, and what ends a sign-in."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.specs import Pack
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from townhall.accounts import sessions
from townhall.accounts.federation import (
    AUTHOR,
    Grant,
    Person,
    end_sessions,
    mapping_faults,
    provider_act,
    settle,
    spend,
)
from townhall.accounts.models import Identity, Role, User
from townhall.accounts.operations import AccountRefused, create_user, grant_role, set_active
from townhall.accounts.tokens import Notice
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken
from townhall.units.operations import ensure_units, full_code
from townhall.units.sheet import read_sheet

ISSUER = "https://login.example"
PREFECTURE, TOWNSHIP = full_code("522300"), full_code("522301001")
MAPPING = {
    "directors": Grant(Role.TOWNSHIP_DIRECTOR, TOWNSHIP),
    "auditors": Grant(Role.AUDITOR, PREFECTURE),
    "inspectors": Grant(Role.AUDITOR, PREFECTURE),
}
ACT = provider_act(MOMENT)


@pytest.fixture
def units(session: Session, pack: Pack) -> Session:
    """The session, with the prefecture's units in place."""
    ensure_units(session, pack.header, read_sheet(TOWNSHIPS).townships, "")
    return session


def person(*groups: str, subject: str = "1", handle: str = "lin", name: str = "林") -> Person:
    return Person(ISSUER, subject, handle, name, frozenset(groups))


def admitted(session: Session, someone: Person) -> User:
    user = settle(session, ACT, someone, MAPPING)
    assert user is not None
    return user


def roles(user: User) -> list[tuple[str, str]]:
    return [(one.role, one.granted_by) for one in user.memberships]


def test_a_stranger_without_a_mapped_group_gets_no_account(units: Session) -> None:
    assert settle(units, ACT, person("others"), MAPPING) is None
    assert units.scalars(select(User)).all() == []


def test_two_groups_that_give_the_same_role_give_it_once(units: Session) -> None:
    user = admitted(units, person("auditors", "inspectors"))
    assert roles(user) == [("auditor", AUTHOR)]
    admitted(units, person("inspectors"))
    assert roles(user) == [("auditor", AUTHOR)]


def test_what_is_granted_and_withdrawn_stands_in_the_audit_of_each_unit(units: Session) -> None:
    admitted(units, person("directors"))
    admitted(units, person("auditors"))
    done = units.execute(select(AuditRecord.unit_id, AuditRecord.action, AuditRecord.login, AuditRecord.path))
    assert sorted(map(tuple, done)) == [
        (PREFECTURE, "account.grant", AUTHOR, "sso-lin"),
        (TOWNSHIP, "account.grant", AUTHOR, "sso-lin"),
        (TOWNSHIP, "account.withdraw", AUTHOR, "sso-lin"),
    ]
    assert broken(units, PREFECTURE) is broken(units, TOWNSHIP) is None


@pytest.mark.parametrize("granter", ["zhou", "oidc-admin", "sso-oidc"])
def test_a_role_granted_by_hand_stays_whoever_granted_it(units: Session, granter: str) -> None:
    user = admitted(units, person("directors"))
    grant_role(units, host_act(granter, MOMENT), user, Role.AUDITOR, PREFECTURE)
    assert roles(admitted(units, person())) == [("auditor", granter)]


def test_the_same_subject_elsewhere_and_the_same_name_here_are_other_people(units: Session) -> None:
    local = host_act("測試", MOMENT)
    create_user(units, local, login="sso-lin", name="", role=Role.AUDITOR, unit_id=PREFECTURE, password=None)
    first = admitted(units, person("directors"))
    second = admitted(units, person("directors", subject="2"))
    abroad = admitted(units, Person("https://other.example", "1", "lin", "", frozenset({"directors"})))
    assert len({first.id, second.id, abroad.id}) == 3
    assert len({first.login, second.login, abroad.login, "sso-lin"}) == 4
    assert len(units.scalars(select(Identity)).all()) == 3


@pytest.mark.parametrize("handle", ["", "Lin Ye", "林", "../admin", "x" * 200])
def test_a_handle_that_is_no_login_gives_way_to_a_digest(units: Session, handle: str) -> None:
    user = admitted(units, person("directors", handle=handle, name="林\x00\n"))
    assert user.login.startswith("sso-")
    assert (len(user.login), user.name) == (36, "林")


def test_a_closed_account_is_left_as_it_is(units: Session) -> None:
    user = admitted(units, person("directors"))
    set_active(units, ACT, user, False)
    assert admitted(units, person("auditors")).active is False
    assert roles(user) == [("township_director", AUTHOR)]


def test_a_mapping_that_cannot_be_granted_is_refused_and_named(units: Session) -> None:
    wrong = {
        "level": Grant(Role.COUNTY_OFFICER, TOWNSHIP),
        "nowhere": Grant(Role.AUDITOR, full_code("999999")),
        "auditors": Grant(Role.AUDITOR, PREFECTURE),
    }
    with pytest.raises(AccountRefused), units.begin_nested():
        settle(units, ACT, person("level"), wrong)
    with pytest.raises(LookupError), units.begin_nested():
        settle(units, ACT, person("nowhere"), wrong)
    assert units.scalars(select(User)).all() == []
    assert [fault.split("：")[0] for fault in mapping_faults(units, wrong)] == [
        "組「level」",
        "組「nowhere」",
    ]


def test_a_logout_token_is_spent_once_and_forgotten_when_it_has_expired(units: Session) -> None:
    notice = Notice("jti", "1", None, MOMENT + dt.timedelta(minutes=2))
    assert spend(units, ISSUER, notice, MOMENT)
    assert not spend(units, ISSUER, notice, MOMENT)
    assert spend(units, "https://other.example", notice, MOMENT)
    assert spend(units, ISSUER, notice, MOMENT + dt.timedelta(minutes=10))


def test_a_notice_ends_what_came_from_the_provider_and_no_more(units: Session) -> None:
    user = admitted(units, person("directors"))
    kept = {"id_token": "token", "confirmed": True}
    _, first = sessions.start(units, user, MOMENT, provider_sid="a", **kept)  # type: ignore[arg-type]
    _, second = sessions.start(units, user, MOMENT, provider_sid="b", **kept)  # type: ignore[arg-type]
    _, local = sessions.start(units, user, MOMENT, confirmed=True)
    later = MOMENT + dt.timedelta(minutes=1)
    assert end_sessions(units, ISSUER, Notice("1", None, "a", later), ACT) == 1
    assert end_sessions(units, ISSUER, Notice("2", "another", "b", later), ACT) == 0
    assert end_sessions(units, "https://other.example", Notice("3", "1", None, later), ACT) == 0
    assert (first.ended_at, second.ended_at) == (MOMENT, None)
    assert end_sessions(units, ISSUER, Notice("4", "1", None, later), ACT) == 1
    assert (second.ended_at, local.ended_at) == (MOMENT, None)
