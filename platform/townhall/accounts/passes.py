"""Links that work once: an invitation to join with a role, or a way back to an account whose password is lost."""

import datetime as dt
import secrets
from enum import StrEnum

from sqlalchemy.orm import Session

from townhall.accounts.models import Pass, Role, User
from townhall.accounts.operations import AccountRefused, create_user, set_password
from townhall.accounts.rights import LEVELS
from townhall.accounts.sessions import digest_of
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.units.models import Level, Unit

INVITATION, RESET = dt.timedelta(days=14), dt.timedelta(hours=24)
SPENT = "鏈接已失效：可能已用過、已過期或抄寫有誤。請聯繫發出鏈接的人重新發送"


class Purpose(StrEnum):
    JOIN = "join"
    RESET = "reset"


def invite(session: Session, act: Act, role: Role, unit: Unit) -> str:
    """A token for one new account with a role in a unit. Raises `AccountRefused`."""
    if Level(unit.level) not in LEVELS[role]:
        raise AccountRefused(f"角色 {role.value} 不能設在{unit.name}這一級")
    token = _issue(session, act, unit.code, INVITATION, role=role.value)
    record(session, act, unit.code, "account.invite", changes=[["", None, "role", None, role.value]])
    return token


def offer_reset(session: Session, act: Act, user: User, unit_id: str) -> str:
    """A token for setting the password of an account anew; the old password works until it is used."""
    token = _issue(session, act, unit_id, RESET, user_id=user.id)
    record(session, act, unit_id, "account.reset", path=user.login)
    return token


def valid(session: Session, token: str, moment: dt.datetime) -> Pass | None:
    """The pass of a token, while it can be used."""
    found = session.get(Pass, digest_of(token))
    return found if found and found.used_at is None and found.expires_at > moment else None


def join(session: Session, act: Act, token: str, *, login: str, name: str, password: str) -> User:
    """Accept an invitation. Raises `AccountRefused` for a spent link, or for a bad login, name or password."""
    found = valid(session, token, act.moment)
    if found is None or found.role is None:
        raise AccountRefused(SPENT)
    user = create_user(
        session, act, login=login, name=name, role=Role(found.role), unit_id=found.unit_id, password=password
    )
    found.used_at = act.moment
    return user


def reset(session: Session, act: Act, token: str, password: str) -> User:
    """Set a password by a link. Raises `AccountRefused` for a spent link or a bad password."""
    found = valid(session, token, act.moment)
    if found is None or found.user_id is None:
        raise AccountRefused(SPENT)
    user = session.get_one(User, found.user_id)
    set_password(session, act, user, password)
    found.used_at = act.moment
    return user


def _issue(
    session: Session,
    act: Act,
    unit_id: str,
    lasts: dt.timedelta,
    *,
    role: str | None = None,
    user_id: int | None = None,
) -> str:
    token = secrets.token_urlsafe(32)
    session.add(
        Pass(
            id=digest_of(token),
            user_id=user_id,
            role=role,
            unit_id=unit_id,
            created_at=act.moment,
            created_by=act.author,
            expires_at=act.moment + lasts,
        )
    )
    session.flush()
    return token
