"""The second factor: which codes are taken, each of them once, and what is kept of them."""

import datetime as dt

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.specs import Pack
from tests.fixtures.standards import MOMENT
from townhall.accounts import second_factor
from townhall.accounts.models import RecoveryCode, Role, User
from townhall.accounts.operations import AccountRefused, create_user
from townhall.audit.act import Act, host_act
from townhall.audit.operations import broken, records
from townhall.units.operations import ensure_units

UNIT, PASSWORD = "522301000000", "一個夠長的口令 2026"
ACT = host_act("測試", MOMENT)


def later(seconds: float) -> Act:
    return host_act("測試", MOMENT + dt.timedelta(seconds=seconds))


def code_at(user: User, seconds: float) -> str:
    assert user.totp_secret
    return pyotp.TOTP(user.totp_secret).at(MOMENT + dt.timedelta(seconds=seconds))


@pytest.fixture
def user(session: Session, pack: Pack) -> User:
    ensure_units(session, pack.header, [], "")
    role = Role.COUNTY_OFFICER
    return create_user(session, ACT, login="officer", name="虛構", role=role, unit_id=UNIT, password=PASSWORD)


@pytest.fixture
def codes(session: Session, user: User) -> tuple[str, ...]:
    secret = second_factor.fresh_secret()
    return second_factor.switch_on(session, ACT, user, secret, pyotp.TOTP(secret).at(MOMENT))


def test_nothing_is_kept_before_a_right_code(session: Session, user: User) -> None:
    secret = second_factor.fresh_secret()
    wrong = f"{(int(pyotp.TOTP(secret).at(MOMENT)) + 1) % 1_000_000:06}"
    with pytest.raises(AccountRefused):
        second_factor.switch_on(session, ACT, user, secret, wrong)
    assert user.totp_secret is None
    assert second_factor.codes_left(session, user) == 0


@pytest.mark.usefixtures("codes")
def test_the_code_that_switched_it_on_does_not_sign_in(session: Session, user: User) -> None:
    assert not second_factor.accept(session, ACT, user, code_at(user, 0))


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize(("drift", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_codes_of_the_neighbouring_steps_are_taken(
    session: Session, user: User, drift: int, taken: bool
) -> None:
    act = later(600)
    assert second_factor.accept(session, act, user, code_at(user, 600 + drift)) is taken


@pytest.mark.usefixtures("codes")
def test_a_code_works_once_and_none_before_it_afterwards(session: Session, user: User) -> None:
    act = later(600)
    assert second_factor.accept(session, act, user, code_at(user, 600))
    assert not second_factor.accept(session, act, user, code_at(user, 600))
    assert not second_factor.accept(session, act, user, code_at(user, 570))
    assert second_factor.accept(session, later(630), user, code_at(user, 630))


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("entered", ["", "12345", "abcdef", "１２３４５６", "7" * 500, "\x00", "'--"])
def test_what_is_no_code_is_refused(session: Session, user: User, entered: str) -> None:
    assert not second_factor.accept(session, later(600), user, entered)


def test_ten_recovery_codes_work_once_each_however_they_are_typed(
    session: Session, user: User, codes: tuple[str, ...]
) -> None:
    assert len(set(codes)) == 10
    for code in codes:
        assert second_factor.accept(session, later(1), user, f" {code.upper().replace('-', ' ')} ")
        assert not second_factor.accept(session, later(2), user, code)
    assert second_factor.codes_left(session, user) == 0


def test_the_database_holds_digests_of_recovery_codes_only(
    session: Session, user: User, codes: tuple[str, ...]
) -> None:
    kept = session.scalars(select(RecoveryCode.digest).filter_by(user_id=user.id)).all()
    assert len(kept) == 10
    assert all(len(digest) == 64 for digest in kept)
    assert not {code.replace("-", "") for code in codes} & set(kept)


@pytest.mark.usefixtures("codes")
def test_it_is_not_switched_on_a_second_time(session: Session, user: User) -> None:
    secret, standing = second_factor.fresh_secret(), user.totp_secret
    with pytest.raises(AccountRefused):
        second_factor.switch_on(session, later(60), user, secret, pyotp.TOTP(secret).at(MOMENT))
    assert user.totp_secret == standing


def test_only_the_password_switches_it_off(session: Session, user: User, codes: tuple[str, ...]) -> None:
    with pytest.raises(AccountRefused):
        second_factor.switch_off(session, ACT, user, "不對的口令 1234")
    assert user.totp_secret
    second_factor.switch_off(session, ACT, user, PASSWORD)
    assert user.totp_secret is None
    assert second_factor.codes_left(session, user) == 0
    assert not second_factor.accept(session, later(1), user, codes[0])


def test_switching_and_the_use_of_paper_are_in_the_audit(
    session: Session, user: User, codes: tuple[str, ...]
) -> None:
    second_factor.accept(session, later(1), user, codes[0])
    second_factor.switch_off(session, later(2), user, PASSWORD)
    written = list(records(session, UNIT))
    actions = [one.action for one in written]
    assert actions[-3:] == ["account.second_factor", "account.recovery", "account.second_factor"]
    assert broken(session, UNIT) is None
    assert not any(code in str(one.changes) for one in written for code in codes)
