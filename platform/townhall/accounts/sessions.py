"""Sign-ins: begun with a token, proved by it, ended from either side at once."""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.accounts.models import LoginSession, Membership, User
from townhall.audit.act import Act

LONGEST = dt.timedelta(hours=12)
UNCONFIRMED = dt.timedelta(minutes=10)  # between the password and the second factor


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is there: the account, this sign-in and the role in use, which is None for somebody without any."""

    user: User
    session: LoginSession
    held: Membership | None

    def act(self, moment: dt.datetime, correlation: str, reason: str = "") -> Act:
        """Who does something, for the audit."""
        held = self.held
        return Act(
            self.user.login,
            self.user.name,
            held.role if held else "",
            held.unit_id if held else "",
            moment,
            reason,
            correlation,
        )


def start(
    session: Session,
    user: User,
    moment: dt.datetime,
    *,
    confirmed: bool,
    address: str = "",
    agent: str = "",
    provider_sid: str | None = None,
    id_token: str | None = None,
) -> tuple[str, LoginSession]:
    """A new sign-in and the token for its cookie, which is shown to nobody else and not kept."""
    token = secrets.token_urlsafe(32)
    first = min(user.memberships, key=lambda held: held.id, default=None)
    made = LoginSession(
        id=digest_of(token),
        user_id=user.id,
        membership_id=first.id if first else None,
        confirmed=confirmed,
        created_at=moment,
        expires_at=moment + (LONGEST if confirmed else UNCONFIRMED),
        address=address[:60],
        agent=agent[:200],
        provider_sid=provider_sid,
        id_token=id_token,
    )
    session.add(made)
    session.flush()
    return token, made


def find(session: Session, token: str, moment: dt.datetime) -> SignedIn | None:
    """Whose token it is, while the sign-in lives and the account is open; also before the second factor."""
    made = session.get(LoginSession, digest_of(token))
    if made is None or made.ended_at is not None or made.expires_at <= moment:
        return None
    user = session.get_one(User, made.user_id)
    held = {one.id: one for one in user.memberships}
    used = held.get(made.membership_id or 0) or min(user.memberships, key=lambda one: one.id, default=None)
    return SignedIn(user, made, used) if user.active else None


def end(made: LoginSession, moment: dt.datetime) -> None:
    """End one sign-in."""
    made.ended_at = made.ended_at or moment


def use(signed: SignedIn, membership_id: int) -> bool:
    """Take on another of one's own roles; False when it is not one's own."""
    if membership_id not in {held.id for held in signed.user.memberships}:
        return False
    signed.session.membership_id = membership_id
    return True


def running(session: Session, user: User, moment: dt.datetime) -> list[LoginSession]:
    """The living sign-ins of an account, newest first."""
    wanted = select(LoginSession).filter_by(user_id=user.id, ended_at=None, confirmed=True)
    alive = wanted.where(LoginSession.expires_at > moment)
    return list(session.scalars(alive.order_by(LoginSession.created_at.desc())))


def digest_of(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
