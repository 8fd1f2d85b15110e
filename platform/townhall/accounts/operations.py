"""Verbs on accounts. They write and flush; the edge commits."""

import datetime as dt
import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from townhall.accounts.models import LEVELS, Role, User
from townhall.units.models import Level, Unit

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256  # argon2 would read more; nobody types it, and a flood of it costs time
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_HASHER = PasswordHasher()
# Verified when there is no such account, so that both faults take the same time.
_NOBODY = _HASHER.hash(secrets.token_urlsafe())


class AccountRefused(ValueError):
    """An account or a password that cannot be accepted; the message says why in Chinese."""


def create_user(
    session: Session,
    *,
    login: str,
    name: str,
    role: Role,
    unit_id: str,
    password: str,
    moment: dt.datetime,
    demonstration: bool = False,
) -> User:
    """A new account. Raises `AccountRefused` for a bad login, name or password, `LookupError` for no such unit."""
    if not _LOGIN.fullmatch(login):
        raise AccountRefused("賬號須為 2 至 40 個小寫字母、數字或 . _ -，並以字母或數字開頭")
    if session.scalars(select(User.id).filter_by(login=login)).first() is not None:
        raise AccountRefused(f"賬號 {login} 已存在")
    unit = session.get(Unit, unit_id)
    if unit is None:
        raise LookupError(f"沒有代碼為 {unit_id} 的單位")
    if LEVELS.get(role, unit.level) != unit.level:
        raise AccountRefused(f"角色 {role.value} 不能設在{unit.name}這一級")
    user = User(
        login=login,
        name=name.strip() or login,
        role=role.value,
        unit_id=unit_id,
        password_hash=_hashed(password),
        session_stamp=secrets.token_hex(16),
        active=True,
        demonstration=demonstration,
        created_at=moment,
    )
    session.add(user)
    session.flush()
    return user


def authenticate(session: Session, login: str, password: str, *, demonstrations: bool) -> User | None:
    """The account of a login and its password, or None without saying which of them was wrong.

    `demonstrations` says whether accounts with published passwords are let in.
    """
    known = login.strip().lower()
    # What can be no login is not asked for: PostgreSQL refuses some texts outright.
    wanted = select(User).filter_by(login=known) if _LOGIN.fullmatch(known) else None
    user = session.scalars(wanted).one_or_none() if wanted is not None else None
    right = _matches(user.password_hash if user else _NOBODY, password)
    if user is None or not right or not user.active or (user.demonstration and not demonstrations):
        return None
    if _HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = _HASHER.hash(password)
    return user


def change_password(session: Session, user: User, old: str, new: str) -> None:
    """Set another password; every older session of the account ends. Raises `AccountRefused`."""
    if not _matches(user.password_hash, old):
        raise AccountRefused("原密碼不正確")
    if old == new:
        raise AccountRefused("新密碼不得與原密碼相同")
    user.password_hash = _hashed(new)
    user.session_stamp = secrets.token_hex(16)
    session.flush()


def signed_in(session: Session, user_id: int, stamp: str) -> User | None:
    """The account of a running session, or None when it was closed or its password changed since."""
    user = session.get(User, user_id)
    return user if user and user.active and secrets.compare_digest(user.session_stamp, stamp) else None


def visible(held: Unit) -> ColumnElement[bool]:
    """The condition on `Unit` for the townships that somebody holding a unit sees: it and what is below."""
    if held.level == Level.PREFECTURE:
        return Unit.parent_code.in_(select(Unit.code).where(Unit.parent_code == held.code).scalar_subquery())
    return Unit.parent_code == held.code if held.level == Level.COUNTY else Unit.code == held.code


def everything() -> ColumnElement[bool]:
    """No condition: for pages that anybody may read."""
    return true()


def _hashed(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountRefused(f"密碼須為 {SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD} 個字符")
    return _HASHER.hash(password)


def _matches(digest: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _HASHER.verify(digest, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
