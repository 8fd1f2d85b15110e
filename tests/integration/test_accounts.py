"""What accounts accept and refuse, in words, and what each verb on them leaves in the audit, on both databases."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from tests.fixtures.places import ABROAD, COUNTY, HOME
from tests.fixtures.standards import MOMENT
from townhall.accounts import operations, sessions
from townhall.accounts.models import LoginSession, Role, User
from townhall.accounts.operations import (
    AccountRefused,
    authenticate,
    change_password,
    create_user,
    grant_role,
    rename,
    set_active,
    set_password,
    withdraw_role,
)
from townhall.audit.act import Act
from townhall.audit.operations import records

PASSWORD, NEW = "一個夠長的口令 2026", "另一個夠長的口令 77"
ACT = Act("chen", "陳（虛構）", Role.COUNTY_OFFICER.value, COUNTY, MOMENT, "試", "c" * 32)


pytestmark = pytest.mark.usefixtures("places")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real argon2 with the least work: what a hash costs is not what these tests are about."""
    monkeypatch.setattr(operations, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def made(session: Session, **changed: Any) -> User:
    given: dict[str, Any] = {
        "login": "lin",
        "name": "林（虛構）",
        "role": Role.TOWNSHIP_DIRECTOR,
        "unit_id": HOME,
        "password": PASSWORD,
    }
    return create_user(session, ACT, **(given | changed))


def written(session: Session, unit_id: str = HOME) -> list[tuple[str, str, list[Any]]]:
    return [(one.action, one.path, one.changes) for one in records(session, unit_id)]


def refusal(*arguments: Any, verb: Any = made, **named: Any) -> str:
    with pytest.raises(AccountRefused) as refused:
        verb(*arguments, **named)
    return str(refused.value)


def test_a_new_account_is_what_was_said_and_nothing_more(session: Session) -> None:
    user = made(session)
    assert (user.login, user.name, user.created_at) == ("lin", "林（虛構）", MOMENT)
    assert (user.active, user.must_change, user.demonstration) == (True, False, False)
    (held,) = user.memberships
    assert (held.role, held.unit_id, held.granted_at) == ("township_director", HOME, MOMENT)
    assert held.granted_by == "chen 陳（虛構）"
    assert written(session) == [("account.grant", "lin", [["", None, "role", None, "township_director"]])]


def test_what_is_said_of_a_new_account_is_kept(session: Session) -> None:
    user = made(session, must_change=True, demonstration=True, password=None)
    assert (user.must_change, user.demonstration, user.password_hash) == (True, True, None)


@pytest.mark.parametrize("login", ["ab", "a1", "a.b-c_d", "1a", "a" * 40])
def test_a_login_of_2_to_40_signs_is_taken(session: Session, login: str) -> None:
    assert made(session, login=login).login == login


@pytest.mark.parametrize("login", ["", "a", "a" * 41, "Lin", ".ab", "_ab", "a b", "lin\n", "林"])
def test_any_other_login_is_refused(session: Session, login: str) -> None:
    expected = "賬號須為 2 至 40 個小寫字母、數字或 . _ -，並以字母或數字開頭"
    assert refusal(session, login=login) == expected


def test_a_login_is_given_once(session: Session) -> None:
    made(session)
    assert refusal(session, name="另一人") == "賬號 lin 已存在"


@pytest.mark.parametrize(
    ("name", "kept"), [(" 林 ", "林"), ("  ", "lin"), ("名" * 59 + "甲乙", "名" * 59 + "甲")]
)
def test_a_name_is_trimmed_and_an_empty_one_is_the_login(session: Session, name: str, kept: str) -> None:
    assert made(session, name=name).name == kept


@pytest.mark.parametrize(("length", "good"), [(7, False), (8, True), (256, True), (257, False)])
def test_a_password_has_8_to_256_characters(session: Session, length: int, good: bool) -> None:
    password = "密" * length
    if good:
        made(session, password=password)
        assert authenticate(session, "lin", password, demonstrations=False)
    else:
        assert refusal(session, password=password) == "密碼須為 8 至 256 個字符"


def test_a_role_is_held_in_a_unit_that_there_is_and_of_its_level(session: Session) -> None:
    with pytest.raises(LookupError, match="沒有代碼為 999999999999 的單位"):
        made(session, unit_id="999999999999")
    user = made(session, login="other")
    expected = "角色 township_director 不能設在興義市這一級"
    assert refusal(session, ACT, user, Role.TOWNSHIP_DIRECTOR, COUNTY, verb=grant_role) == expected


def test_a_role_is_granted_once_and_in_each_unit_apart(session: Session) -> None:
    user = made(session)
    assert grant_role(session, ACT, user, Role.TOWNSHIP_DIRECTOR, HOME) is user.memberships[0]
    assert len(written(session)) == 1
    grant_role(session, ACT, user, Role.TOWNSHIP_DIRECTOR, ABROAD)
    grant_role(session, ACT, user, Role.AUDITOR, HOME)
    assert [(held.role, held.unit_id) for held in user.memberships] == [
        *(("township_director", HOME), ("township_director", ABROAD), ("auditor", HOME))
    ]


def test_a_role_withdrawn_is_gone_and_recorded(session: Session) -> None:
    user = made(session)
    withdraw_role(session, ACT, user.memberships[0])
    assert user.memberships == []
    assert written(session)[1:] == [
        ("account.withdraw", "lin", [["", None, "role", "township_director", None]])
    ]


def test_what_happens_to_an_account_is_recorded_in_every_unit_of_its_roles(session: Session) -> None:
    user = made(session)
    grant_role(session, ACT, user, Role.AUDITOR, ABROAD)
    grant_role(session, ACT, user, Role.AUDITOR, HOME)
    set_active(session, ACT, user, False)
    expected = ("account.active", "lin", [["", None, "active", True, False]])
    assert [written(session, unit_id)[-1] for unit_id in (HOME, ABROAD)] == [expected, expected]
    assert [len(written(session, unit_id)) for unit_id in (HOME, ABROAD)] == [3, 2]


def test_an_account_that_is_open_already_is_not_opened(session: Session) -> None:
    user = made(session)
    set_active(session, ACT, user, True)
    assert len(written(session)) == 1
    set_active(session, ACT, user, False)
    set_active(session, ACT, user, True)
    assert user.active
    assert written(session)[-1] == ("account.active", "lin", [["", None, "active", False, True]])


def test_another_name_is_recorded_and_the_same_is_no_change(session: Session) -> None:
    user = made(session)
    rename(session, ACT, user, " 林（虛構） ")
    assert len(written(session)) == 1
    rename(session, ACT, user, " 名" + "字" * 59)
    assert user.name == "名" + "字" * 59
    assert written(session)[-1] == ("account.name", "lin", [["", None, "name", "林（虛構）", user.name]])


@pytest.mark.parametrize("name", ["", " ", "名" * 61, "名\x00字", "名\n字"])
def test_a_name_that_cannot_be_shown_is_refused(session: Session, name: str) -> None:
    user = made(session)
    assert refusal(session, ACT, user, name, verb=rename) == "姓名或崗位須為 1 至 60 個字，且不含控制字符"
    assert user.name == "林（虛構）"


def test_who_signs_in_types_login_and_password(session: Session) -> None:
    user = made(session)
    for login in ("lin", " LIN "):
        assert authenticate(session, login, PASSWORD, demonstrations=False) is user
    for login, password in (("lin", NEW), ("other", PASSWORD), ("l\x00n", PASSWORD), ("", ""), ("lin", "")):
        assert authenticate(session, login, password, demonstrations=True) is None


def test_who_has_no_password_does_not_sign_in_with_one(session: Session) -> None:
    made(session, password=None)
    assert authenticate(session, "lin", "", demonstrations=True) is None


def test_a_closed_account_is_not_let_in(session: Session) -> None:
    user = made(session)
    set_active(session, ACT, user, False)
    assert authenticate(session, "lin", PASSWORD, demonstrations=True) is None


def test_an_account_with_a_published_password_is_let_in_only_where_that_is_wanted(session: Session) -> None:
    user = made(session, demonstration=True)
    assert authenticate(session, "lin", PASSWORD, demonstrations=False) is None
    assert authenticate(session, "lin", PASSWORD, demonstrations=True) is user


def test_an_old_hash_is_made_anew_at_a_sign_in(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    user = made(session)
    old = user.password_hash
    authenticate(session, "lin", PASSWORD, demonstrations=False)
    assert user.password_hash == old
    monkeypatch.setattr(operations, "_HASHER", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    assert authenticate(session, "lin", NEW, demonstrations=False) is None
    assert user.password_hash == old
    assert authenticate(session, "lin", PASSWORD, demonstrations=False) is user
    assert user.password_hash != old
    assert operations.matches(user.password_hash or "", PASSWORD)


def test_nobody_knows_whether_a_login_exists_from_what_is_verified(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash of nobody costs what any hash costs."""
    verified: list[str] = []
    monkeypatch.setattr(operations, "matches", lambda digest, _password: verified.append(digest) or True)
    made(session, login="bare", password=None)
    for login in ("nobody", "bare"):
        assert authenticate(session, login, PASSWORD, demonstrations=True) is None
    assert [digest.split("$")[1] for digest in verified] == ["argon2id", "argon2id"]


@pytest.mark.parametrize("digest", ["", "plain", "$argon2id$broken"])
def test_what_is_no_hash_matches_nothing(digest: str) -> None:
    assert operations.matches(digest, PASSWORD) is False


def test_a_longer_password_than_any_is_not_even_verified(session: Session) -> None:
    longest = "密" * 256
    digest = made(session, password=longest).password_hash or ""
    assert operations.matches(digest, longest) is True
    assert operations.matches(operations._HASHER.hash(longest + "密"), longest + "密") is False


def running(session: Session, user: User) -> LoginSession:
    return sessions.start(session, user, MOMENT, confirmed=True)[1]


def test_a_new_password_ends_every_session_and_is_recorded(session: Session) -> None:
    user = made(session, must_change=True)
    other = made(session, login="other")
    mine, before, theirs = running(session, user), running(session, user), running(session, other)
    sessions.end(before, MOMENT - dt.timedelta(hours=1))
    act = dataclasses.replace(ACT, moment=MOMENT + dt.timedelta(minutes=1))
    set_password(session, act, user, NEW)
    session.expire_all()
    assert [one.ended_at for one in (mine, before, theirs)] == [
        *(act.moment, MOMENT - dt.timedelta(hours=1), None)
    ]
    assert user.must_change is False
    assert authenticate(session, "lin", NEW, demonstrations=False) is user
    assert written(session)[-1] == ("account.password", "lin", [])


def test_closing_an_account_ends_its_sessions_and_opening_it_none(session: Session) -> None:
    user = made(session)
    closed = running(session, user)
    set_active(session, ACT, user, False)
    assert closed.ended_at == MOMENT
    opened = running(session, user)
    set_active(session, ACT, user, True)
    session.refresh(opened)
    assert opened.ended_at is None


def test_who_changes_the_password_knows_the_old_one_and_takes_another(session: Session) -> None:
    user = made(session)
    assert refusal(session, ACT, user, NEW, NEW, verb=change_password) == "原密碼不正確"
    assert refusal(session, ACT, user, PASSWORD, PASSWORD, verb=change_password) == "新密碼不得與原密碼相同"
    change_password(session, ACT, user, PASSWORD, NEW)
    assert authenticate(session, "lin", NEW, demonstrations=False) is user
    bare = made(session, login="bare", password=None)
    assert refusal(session, ACT, bare, "", NEW, verb=change_password) == "原密碼不正確"
