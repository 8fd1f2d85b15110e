"""Verbs on accounts. They write and flush; the edge commits."""

import datetime as dt
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.accounts.models import Role, User
from townhall.units.models import Unit

MINIMUM_LENGTH = 8

_hasher = PasswordHasher()
# Verified when there is no such account, so that both refusals take the same time.
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


class AccountRefused(LookupError):
    """An account that cannot be made as asked; the message says why in Chinese."""


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
    """Add an account. Raises `AccountRefused` for a taken name, an unknown unit or a short password."""
    if session.scalars(select(User).filter_by(login=login)).first() is not None:
        raise AccountRefused(f"賬號 {login} 已存在")
    if session.get(Unit, unit_id) is None:
        raise AccountRefused(f"沒有代碼為 {unit_id} 的單位")
    if len(password) < MINIMUM_LENGTH:
        raise AccountRefused(f"密碼至少 {MINIMUM_LENGTH} 個字符")
    user = User(
        login=login,
        name=name,
        role=role.value,
        unit_id=unit_id,
        password_hash=_hasher.hash(password),
        session_stamp=secrets.token_hex(16),
        active=True,
        demonstration=demonstration,
        created_at=moment,
    )
    session.add(user)
    session.flush()
    return user


def authenticate(session: Session, login: str, password: str) -> User | None:
    """The active account of that name and password, or None; it does not say which of the two was wrong."""
    user = session.scalars(select(User).filter_by(login=login)).first()
    matches = _verified(user.password_hash if user else _NOBODY, password)
    if user is None or not matches or not user.active:
        return None
    if _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = _hasher.hash(password)
    return user


def _verified(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
