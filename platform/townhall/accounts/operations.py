"""Verbs on accounts and memberships. They write and flush; the edge commits."""

import re
import secrets
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.accounts.models import LoginSession, Membership, Role, User
from townhall.accounts.rights import LEVELS
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.units.models import Level, Unit
from townhall.units.succession import ended_fault

SHORTEST_PASSWORD = 8
LONGEST_NAME = 60
LONGEST_PASSWORD = 256  # argon2 would read more; nobody types it, and a flood of it costs time
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_HASHER = PasswordHasher()
# Verified when there is no such account, so that both faults take the same time.
_NOBODY = _HASHER.hash(secrets.token_urlsafe())


class AccountRefused(ValueError):
    """An account, a role or a password that cannot be accepted; the message says why in Chinese."""


def create_user(
    session: Session,
    act: Act,
    *,
    login: str,
    name: str,
    role: Role,
    unit_id: str,
    password: str | None,
    demonstration: bool = False,
    must_change: bool = False,
) -> User:
    """A new account with its first role; without a password it signs in through an identity provider only.

    Raises `AccountRefused` for a bad login, name, role or password, `LookupError` for no such unit.
    """
    if not LOGIN.fullmatch(login):
        raise AccountRefused("賬號須為 2 至 40 個小寫字母、數字或 . _ -，並以字母或數字開頭")
    if session.scalars(select(User.id).filter_by(login=login)).first() is not None:
        raise AccountRefused(f"賬號 {login} 已存在")
    user = User(
        login=login,
        name=(name.strip() or login)[:LONGEST_NAME],
        password_hash=None if password is None else hashed(password),
        must_change=must_change,
        active=True,
        demonstration=demonstration,
        created_at=act.moment,
    )
    session.add(user)
    grant_role(session, act, user, role, unit_id)
    return user


def grant_role(session: Session, act: Act, user: User, role: Role, unit_id: str) -> Membership:
    """Give an account a role in a unit; having it already is no fault. Raises `AccountRefused`, `LookupError`."""
    unit = session.get(Unit, unit_id)
    if unit is None:
        raise LookupError(f"沒有代碼為 {unit_id} 的單位")
    if Level(unit.level) not in LEVELS[role]:
        raise AccountRefused(f"角色 {role.value} 不能設在{unit.name}這一級")
    if fault := ended_fault(session, unit_id):
        raise AccountRefused(fault)
    held = next((one for one in user.memberships if (one.role, one.unit_id) == (role.value, unit_id)), None)
    if held is not None:
        return held
    held = Membership(role=role.value, unit_id=unit_id, granted_at=act.moment, granted_by=act.author)
    user.memberships.append(held)
    session.flush()
    record(
        session,
        act,
        unit_id,
        "account.grant",
        path=user.login,
        changes=[["", None, "role", None, role.value]],
    )
    return held


def withdraw_role(session: Session, act: Act, held: Membership) -> None:
    """Take a role away; all sign-ins of the account end, wherever their cookies are."""
    user, role, unit_id = held.user, held.role, held.unit_id
    login = user.login
    user.memberships.remove(held)
    end_sessions(session, user, act)
    record(session, act, unit_id, "account.withdraw", path=login, changes=[["", None, "role", role, None]])


def set_active(session: Session, act: Act, user: User, active: bool) -> None:
    """Open or close an account; closing it ends all its sessions."""
    if user.active == active:
        return
    user.active = active
    if not active:
        end_sessions(session, user, act)
    changes = [["", None, "active", not active, active]]
    record_of(session, act, user, "account.active", changes)


def rename(session: Session, act: Act, user: User, name: str) -> None:
    """Call the person of an account by another name. Raises `AccountRefused`."""
    known, wanted = user.name, name.strip()
    if wanted == known:
        return
    if not 1 <= len(wanted) <= LONGEST_NAME or not wanted.isprintable():
        raise AccountRefused("姓名或崗位須為 1 至 60 個字，且不含控制字符")
    user.name = wanted
    record_of(session, act, user, "account.name", [["", None, "name", known, wanted]])


def record_of(
    session: Session, act: Act, user: User, action: str, changes: Iterable[Iterable[object]] = ()
) -> None:
    """Record what happened to an account in the chain of every unit where it holds a role."""
    made = [list(change) for change in changes]
    for unit_id in sorted({held.unit_id for held in user.memberships}):
        record(session, act, unit_id, action, path=user.login, changes=made)


def authenticate(session: Session, login: str, password: str, *, demonstrations: bool) -> User | None:
    """The account of a login and its password, or None without saying which of them was wrong.

    `demonstrations` says whether accounts with published passwords are let in.
    """
    known = login.strip().lower()
    # What can be no login is not asked for: PostgreSQL refuses some texts outright.
    wanted = select(User).filter_by(login=known) if LOGIN.fullmatch(known) else None
    user = session.scalars(wanted).one_or_none() if wanted is not None else None
    right = matches((user and user.password_hash) or _NOBODY, password)
    if user is None or user.password_hash is None or not right or not _welcome(user, demonstrations):
        return None
    if _HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = _HASHER.hash(password)
    return user


def _welcome(user: User, demonstrations: bool) -> bool:
    return user.active and (demonstrations or not user.demonstration)


def change_password(session: Session, act: Act, user: User, old: str, new: str) -> None:
    """Set another password oneself; every session of the account ends. Raises `AccountRefused`."""
    if user.password_hash is None or not matches(user.password_hash, old):
        raise AccountRefused("原密碼不正確")
    if old == new:
        raise AccountRefused("新密碼不得與原密碼相同")
    set_password(session, act, user, new)


def set_password(session: Session, act: Act, user: User, new: str) -> None:
    """Set a password that was proved otherwise; every session of the account ends. Raises `AccountRefused`."""
    user.password_hash = hashed(new)
    user.must_change = False
    end_sessions(session, user, act)
    record_of(session, act, user, "account.password")


def end_sessions(session: Session, user: User, act: Act) -> None:
    """End every session of an account, wherever its cookies are."""
    running = select(LoginSession).filter_by(user_id=user.id, ended_at=None)
    for one in session.scalars(running):
        one.ended_at = act.moment
    session.flush()


def hashed(password: str) -> str:
    """The argon2id hash of a password of acceptable length. Raises `AccountRefused`."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountRefused(f"密碼須為 {SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD} 個字符")
    return _HASHER.hash(password)


def matches(digest: str, password: str) -> bool:
    """Whether a password is that of a hash."""
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _HASHER.verify(digest, password)
    except (VerificationError, InvalidHashError):  # a wrong password, or a hash that was broken
        return False
