"""What a sign-in is, how long it lives and whose it is, on both databases."""

import datetime as dt
import hashlib

import pytest
from sqlalchemy.orm import Session

from tests.fixtures.places import ABROAD, HOME
from tests.fixtures.standards import MOMENT
from townhall.accounts import sessions
from townhall.accounts.models import LoginSession, Role, User
from townhall.accounts.operations import create_user, grant_role, set_active
from townhall.accounts.sessions import SignedIn, end, find, running, start, use
from townhall.audit.act import Act, host_act

ACT = host_act("測試", MOMENT)
SECOND = dt.timedelta(seconds=1)


def made(session: Session, login: str, unit_id: str = HOME) -> User:
    return create_user(
        *(session, ACT),
        login=login,
        name=f"{login}（虛構）",
        role=Role.AUDITOR,
        unit_id=unit_id,
        password=None,
    )


@pytest.fixture
def user(session: Session, places: object) -> User:  # noqa: ARG001 - the units must be there
    """An auditor of two townships."""
    made_user = made(session, "lin")
    grant_role(session, ACT, made_user, Role.AUDITOR, ABROAD)
    return made_user


def held_in(signed: SignedIn | None) -> str | None:
    assert signed is not None
    return signed.held.unit_id if signed.held else None


def test_the_database_keeps_a_digest_of_the_token_and_what_was_said(session: Session, user: User) -> None:
    token, begun = start(
        *(session, user, MOMENT),
        confirmed=True,
        address="a" * 61,
        agent="b" * 201,
        provider_sid="sid",
        id_token="token",
    )
    assert begun.id == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) == 43  # 32 bytes
    assert (begun.user_id, begun.membership_id) == (user.id, user.memberships[0].id)
    assert (begun.created_at, begun.ended_at) == (MOMENT, None)
    assert (begun.address, begun.agent) == ("a" * 60, "b" * 200)
    assert (begun.provider_sid, begun.id_token) == ("sid", "token")
    assert session.get(LoginSession, begun.id) is begun


def test_a_sign_in_without_a_provider_says_nothing_of_one(session: Session, user: User) -> None:
    begun = start(session, user, MOMENT, confirmed=True)[1]
    assert (begun.address, begun.agent, begun.provider_sid, begun.id_token) == ("", "", None, None)


@pytest.mark.parametrize(
    ("confirmed", "lasts"), [(True, dt.timedelta(hours=12)), (False, dt.timedelta(minutes=10))]
)
def test_a_sign_in_lives_12_hours_and_10_minutes_before_the_second_factor(
    session: Session, user: User, confirmed: bool, lasts: dt.timedelta
) -> None:
    token, begun = start(session, user, MOMENT, confirmed=confirmed)
    found = find(session, token, MOMENT + lasts - SECOND)
    assert found == SignedIn(user, begun, user.memberships[0])
    assert found
    assert found.session.confirmed is confirmed
    assert find(session, token, MOMENT + lasts) is None


def test_another_token_finds_nobody(session: Session, user: User) -> None:
    token, _ = start(session, user, MOMENT, confirmed=True)
    for other in ("", token[:-1], token.upper(), sessions.digest_of(token)):
        assert find(session, other, MOMENT) is None


def test_a_sign_in_ends_once(session: Session, user: User) -> None:
    token, begun = start(session, user, MOMENT, confirmed=True)
    end(begun, MOMENT + SECOND)
    end(begun, MOMENT + 2 * SECOND)
    assert begun.ended_at == MOMENT + SECOND
    assert find(session, token, MOMENT) is None


def test_a_closed_account_is_nobody(session: Session, user: User) -> None:
    token, _ = start(session, user, MOMENT, confirmed=True)
    user.active = False
    assert find(session, token, MOMENT) is None
    set_active(session, ACT, user, True)
    assert find(session, token, MOMENT) is not None


def test_one_role_at_a_time_and_only_ones_own(session: Session, user: User) -> None:
    foreign = made(session, "wang").memberships[0]
    token, _ = start(session, user, MOMENT, confirmed=True)
    signed = find(session, token, MOMENT)
    assert signed
    assert held_in(signed) == HOME
    assert use(signed, foreign.id) is False
    assert held_in(find(session, token, MOMENT)) == HOME
    assert use(signed, user.memberships[1].id) is True
    assert held_in(find(session, token, MOMENT)) == ABROAD


def test_who_lost_the_role_in_use_falls_back_to_the_oldest(session: Session, user: User) -> None:
    token, begun = start(session, user, MOMENT, confirmed=True)
    begun.membership_id = None
    assert held_in(find(session, token, MOMENT)) == HOME
    user.memberships.reverse()
    assert held_in(find(session, token, MOMENT)) == HOME
    assert start(session, user, MOMENT, confirmed=True)[1].membership_id == user.memberships[1].id


def test_who_has_no_role_signs_in_and_holds_none(session: Session, user: User) -> None:
    user.memberships.clear()
    session.flush()
    token, begun = start(session, user, MOMENT, confirmed=True)
    signed = find(session, token, MOMENT)
    assert (begun.membership_id, held_in(signed)) == (None, None)
    assert signed
    assert signed.act(MOMENT, "c") == Act("lin", "lin（虛構）", "", "", MOMENT, "", "c")


def test_an_act_names_the_account_and_the_role_in_use(session: Session, user: User) -> None:
    token, _ = start(session, user, MOMENT, confirmed=True)
    signed = find(session, token, MOMENT)
    assert signed
    assert signed.act(MOMENT, "c", "查") == Act("lin", "lin（虛構）", "auditor", HOME, MOMENT, "查", "c")


def test_running_sign_ins_are_the_living_ones_newest_first(session: Session, user: User) -> None:
    begun = {
        name: start(session, who, MOMENT + after * SECOND, confirmed=confirmed)[1]
        for name, who, after, confirmed in (
            ("old", user, 0, True),
            ("ended", user, 1, True),
            ("half", user, 2, False),
            ("foreign", made(session, "wang"), 3, True),
            ("new", user, 4, True),
        )
    }
    end(begun["ended"], MOMENT)
    session.flush()
    later = MOMENT + 5 * SECOND
    assert running(session, user, later) == [begun["new"], begun["old"]]
    assert running(session, user, MOMENT + sessions.LONGEST) == [begun["new"]]
