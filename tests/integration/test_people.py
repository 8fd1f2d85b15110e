"""Invitations, lost passwords and who is in charge of whom, on both databases."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.specs import Pack
from tests.fixtures.host import Host
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from townhall.accounts import passes, second_factor
from townhall.accounts.models import Membership, Role, User
from townhall.accounts.operations import (
    AccountRefused,
    authenticate,
    create_user,
    grant_role,
    set_active,
    withdraw_role,
)
from townhall.accounts.passes import PassSpent, Purpose
from townhall.accounts.people import Person, find_person, find_role, in_charge, may_withdraw, people
from townhall.audit.act import Act, host_act
from townhall.audit.operations import broken, records
from townhall.clock import now
from townhall.tenancy import HOST, Scope, scope_of, spanning
from townhall.units.models import Unit
from townhall.units.operations import ensure_units
from townhall.units.sheet import read_sheet

PREFECTURE, COUNTY, HOME, ABROAD = "522300000000", "522301000000", "522301001000", "522302001000"
PASSWORD, NEW = "一個夠長的口令 2026", "另一個夠長的口令 77"
ACT = host_act("測試", MOMENT)
Add = Callable[[str, Role, str], User]


def after(**passed: float) -> Act:
    return host_act("測試", MOMENT + dt.timedelta(**passed))


@pytest.fixture
def home(session: Session, pack: Pack) -> Unit:
    ensure_units(session, pack.header, read_sheet(TOWNSHIPS).townships, "")
    return session.get_one(Unit, HOME)


@pytest.fixture
def add(session: Session, home: Unit) -> Add:  # noqa: ARG001 - the units must be there
    def make(login: str, role: Role, unit_id: str) -> User:
        return create_user(
            session, ACT, login=login, name=login, role=role, unit_id=unit_id, password=PASSWORD
        )

    return make


def join(session: Session, token: str, act: Act = ACT, login: str = "newcomer") -> User:
    return passes.join(session, act, token, login=login, name="新人", password=PASSWORD)


def test_an_invitation_is_accepted_once_and_recorded(session: Session, home: Unit) -> None:
    token = passes.invite(session, ACT, Role.TOWNSHIP_DIRECTOR, home)
    user = join(session, token)
    assert [(held.role, held.unit_id) for held in user.memberships] == [("township_director", HOME)]
    with pytest.raises(PassSpent):
        join(session, token, login="second")
    assert [one.action for one in records(session, HOME)] == ["account.invite", "account.grant"]
    assert broken(session, HOME) is None


def test_a_refused_form_leaves_the_invitation_good(session: Session, home: Unit) -> None:
    token = passes.invite(session, ACT, Role.TOWNSHIP_DIRECTOR, home)
    with pytest.raises(AccountRefused):
        join(session, token, login="大寫不行")
    assert passes.valid(session, token, MOMENT)


@pytest.mark.parametrize(("days", "good"), [(13.9, True), (14, False)])
def test_an_invitation_is_good_for_14_days(session: Session, home: Unit, days: float, good: bool) -> None:
    token = passes.invite(session, ACT, Role.TOWNSHIP_DIRECTOR, home)
    assert (passes.valid(session, token, after(days=days).moment) is not None) is good


def test_open_invitations_are_those_of_the_range_that_still_work(session: Session, home: Unit) -> None:
    abroad = session.get_one(Unit, ABROAD)
    for unit in (home, home, home, abroad):
        passes.invite(session, ACT, Role.TOWNSHIP_DIRECTOR, unit)
    first, second, _ = passes.open_invitations(session, scope_of(HOME), MOMENT)
    passes.cancel(session, ACT, first)
    second.used_at = MOMENT
    session.flush()
    assert len(passes.open_invitations(session, scope_of(COUNTY), MOMENT)) == 1
    assert len(passes.open_invitations(session, HOST, MOMENT)) == 2
    assert passes.open_invitations(session, HOST, after(days=15).moment) == []


def test_a_reset_link_sets_the_password_once(session: Session, add: Add) -> None:
    user = add("director", Role.TOWNSHIP_DIRECTOR, HOME)
    token = passes.offer_reset(session, ACT, user, HOME)
    passes.reset(session, ACT, token, NEW)
    assert authenticate(session, "director", NEW, demonstrations=False)
    with pytest.raises(PassSpent):
        passes.reset(session, ACT, token, PASSWORD)


def test_a_reset_link_dies_with_a_newer_one_and_with_the_account(session: Session, add: Add) -> None:
    user = add("director", Role.TOWNSHIP_DIRECTOR, HOME)
    first, second = (passes.offer_reset(session, ACT, user, HOME) for _ in range(2))
    assert passes.valid(session, first, MOMENT) is None
    assert passes.valid(session, second, MOMENT)
    set_active(session, ACT, user, False)
    assert passes.valid(session, second, MOMENT) is None
    with pytest.raises(PassSpent):
        passes.reset(session, ACT, second, NEW)


def test_a_token_of_one_purpose_is_none_of_the_other(session: Session, home: Unit, add: Add) -> None:
    invitation = passes.invite(session, ACT, Role.TOWNSHIP_DIRECTOR, home)
    reset = passes.offer_reset(session, ACT, add("director", Role.TOWNSHIP_DIRECTOR, HOME), HOME)
    with pytest.raises(PassSpent):
        passes.reset(session, ACT, invitation, NEW)
    with pytest.raises(PassSpent):
        join(session, reset)


def test_a_link_stands_under_its_host() -> None:
    assert Purpose.JOIN.link("https://example.org/", "abc") == "https://example.org/join/abc"
    assert Purpose.RESET.link("https://example.org", "abc") == "https://example.org/reset/abc"


def test_people_are_those_with_roles_in_the_range(session: Session, add: Add) -> None:
    chief = add("chief", Role.PREFECTURE_ADMIN, PREFECTURE)
    officer = add("officer", Role.COUNTY_OFFICER, COUNTY)
    clerk = add("clerk", Role.WINDOW_CLERK, HOME)
    director = add("director", Role.TOWNSHIP_DIRECTOR, HOME)
    add("abroad", Role.TOWNSHIP_DIRECTOR, ABROAD)
    county = scope_of(COUNTY)
    assert [one.user for one in people(session, county)] == [officer, director, clerk]
    assert find_person(session, county, clerk.id)
    assert find_person(session, county, chief.id) is None
    assert find_person(session, county, 999_999) is None
    assert find_role(session, county, chief.memberships[0].id) is None


def test_roles_elsewhere_are_not_shown_and_take_the_account_out_of_reach(session: Session, add: Add) -> None:
    officer = add("officer", Role.COUNTY_OFFICER, COUNTY).memberships[0]
    clerk = add("clerk", Role.WINDOW_CLERK, HOME)
    assert in_charge(officer, seen(session, clerk, COUNTY))
    away = grant_role(session, ACT, clerk, Role.WINDOW_CLERK, ABROAD)
    person = seen(session, clerk, COUNTY)
    assert away not in person.held
    assert not in_charge(officer, person)
    withdraw_role(session, ACT, away)
    assert in_charge(officer, seen(session, clerk, COUNTY))


def seen(session: Session, user: User, code: str) -> Person:
    found = find_person(session, scope_of(code), user.id)
    assert found
    return found


@pytest.mark.parametrize(
    ("role", "unit", "charge"),
    [
        (Role.TOWNSHIP_DIRECTOR, HOME, True),
        (Role.BUDGET_APPROVER, COUNTY, True),
        (Role.COUNTY_OFFICER, COUNTY, False),
        (Role.AUDITOR, COUNTY, False),
    ],
)
def test_nobody_is_in_charge_of_a_role_that_is_not_theirs_to_give(
    session: Session, add: Add, role: Role, unit: str, charge: bool
) -> None:
    own = add("officer", Role.COUNTY_OFFICER, COUNTY).memberships[0]
    other = add("other", role, unit)
    assert in_charge(own, seen(session, other, COUNTY)) is charge
    assert may_withdraw(own, other.memberships[0]) is charge


def test_nobody_is_in_charge_of_oneself(session: Session, add: Add) -> None:
    chief = add("chief", Role.PREFECTURE_ADMIN, PREFECTURE)
    second = grant_role(session, ACT, chief, Role.AUDITOR, HOME)
    own: Membership = chief.memberships[0]
    assert not in_charge(own, seen(session, chief, PREFECTURE))
    assert not may_withdraw(own, second)


def test_a_range_spans_the_units_of_a_person() -> None:
    assert spanning([HOME]) == scope_of(HOME)
    assert spanning([ABROAD, HOME]) == Scope("522301001000", "522302001999")
    with pytest.raises(ValueError, match="empty"):
        spanning([])


def test_of_two_who_follow_one_link_at_once_one_joins(host: Host) -> None:
    with host.sessions.begin() as session:
        token = passes.invite(session, host_act("測試", now()), Role.TOWNSHIP_DIRECTOR, host.units[0])

    def follow(login: str) -> bool:
        try:
            with host.sessions.begin() as session:
                join(session, token, host_act(login, now()), login)
        except PassSpent:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(follow, ["one", "two", "three", "four"])) == [False, False, False, True]
    with host.sessions() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1


def test_of_two_who_type_one_code_at_once_one_enters(host: Host) -> None:
    secret, moment = second_factor.fresh_secret(), now()
    with host.sessions.begin() as session:
        act = host_act("測試", moment)
        role, unit = Role.TOWNSHIP_DIRECTOR, host.units[0].code
        user = create_user(
            session, act, login="director", name="x", role=role, unit_id=unit, password=PASSWORD
        )
        paper = second_factor.switch_on(session, act, user, secret, pyotp.TOTP(secret).at(moment))[0]
    later = moment + dt.timedelta(seconds=30)

    def enter(code: str) -> bool:
        with host.sessions.begin() as session:
            found = session.scalars(select(User)).one()
            return second_factor.accept(session, host_act("director", later), found, code)

    for code in (pyotp.TOTP(secret).at(later), paper):
        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(enter, [code] * 4)) == [False, False, False, True]
