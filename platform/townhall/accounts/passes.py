"""Links that work once: an invitation to join with a role, or a way back to an account whose password is lost."""

import datetime as dt
import secrets
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.accounts.models import Pass, Role, User
from townhall.accounts.operations import AccountRefused, create_user, set_password
from townhall.accounts.rights import LEVELS
from townhall.accounts.sessions import digest_of
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.tenancy import Scope
from townhall.units.models import Level, Unit
from townhall.units.succession import ended_fault

INVITATION, RESET = dt.timedelta(days=14), dt.timedelta(hours=24)
SPENT = "鏈接已失效：可能已用過、已過期或抄寫有誤。請聯繫發出鏈接的人重新發送"


class Purpose(StrEnum):
    """What a link is for; the value stands in its address."""

    JOIN = "join"
    RESET = "reset"

    def link(self, host: str, token: str) -> str:
        """The address to hand over, on a host such as `https://example.org`."""
        return f"{host.rstrip('/')}/{self.value}/{token}"


class PassSpent(AccountRefused):
    """A link that was used, has expired, was cancelled, or never was."""

    def __init__(self) -> None:
        super().__init__(SPENT)


def invite(session: Session, act: Act, role: Role, unit: Unit) -> str:
    """A token for one new account with a role in a unit. Raises `AccountRefused`."""
    if Level(unit.level) not in LEVELS[role]:
        raise AccountRefused(f"角色 {role.value} 不能設在{unit.name}這一級")
    if fault := ended_fault(session, unit.code):
        raise AccountRefused(fault)
    token = _issue(session, act, unit.code, INVITATION, role=role.value)
    record(session, act, unit.code, "account.invite", changes=[["", None, "role", None, role.value]])
    return token


def offer_reset(session: Session, act: Act, user: User, unit_id: str) -> str:
    """A token for setting the password of an account anew; the old password works until it is used.

    Links that were offered to the account before are worth nothing from now on.
    """
    for earlier in session.scalars(select(Pass).filter_by(user_id=user.id, used_at=None)):
        earlier.expires_at = min(earlier.expires_at, act.moment)
    token = _issue(session, act, unit_id, RESET, user_id=user.id)
    record(session, act, unit_id, "account.reset", path=user.login)
    return token


def valid(session: Session, token: str, moment: dt.datetime) -> Pass | None:
    """The pass of a token, while it can be used."""
    found = session.get(Pass, digest_of(token))
    return found if found and _good(session, found, moment) else None


def open_invitations(session: Session, scope: Scope, moment: dt.datetime) -> list[Pass]:
    """The invitations into units of a range that can still be accepted, by unit."""
    unused = select(Pass).where(Pass.role.is_not(None), Pass.used_at.is_(None), Pass.expires_at > moment)
    within = unused.where(Pass.unit_id.between(scope.first, scope.last))
    return list(session.scalars(within.order_by(Pass.unit_id, Pass.created_at)))


def cancel(session: Session, act: Act, found: Pass) -> None:
    """Make an invitation worth nothing: it went to the wrong person, or was lost on the way."""
    found.expires_at = min(found.expires_at, act.moment)
    session.flush()
    record(session, act, found.unit_id, "account.cancel", changes=[["", None, "role", found.role, None]])


def join(session: Session, act: Act, token: str, *, login: str, name: str, password: str) -> User:
    """Accept an invitation. Raises `PassSpent`, or `AccountRefused` for a bad login or password."""
    found = _taken(session, token, act.moment)
    if found.role is None:
        raise PassSpent
    user = create_user(
        session, act, login=login, name=name, role=Role(found.role), unit_id=found.unit_id, password=password
    )
    found.used_at = act.moment
    return user


def reset(session: Session, act: Act, token: str, password: str) -> User:
    """Set a password by a link. Raises `PassSpent`, or `AccountRefused` for a bad password."""
    found = _taken(session, token, act.moment)
    if found.user_id is None:
        raise PassSpent
    user = session.get_one(User, found.user_id)
    set_password(session, act, user, password)
    found.used_at = act.moment
    return user


def _taken(session: Session, token: str, moment: dt.datetime) -> Pass:
    """The pass of a token, held so that of two requests with one link the second finds it used."""
    found = session.get(Pass, digest_of(token), with_for_update=True)
    if found is None or not _good(session, found, moment):
        raise PassSpent
    return found


def _good(session: Session, found: Pass, moment: dt.datetime) -> bool:
    """Unused, in time, and not for an account that was closed since."""
    open_still = found.user_id is None or session.get_one(User, found.user_id).active
    return open_still and found.used_at is None and found.expires_at > moment


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
